// Tokens to HTML. Every top-level token gives exactly one element (a definition none).
import { Parser } from "marked";

import { marked } from "./parse.js";
import { safeImage, safeLink } from "./safe.js";

const ESCAPES = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };
// Of a fence that is still open, and of indented code, blank lines at the end mean nothing.
const CLOSED = /\n {0,3}(?:`{3,}|~{3,})[ \t]*\n*$/;

export function escape(text) {
  return String(text).replace(/[&<>"']/g, (char) => ESCAPES[char]);
}

/** The language's name as the fence gives it, fit for showing and for looking up. */
export function languageOf(info) {
  return /^[\w+#.-]{1,30}/.exec(info ?? "")?.[0].toLowerCase() ?? "";
}

export function codeHtml(text, info) {
  const lang = languageOf(info);
  return (
    `<div class="lu-md-code"><div class="lu-md-code-head"><span class="lu-md-code-lang">${escape(lang)}</span>` +
    '<button type="button" class="lu-md-copy"></button></div>' +
    `<pre tabindex="0"><code data-lang="${escape(lang)}">${escape(text)}</code></pre></div>`
  );
}

export function mathHtml({ text, display }, tag) {
  const tex = escape(text);
  return `<${tag} class="lu-md-math" data-display="${display ? 1 : 0}" data-tex="${tex}">${tex}</${tag}>`;
}

function cellHtml(cell, inner) {
  const tag = cell.header ? "th" : "td";
  const align = cell.align ? ` class="lu-md-${cell.align}"` : "";
  return `<${tag}${align}>${inner}</${tag}>`;
}

function title(text) {
  return text ? ` title="${escape(text)}"` : "";
}

// The words of a task are what its box is called.
function labelled(html) {
  if (!html.startsWith("<p><input")) return html;
  const end = html.indexOf("</p>");
  return `<p><label>${html.slice(3, end)}</label>${html.slice(end)}`;
}

// An item's text is always a paragraph, whether the list is tight or loose: a
// list that turns loose while it grows then changes one class and nothing inside.
function itemHtml(parser, item) {
  let box = "";
  const tokens = [];
  for (const token of item.tokens) {
    if (token.type === "checkbox") box = parser.renderer.checkbox(token);
    else tokens.push(token.type === "text" ? { ...token, type: "paragraph" } : token);
  }
  const inner = parser.parse(tokens);
  const task = item.task ? ' class="lu-md-task"' : "";
  return `<li${task}>${labelled(box && inner.startsWith("<p>") ? `<p>${box}${inner.slice(3)}` : box + inner)}</li>`;
}

marked.use({
  extensions: [
    { name: "math", renderer: (token) => mathHtml(token, "span") },
    { name: "mathBlock", renderer: (token) => mathHtml(token, "div") },
  ],
  renderer: {
    code: ({ raw, text, lang }) => codeHtml(CLOSED.test(raw) ? text : text.replace(/\n+$/, ""), lang),
    list(token) {
      const tag = token.ordered ? "ol" : "ul";
      const start = token.ordered && token.start !== 1 ? ` start="${Number(token.start)}"` : "";
      const loose = token.loose ? ' class="lu-md-loose"' : "";
      const items = token.items.map((item) => itemHtml(this.parser, item)).join("");
      return `<${tag}${start}${loose}>${items}</${tag}>`;
    },
    checkbox: ({ checked }) => `<input type="checkbox" disabled${checked ? " checked" : ""}> `,
    table(token) {
      const row = (cells) =>
        `<tr>${cells.map((cell) => cellHtml(cell, this.parser.parseInline(cell.tokens))).join("")}</tr>`;
      return (
        `<div class="lu-md-table" tabindex="0"><table><thead>${row(token.header)}</thead>` +
        `<tbody>${token.rows.map(row).join("")}</tbody></table></div>`
      );
    },
    // These say what marked's own do, without the line break behind each element.
    hr: () => "<hr>",
    blockquote(token) {
      return `<blockquote>${this.parser.parse(token.tokens)}</blockquote>`;
    },
    heading(token) {
      return `<h${token.depth}>${this.parser.parseInline(token.tokens)}</h${token.depth}>`;
    },
    paragraph(token) {
      return `<p>${this.parser.parseInline(token.tokens)}</p>`;
    },
    codespan: ({ text }) => `<code>${escape(text)}</code>`,
    link(token) {
      const inner = this.parser.parseInline(token.tokens);
      const href = safeLink(token.href);
      if (!href) return inner;
      const how = 'rel="noopener noreferrer nofollow" target="_blank"';
      return `<a href="${escape(href)}" ${how}${title(token.title)}>${inner}</a>`;
    },
    image({ href, title: hint, text }) {
      const image = safeImage(href);
      const alt = escape(text);
      if (!image) return alt;
      if (image.src) return `<img src="${image.src}" alt="${alt}"${title(hint)} loading="lazy">`;
      return (
        `<button type="button" class="lu-md-img" data-src="${escape(image.ask)}">` +
        `<span class="lu-md-img-host">${escape(image.host)}</span>` +
        `<span class="lu-md-img-alt">${alt}</span></button>`
      );
    },
  },
});

export function toHtml(tokens) {
  return Parser.parse(tokens, marked.defaults);
}
