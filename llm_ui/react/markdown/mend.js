// Makes the unfinished end of a Markdown text presentable: no raw `**`, half a
// link or lone bullet is shown while its other half is still on the way.
import { isCjk } from "./cjk.js";
import { matchInlineMath } from "./maths.js";
import { openTags } from "./tags.js";

/** @typedef {{ mark: string, length: number, at: number }} Mark */
/** @typedef {{ at: number, image: boolean }} Bracket */

// A last line that is only a block marker, or the start of one, says nothing yet.
const BARE_MARKER =
  /^[ \t]*(?:>[ \t]*)*(?:[-*+]|[-=_*]{2,}|#{1,6}|\d{1,9}[.)]?|>|(?:[-*+][ \t]+)?`{1,2}|`{3,}[^`]*|~{1,2}|~{3,}[^~]*|\|[-:| \t]*|[-*+][ \t]+\[[ xX]?\]?)[ \t]*$/;
const LONGEST_MARKER = 80;
const FENCE_LINE = /^[ \t]*(?:[-*+][ \t]+|\d{1,9}[.)][ \t]+|>[ \t]*)*(`{3,}|~{3,})/gm;
// What follows one of these starts a new run of inline text.
const NEW_RUN =
  /\n[ \t]*\n|\n[ \t]*(?:[-*+]|\d{1,9}[.)])[ \t]|\n[ \t]*>|\n {0,3}#{1,6} |\n[ \t]*\|/g;
// An opener this far back was not meant as one.
const LONGEST_SPAN = 600;
// The beginning of a tag that means something here.
const HALF_TAG =
  /<\/?(?:b|br|d|de|del|e|em|i|in|ins|k|kb|kbd|m|ma|mar|mark|s|sm|sma|smal|small|st|str|stro|stron|strong|su|sub|sup|u)?(?:\s*\/)?$/i;
const LONGEST_FORMULA = 300;
const LONGEST_DISPLAY = 2000;

/** @param {string} src */
function insideFence(src) {
  let open = "";
  for (const [, marks] of src.matchAll(FENCE_LINE)) {
    if (!open) open = marks;
    else if (marks[0] === open[0] && marks.length >= open.length) open = "";
  }
  return open !== "";
}

/** @param {string} src */
function lastRunStart(src) {
  let start = 0;
  for (const found of src.matchAll(NEW_RUN)) start = found.index + 1;
  return start;
}

/** @param {string | undefined} char */
const isSpace = (char) => char === undefined || /\s/.test(char);
// CJK words have no blanks between them: a mark beside one is not within a word.
/** @param {string | undefined} char */
const isWord = (char) => char !== undefined && /[\p{L}\p{N}]/u.test(char) && !isCjk(char);

/**
 * @param {string} text
 * @param {number} at
 */
function runLength(text, at) {
  let end = at;
  while (text[end] === text[at]) end++;
  return end - at;
}

/**
 * @param {string} text
 * @param {number} from
 */
function closingParen(text, from) {
  let depth = 0;
  for (let i = from; i < text.length; i++) {
    if (text[i] === "\\") i++;
    else if (text[i] === "(") depth++;
    else if (text[i] === ")" && --depth === 0) return i;
  }
  return -1;
}

/**
 * Half a formula is left out: TeX is no pleasure to read.
 *
 * @param {string} rest
 */
function isHalfFormula(rest) {
  if (rest.length > LONGEST_FORMULA) return false;
  if (rest[0] === "\\" || rest === "$" || rest[1] === "$") return true;
  // "$5" and "$HOME is" are words; "$x" may be the first of "$x + y$".
  return /^\$[^\s\d$]\S{0,40}$/.test(rest) || /^\$\S(?=[^$\n]*[\\^_=])[^$\n]*$/.test(rest);
}

/**
 * Takes `length` marks at the top of `stack` as closed; returns what is left over.
 *
 * @param {Mark[]} stack
 * @param {string} mark
 * @param {number} length
 */
function close(stack, mark, length) {
  let left = length;
  for (let i = stack.length - 1; i >= 0 && left > 0; i--) {
    if (stack[i].mark !== mark) continue;
    const used = Math.min(left, stack[i].length);
    stack[i].length -= used;
    left -= used;
    stack.length = stack[i].length ? i + 1 : i;
  }
  return left;
}

/**
 * @param {string} text
 * @param {number} at
 * @param {number} length
 * @param {Mark[]} stack
 */
function emphasisRun(text, at, length, stack) {
  const mark = text[at];
  if (mark === "~" && length !== 2) return length === 1 && text[at + 1] === undefined ? 1 : 0;
  const before = text[at - 1];
  const after = text[at + length];
  const inWord = isWord(before) && isWord(after);
  let left = length;
  if (!isSpace(before) && !(mark === "_" && inWord)) left = close(stack, mark, length);
  // One mark within a word is a product or a name far more often than emphasis.
  const opens = !isSpace(after) && !(inWord && (length === 1 || mark === "_"));
  if (left && opens && left <= 3) stack.push({ mark, length: left, at });
  return left && after === undefined ? left : 0;
}

/**
 * The end of a link that begins with the bracket at `open`, or where its text is cut.
 *
 * @param {string} text
 * @param {number} bracket
 */
function afterBracket(text, bracket) {
  if (text[bracket + 1] === "(") {
    const end = closingParen(text, bracket + 1);
    return end < 0 ? null : end + 1;
  }
  return bracket + 1 < text.length ? bracket + 1 : null;
}

/**
 * @param {string} text
 * @returns {string}
 */
function mendInline(text) {
  /** @type {Mark[]} */
  const stack = [];
  /** @type {Bracket[]} */
  const brackets = [];
  let i = 0;
  while (i < text.length) {
    const char = text[i];
    if (char === "`") {
      const length = runLength(text, i);
      const end = text.slice(i + length).search(new RegExp(`(?<!\`)\`{${length}}(?!\`)`));
      if (end < 0) {
        const inner = text.slice(i + length).replace(/`+$/, "");
        const head = mendInline(text.slice(0, i));
        return inner.trim() ? head + "`".repeat(length) + inner + "`".repeat(length) : head;
      }
      i += length + end + length;
    } else if (char === "$" || (char === "\\" && /[([]/.test(text[i + 1] ?? ""))) {
      const math = matchInlineMath(text.slice(i), text[i - 1]);
      if (
        !math &&
        !/[A-Za-z0-9]/.test(char === "$" ? (text[i - 1] ?? "") : "") &&
        isHalfFormula(text.slice(i))
      )
        return finish(text.slice(0, i), stack);
      i += math ? math.raw.length : 1;
    } else if (char === "\\") {
      i += 2;
    } else if (char === "[") {
      brackets.push({ at: i, image: text[i - 1] === "!" });
      i++;
    } else if (char === "]" && brackets.length) {
      const { at, image } = /** @type {Bracket} */ (brackets.pop());
      if (text[at + 1] === "^") {
        i++;
        continue;
      }
      const next = afterBracket(text, i);
      if (next === null) {
        const before = text.slice(0, image ? at - 1 : at);
        return finish(before + (image ? "" : text.slice(at + 1, i)), stack);
      }
      i = next;
    } else if (char === "*" || char === "_" || char === "~") {
      const length = runLength(text, i);
      const dangling = emphasisRun(text, i, length, stack);
      if (dangling) return finish(text.slice(0, i + length - dangling), stack);
      i += length;
    } else {
      i++;
    }
  }
  const last = brackets.at(-1);
  if (last && text.length - last.at < LONGEST_SPAN) {
    // Half a link: its text is shown, the bracket is not; half a picture is left out.
    // Of a footnote's sign nothing is shown before it is whole.
    const gone = last.image || text[last.at + 1] === "^";
    const cut = last.image ? last.at - 1 : last.at;
    return finish(text.slice(0, cut) + (gone ? "" : text.slice(last.at + 1)), stack);
  }
  return finish(text, stack);
}

/**
 * @param {string} text
 * @param {Mark[]} stack
 */
function finish(text, stack) {
  const open = stack.filter(({ at }) => text.length - at < LONGEST_SPAN);
  const half = text.replace(HALF_TAG, "");
  const tags = half.includes("<") ? openTags(half.slice(-LONGEST_SPAN)) : "";
  if (!open.length && !tags) return half;
  const bare = half.trimEnd();
  return (
    bare +
    tags +
    open
      .map(({ mark, length }) => mark.repeat(length))
      .reverse()
      .join("")
  );
}

/**
 * A table's head is shown as one before the line of dashes below it is there.
 *
 * @param {string} src
 */
function mendTable(src) {
  const blank = src.lastIndexOf("\n\n");
  const start = blank < 0 ? 0 : blank + 2;
  const head = /^ {0,3}\|([^\n]+?)\|?[ \t]*\n?$/.exec(src.slice(start));
  if (!head) return src;
  const cells = head[1].split(/(?<!\\)\|/).length;
  return `${src.slice(0, start)}|${head[1]}|\n${"|-".repeat(cells)}|`;
}

/**
 * Where a display formula begins that has not ended yet, or -1.
 *
 * @param {string} src
 */
export function openDisplay(src) {
  const found = /(?:^|\n) {0,3}(\$\$|\\\[)(?:(?!\n[ \t]*\n)[\s\S])*$/.exec(src);
  if (!found) return -1;
  const inner = src.slice(found.index).replace(/^\s*../, "");
  if (inner.includes(found[1] === "$$" ? "$$" : "\\]")) return -1;
  return found.index + (found[0][0] === "\n" ? 1 : 0);
}

/**
 * `src` with its open ends closed or left out.
 *
 * @param {string} src
 */
export function mend(src) {
  const display = openDisplay(src);
  if (display >= 0 && src.length - display < LONGEST_DISPLAY) src = src.slice(0, display);
  const line = src.lastIndexOf("\n") + 1;
  const isMarker = src.length - line <= LONGEST_MARKER && BARE_MARKER.test(src.slice(line));
  const bare = isMarker ? src.slice(0, line) : src;
  if (insideFence(bare)) return bare;
  const start = lastRunStart(bare);
  return mendTable(bare.slice(0, start) + mendInline(bare.slice(start)));
}
