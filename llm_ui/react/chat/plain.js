// The words of a rendered answer without their Markdown: what one pastes into a letter.

const BLOCKS = new Set(
  "P H1 H2 H3 H4 H5 H6 UL OL TABLE BLOCKQUOTE DIV SECTION HR DETAILS SUMMARY FIGURE".split(" "),
);
const SKIPPED = "button, [aria-hidden=true], .lu-md-code-head, svg";

class Lines {
  constructor() {
    /** @type {string[]} */
    this.lines = [];
    this.line = "";
  }

  end(blank = false) {
    if (this.line.trim()) this.lines.push(this.line.trimEnd());
    this.line = "";
    if (blank && this.lines.length && this.lines.at(-1) !== "") this.lines.push("");
  }

  text() {
    this.end();
    return this.lines.join("\n").trim();
  }
}

/** @param {Element} item */
const markerOf = (item) => {
  const list = item.parentElement;
  if (!(list instanceof HTMLOListElement)) return "- ";
  return `${(list.start || 1) + [...list.children].indexOf(item)}. `;
};

/**
 * @param {Node} node
 * @param {Lines} out
 * @param {number} depth
 */
function walk(node, out, depth) {
  for (const child of node.childNodes) {
    if (child instanceof Text) {
      const words = child.data.replace(/\s+/g, " ");
      out.line += out.line.trim() ? words : words.trimStart();
      continue;
    }
    if (!(child instanceof Element)) continue;
    const { tagName } = child;
    if (child.classList.contains("katex")) {
      out.line += child.querySelector("annotation")?.textContent ?? child.textContent;
    } else if (child.matches(SKIPPED)) {
      continue;
    } else if (tagName === "PRE") {
      out.end(true);
      out.lines.push(...child.textContent.replace(/\n$/, "").split("\n"));
      out.end(true);
    } else if (tagName === "BR") {
      out.end();
    } else if (tagName === "LI") {
      out.end();
      out.line = "  ".repeat(depth - 1) + markerOf(child);
      walk(child, out, depth);
      out.end();
    } else if (tagName === "TR") {
      out.end();
      walk(child, out, depth);
      out.end();
    } else if (tagName === "TD" || tagName === "TH") {
      if (child.previousElementSibling) out.line += "\t";
      walk(child, out, depth);
    } else if (BLOCKS.has(tagName)) {
      const nested = tagName === "UL" || tagName === "OL";
      // A paragraph in a list's item stands on the item's own line.
      const inItem = depth > 0 && (nested || tagName === "P");
      if (!inItem) out.end(true);
      walk(child, out, nested ? depth + 1 : depth);
      if (!inItem) out.end(true);
    } else {
      walk(child, out, depth);
    }
  }
}

/** @param {Node} root */
export function plainText(root) {
  const out = new Lines();
  walk(root, out, 0);
  return out.text();
}

/**
 * The plain text of the message with this id, as it is on the page.
 *
 * @param {string} id
 */
export function plainTextOf(id) {
  const answer = document.querySelector(
    `[data-id="${CSS.escape(id)}"] .lu-md-body .lu-md, [data-answer="${CSS.escape(id)}"] .lu-md-body .lu-md`,
  );
  return answer ? plainText(answer) : "";
}
