// A code block that is still being written: complete lines are appended as text
// and never read again, so its cost does not depend on how long it already is.

/** @typedef {{ marks: string, info: string, length: number }} Opening */

const OPENING = /^(`{3,}|~{3,})([^\n]*)\n/;
// Lines are grouped so that a new line lays out its own group and not the whole block.
const LINES_PER_GROUP = 40;

/**
 * {marks, info, length} of an opening line at the start of `src`, else null.
 *
 * @param {string} src
 */
export function openingFence(src) {
  const found = OPENING.exec(src);
  if (!found || (found[1][0] === "`" && found[2].includes("`"))) return null;
  return { marks: found[1], info: found[2].trim(), length: found[0].length };
}

/** @param {string} marks */
function closingRule(marks) {
  return new RegExp(`^ {0,3}${marks[0]}{${marks.length},}[ \\t]*$`);
}

/**
 * Where the fence in `src` closes: {end of code, start of what follows}, else null.
 *
 * @param {string} src
 * @param {Opening} opening
 */
export function closingFence(src, opening) {
  const lines = new FenceLines(opening, opening.length);
  return lines.advance(src, true) ? lines.closed : null;
}

/** Walks the lines of an open fence once. */
export class FenceLines {
  /**
   * @param {Opening} opening
   * @param {number} start
   */
  constructor(opening, start) {
    this.rule = closingRule(opening.marks);
    this.partial = new RegExp(`^ {0,3}${opening.marks[0]}*[ \\t]*$`);
    this.start = start;
    this.line = start;
    this.limit = start;
    /** @type {{ code: number, next: number } | null} */
    this.closed = null;
  }

  /**
   * Moves on as far as `text` allows; true when the closing line was found.
   *
   * @param {string} text
   * @param {boolean} final
   */
  advance(text, final) {
    for (;;) {
      const newline = text.indexOf("\n", this.line);
      const end = newline < 0 ? text.length : newline;
      const line = text.slice(this.line, end);
      if ((newline >= 0 || final) && this.rule.test(line)) {
        const code = Math.max(this.start, this.line - 1);
        this.closed = { code, next: newline < 0 ? end : newline + 1 };
        this.limit = code;
        return true;
      }
      if (newline < 0) {
        // The last newline waits for its line: it would show as an empty one.
        const held = !final && this.partial.test(line);
        this.limit = held ? Math.max(this.start, this.line - 1) : end;
        return false;
      }
      this.line = newline + 1;
    }
  }
}

/** The element side: text that only grows, in groups of lines. */
export class GrowingCode {
  /** @param {HTMLElement} element */
  constructor(element) {
    this.element = element;
    this.element.textContent = "";
    this.lines = LINES_PER_GROUP;
    this.pending = "";
    this.node = document.createTextNode("");
  }

  /** @param {string} text */
  append(text) {
    let at = 0;
    while (at < text.length) {
      if (this.lines >= LINES_PER_GROUP) this.openGroup();
      const newline = text.indexOf("\n", at);
      const end = newline < 0 ? text.length : newline + 1;
      this.pending += text.slice(at, end);
      if (newline >= 0 && ++this.lines >= LINES_PER_GROUP) this.flush();
      at = end;
    }
    this.flush();
  }

  openGroup() {
    const group = this.element.appendChild(document.createElement("span"));
    group.className = "lu-md-code-lines";
    this.node = group.appendChild(document.createTextNode(""));
    this.pending = "";
    this.lines = 0;
  }

  flush() {
    if (this.pending) this.node.appendData(this.pending);
    this.pending = "";
  }
}

/** Both together: a fence that is open, and its code on the page. */
export class Fence {
  /**
   * @param {Opening} opening
   * @param {number} start
   * @param {HTMLElement} element
   */
  constructor(opening, start, element) {
    this.lines = new FenceLines(opening, start);
    this.code = new GrowingCode(element);
    this.shown = start;
  }

  /**
   * Shows what is new in `text`; where it goes on behind the fence, or -1 while that is open.
   *
   * @param {string} text
   * @param {boolean} final
   */
  grow(text, final) {
    const closed = this.lines.advance(text, final);
    const stop = final && !closed ? text.trimEnd().length : this.lines.limit;
    if (stop > this.shown) {
      this.code.append(text.slice(this.shown, stop));
      this.shown = stop;
    }
    if (!closed && !final) return -1;
    return this.lines.closed?.next ?? text.length;
  }
}
