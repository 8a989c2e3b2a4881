// Tokens to HTML. Every top-level token gives exactly one element (a definition none).
import { Parser } from "marked";

import { marked } from "./parse.js";
import { safeImage, safeLink } from "./safe.js";

/** @type {Record<string, string>} */
const ESCAPES = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };
// Of a fence that is still open, and of indented code, blank lines at the end mean nothing.
const CLOSED = /\n {0,3}(?:`{3,}|~{3,})[ \t]*\n*$/;
// What ends the last line is left out, as in a block that grows; marked keeps it behind blank ones.
/**
 * @param {string} raw
 * @param {string} text
 */
const linesOf = (raw, text) => text.replace(CLOSED.test(raw) ? /\n$/ : /\n+$/, "");

/** @param {unknown} text */
export function escape(text) {
  return String(text).replace(/[&<>"']/g, (char) => ESCAPES[char]);
}

/**
 * The file's name if the fence gives one, as in "py title=app.py", else "".
 *
 * @param {string} [info]
 */
function fileOf(info) {
  return /(?:^|[\s:="'])([\w-][\w.-]{0,60}\.\w{1,8})(?=["'\s]|$)/.exec(info ?? "")?.[1] ?? "";
}

/**
 * The language's name as the fence gives it, fit for showing and for looking up.
 *
 * @param {string} [info]
 */
export function languageOf(info) {
  return /^[\w+#.-]{1,30}/.exec(info ?? "")?.[0].toLowerCase() ?? "";
}

const FROM_RIGHT =
  /[\p{Script=Hebrew}\p{Script=Arabic}\p{Script=Syriac}\p{Script=Thaana}\p{Script=Nko}\p{Script=Adlam}]/u;
// What is the same in every script says nothing about the direction of a text.
const NEUTRAL = /`+[^`]*`+|https?:\/\/\S+|<[^>]*>|\$[^$\n]*\$|\\\([\s\S]*?\\\)/g;

// Said by us and not by `dir="auto"`: browsers do not look again when a text below it grows.
/** @param {{ raw: string }} token */
function direction({ raw }) {
  if (!FROM_RIGHT.test(raw)) return "";
  const first = /\p{L}/u.exec(raw.slice(0, 4000).replace(NEUTRAL, ""))?.[0];
  return first && FROM_RIGHT.test(first) ? ' dir="rtl"' : "";
}

/**
 * @param {string} text
 * @param {string} [info]
 */
export function codeHtml(text, info) {
  const lang = languageOf(info);
  const file = fileOf(info);
  const named = file ? ` data-name="${escape(file)}"` : "";
  return (
    `<div class="lu-md-code"${named}><div class="lu-md-code-head">` +
    `<span class="lu-md-code-lang">${escape(file || lang)}</span>` +
    '<button type="button" class="lu-md-fold"></button><button type="button" class="lu-md-wrap"></button>' +
    '<button type="button" class="lu-md-save"></button><button type="button" class="lu-md-copy"></button></div>' +
    `<pre tabindex="0"><code data-lang="${escape(lang)}">${escape(text)}</code></pre></div>`
  );
}

/**
 * @param {Lu.Token} token
 * @param {string} tag
 */
export function mathHtml({ text, display }, tag) {
  const tex = escape(text);
  return `<${tag} class="lu-md-math" data-display="${display ? 1 : 0}" data-tex="${tex}">${tex}</${tag}>`;
}

/**
 * @param {import("marked").Tokens.TableCell} cell
 * @param {string} inner
 */
function cellHtml(cell, inner) {
  const tag = cell.header ? "th" : "td";
  const align = cell.align ? ` class="lu-md-${cell.align}"` : "";
  return `<${tag}${align}>${inner}</${tag}>`;
}

// The reader's own name for a summary that the model left out is the browser's.
/**
 * @param {Parser} parser
 * @param {Lu.Token} token
 */
function detailsHtml(parser, { open, summary, tokens }) {
  const head = summary ? `<summary>${parser.parseInline(summary)}</summary>` : "";
  return `<details class="lu-md-details"${open ? " open" : ""}>${head}${parser.parse(tokens)}</details>`;
}

/**
 * @param {Parser} parser
 * @param {Lu.Token} token
 */
function noteHtml(parser, token) {
  const label = escape(token.name);
  const inner = `<sup>${label}</sup><div>${parser.parse(token.tokens)}</div>`;
  return `<div class="lu-md-note" data-note="${label}"${direction(token)}>${inner}</div>`;
}

/** @param {Lu.Token} token */
function referenceHtml({ name }) {
  const label = escape(name);
  return `<sup><button type="button" class="lu-md-ref" data-note="${label}">${label}</button></sup>`;
}

/** @param {string | null} [text] */
function title(text) {
  return text ? ` title="${escape(text)}"` : "";
}

/** @param {{ checked: boolean }} token */
const boxHtml = ({ checked }) => `<input type="checkbox" disabled${checked ? " checked" : ""}> `;

// The words of a task are what its box is called.
/** @param {string} html */
function labelled(html) {
  if (!html.startsWith("<p><input")) return html;
  const end = html.indexOf("</p>");
  return `<p><label>${html.slice(3, end)}</label>${html.slice(end)}`;
}

// An item's text is always a paragraph, whether the list is tight or loose: a
// list that turns loose while it grows then changes one class and nothing inside.
/**
 * @param {Parser} parser
 * @param {Lu.Token} item
 */
function itemHtml(parser, item) {
  let box = "";
  const tokens = [];
  for (const token of item.tokens) {
    if (token.type === "checkbox")
      box = boxHtml(/** @type {import("marked").Tokens.Checkbox} */ (token));
    else tokens.push(token.type === "text" ? { ...token, type: "paragraph" } : token);
  }
  const inner = parser.parse(tokens);
  const task = item.task ? ' class="lu-md-task"' : "";
  return `<li${task}${direction(item)}>${labelled(box && inner.startsWith("<p>") ? `<p>${box}${inner.slice(3)}` : box + inner)}</li>`;
}

marked.use({
  extensions: [
    { name: "math", renderer: (token) => mathHtml(token, "span") },
    { name: "mathBlock", renderer: (token) => mathHtml(token, "div") },
    {
      name: "luTag",
      renderer({ tag, tokens = [] }) {
        return `<${tag}>${this.parser.parseInline(tokens)}</${tag}>`;
      },
    },
    {
      name: "luDetails",
      renderer(token) {
        return detailsHtml(this.parser, token);
      },
    },
    {
      name: "luNote",
      renderer(token) {
        return noteHtml(this.parser, token);
      },
    },
    { name: "luReference", renderer: referenceHtml },
  ],
  renderer: {
    code: ({ raw, text, lang }) => codeHtml(linesOf(raw, text), lang),
    list(token) {
      const tag = token.ordered ? "ol" : "ul";
      const start = token.ordered && token.start !== 1 ? ` start="${Number(token.start)}"` : "";
      const loose = token.loose ? ' class="lu-md-loose"' : "";
      const items = token.items.map((item) => itemHtml(this.parser, item)).join("");
      return `<${tag}${start}${loose}>${items}</${tag}>`;
    },
    checkbox: boxHtml,
    table(token) {
      const row = (/** @type {import("marked").Tokens.TableCell[]} */ cells) =>
        `<tr>${cells.map((cell) => cellHtml(cell, this.parser.parseInline(cell.tokens))).join("")}</tr>`;
      return (
        `<div class="lu-md-table" tabindex="0"${direction(token)}><table><thead>${row(token.header)}</thead>` +
        `<tbody>${token.rows.map(row).join("")}</tbody></table></div>`
      );
    },
    // These say what marked's own do, without the line break behind each element.
    hr: () => "<hr>",
    blockquote(token) {
      return `<blockquote${direction(token)}>${this.parser.parse(token.tokens ?? [])}</blockquote>`;
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
      if (image.src !== undefined)
        return `<img src="${image.src}" alt="${alt}"${title(hint)} loading="lazy">`;
      return (
        `<button type="button" class="lu-md-img" data-src="${escape(image.ask)}">` +
        `<span class="lu-md-img-host">${escape(image.host)}</span>` +
        `<span class="lu-md-img-alt">${alt}</span></button>`
      );
    },
  },
});

/** @param {Lu.Token[]} tokens */
export function toHtml(tokens) {
  return Parser.parse(tokens, marked.defaults);
}
