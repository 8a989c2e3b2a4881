// Citations: "[1]" in an answer that has a source 1 becomes a button that leads to it. Works on
// nodes that have been sanitised already and makes nothing but buttons with text.
const CITED = /\[(\d{1,3}(?:\s*[,;]\s*\d{1,3})*)\]/g;
const NOT_PROSE = "a, button, code, pre, .lu-md-math, .lu-md-plain";

/**
 * @param {number} number
 * @param {Lu.Source} source
 * @param {string} [label]
 */
function button(number, source, label) {
  const made = document.createElement("button");
  made.type = "button";
  made.className = "lu-md-cite";
  made.dataset.cite = String(number);
  const words = String(label ?? "").replace("{number}", String(number));
  made.setAttribute("aria-label", source.title ? `${words}: ${source.title}` : words);
  made.dataset.tip = source.title || source.url || "";
  made.textContent = String(number);
  return made;
}

/**
 * @param {string} text
 * @param {Map<number, Lu.Source>} sources
 * @param {string} [label]
 */
function cited(text, sources, label) {
  const parts = [];
  let end = 0;
  for (const found of text.matchAll(CITED)) {
    const numbers = found[1].split(/[,;]/).map(Number);
    // What the model made up stays as it wrote it.
    if (!numbers.every((number) => sources.has(number))) continue;
    parts.push(text.slice(end, found.index));
    for (const number of numbers)
      parts.push(button(number, /** @type {Lu.Source} */ (sources.get(number)), label));
    end = found.index + found[0].length;
  }
  return end ? [...parts, text.slice(end)].filter((part) => part !== "") : null;
}

/**
 * Puts buttons in place of the citations below `root`.
 *
 * @param {Node} root
 * @param {Map<number, Lu.Source> | undefined} sources
 * @param {string} [label]
 */
export function cite(root, sources, label) {
  if (!sources?.size) return;
  const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
  const next = () => /** @type {Text | null} */ (walker.nextNode());
  /** @type {Text[]} */
  const texts = [];
  for (let node = next(); node; node = next()) {
    if (node.data.includes("[") && !node.parentElement?.closest(NOT_PROSE)) texts.push(node);
  }
  for (const node of texts) {
    const parts = cited(node.data, sources, label);
    if (parts) node.replaceWith(...parts);
  }
}

/**
 * Shows the source that a citation names, and moves the focus there.
 *
 * @param {HTMLElement} from
 */
export function showSource(from) {
  const number = Number(from.dataset.cite);
  const entry = from.closest(".lu-md-answer")?.querySelector(`[data-source="${number}"]`);
  if (!entry) return;
  const folded = entry.closest("details");
  if (folded) folded.open = true;
  entry.scrollIntoView({ block: "nearest" });
  (entry.querySelector("a") ?? entry).focus({ preventScroll: true });
}

/**
 * Shows the footnote that a reference names, and moves the focus there.
 *
 * @param {HTMLElement} from
 */
export function showNote(from) {
  const name = CSS.escape(from.dataset.note ?? "");
  const note = from.closest(".lu-md")?.querySelector(`.lu-md-note[data-note="${name}"]`);
  if (!note) return;
  const folded = note.closest("details");
  if (folded) folded.open = true;
  note.tabIndex = -1;
  note.scrollIntoView({ block: "nearest" });
  note.focus({ preventScroll: true });
}
