// A list or a table that still grows. Its items, or rows, are blocks of their own: a list of a
// hundred items is a hundred blocks, not one that is parsed a hundred times.
import { patchChildren } from "./patch.js";

/**
 * What has a table's rows.
 *
 * @param {Element} table
 */
export const bodyOf = (table) => /** @type {HTMLElement} */ (table.querySelector("tbody"));

/**
 * How long the first rows, one a line, are in `src`.
 *
 * @param {string} src
 * @param {number} count
 */
export function lengthOf(src, count) {
  let end = 0;
  for (let row = 0; row < count; row++) end = src.indexOf("\n", end) + 1 || src.length;
  return end;
}

export class Scope {
  // How many of the parent's nodes are finished.
  done = 0;

  /**
   * `parent` has the items; `prefix` is what a part has to begin with to be read alone.
   *
   * @param {Lu.Token} token
   * @param {Element} parent
   */
  constructor({ type, ordered }, parent, prefix = "") {
    this.type = type;
    this.ordered = ordered;
    this.parent = parent;
    this.prefix = prefix;
  }

  /**
   * Whether this goes on with what is open.
   *
   * @param {Lu.Token | undefined} token
   */
  takes(token) {
    if (token?.type !== this.type) return false;
    return this.type === "table" || token.ordered === this.ordered;
  }

  /**
   * Shows these nodes, and nothing else, behind the finished ones.
   *
   * @param {Node[]} nodes
   */
  show(nodes) {
    patchChildren(this.parent, this.done, nodes);
  }
}
