// Which marks of emphasis belong together: CommonMark's algorithm of delimiter runs with the
// CJK-friendly amendments (cjk.js), in which a mark beside Chinese, Japanese or Korean needs no
// blank on its other side. Each run of marks is looked at once, so that a page of marks that
// never close costs no more than one of words; marked looks for the end of each from its start.
import { isCjk } from "./cjk.js";

/** @typedef {{ space: boolean, cjk: boolean, punctuation: boolean, foreign: boolean }} Side */
/**
 * A run of marks: where it is, how many of them are left to be paired, what it may do.
 * @typedef {{
 *   mark: string, at: number, size: number, left: number, start: number, opens: boolean,
 *   closes: boolean
 * }} Run
 */
/**
 * @template Made
 * @typedef {(this: import("marked").Tokenizer, src: string, masked: string) => Made | undefined} Spans
 */
/**
 * @typedef {{
 *   masked: string, spans: Map<number, { end: number, size: number }>, offset: number
 * }} Pairs
 */

const SPACE = /^\s/;
const PUNCTUATION = /^[\p{P}\p{S}]/u;
// They say how the character before them is drawn. The one of emoji (U+FE0F) is no such.
/** @param {string} char */
const isVariation = (char) => char >= "\ufe00" && char <= "\ufe0e";
/** @param {string} char */
const isIdeographicVariation = (char) => char >= "\u{e0100}" && char <= "\u{e01ef}";

/**
 * @param {string} text
 * @param {number} at
 */
function characterBefore(text, at) {
  const code = text.codePointAt(at - 2) ?? 0;
  return at > 1 && code > 0xffff ? String.fromCodePoint(code) : (text[at - 1] ?? " ");
}

/**
 * @param {string} text
 * @param {number} at
 */
function before(text, at) {
  const char = characterBefore(text, at);
  return isVariation(char) && at > 1 ? characterBefore(text, at - 1) : char;
}

/**
 * @param {string} text
 * @param {number} at
 */
function after(text, at) {
  return at < text.length ? String.fromCodePoint(Number(text.codePointAt(at))) : " ";
}

/** @param {string} char */
const kind = (char) => {
  const cjk = isCjk(char) || isIdeographicVariation(char);
  const punctuation = PUNCTUATION.test(char);
  return { space: SPACE.test(char), cjk, punctuation, foreign: punctuation && !cjk };
};

// What CommonMark forbids to "_" within a word is meant for snake_case. CJK words have no blanks
// between them: two of them, or one beside a bracket or a full stop, count as at a word's edge.
/**
 * @param {Side} inner
 * @param {Side} outer
 * @param {number} size
 */
const atEdge = (inner, outer, size) => outer.cjk && inner.cjk && (size > 1 || inner.punctuation);

/**
 * @param {string} text
 * @param {number} at
 * @param {number} size
 */
function run(text, at, size) {
  const mark = text[at];
  const left = kind(before(text, at));
  const right = kind(after(text, at + size));
  const opens = !right.space && (!right.foreign || left.space || left.foreign || left.cjk);
  const closes = !left.space && (!left.foreign || right.space || right.foreign || right.cjk);
  const made = { mark, at, size, left: size, start: at, opens, closes };
  if (mark === "_") {
    made.opens = opens && (!closes || left.punctuation || atEdge(right, left, size));
    made.closes = closes && (!opens || right.punctuation || atEdge(left, right, size));
  }
  // One tilde means "about", or "to": 3~5.
  if (mark === "~" && size !== 2) made.opens = made.closes = false;
  return made;
}

/** @param {string} text */
function runsOf(text) {
  const runs = [];
  for (const { 0: marks, index } of text.matchAll(/\*+|_+|~+/g)) {
    const made = run(text, index, marks.length);
    if (made.opens || made.closes) runs.push(made);
  }
  return runs;
}

/**
 * @param {Run} opener
 * @param {Run} closer
 */
const thirds = (opener, closer) =>
  (opener.closes || closer.opens) &&
  (opener.size + closer.size) % 3 === 0 &&
  (opener.size % 3 !== 0 || closer.size % 3 !== 0);

/**
 * Emphasised spans of `text`, whose links and code are masked: where each begins → {end, size}.
 *
 * @param {string} text
 */
function pair(text) {
  const spans = new Map();
  const open = [];
  // How far down nothing was found for this kind of closer: nobody looks there again.
  const floors = new Map();
  for (const closer of runsOf(text)) {
    while (closer.closes && closer.left > 0) {
      const key = `${closer.mark}${closer.opens}${closer.size % 3}`;
      const floor = floors.get(key) ?? 0;
      let at = open.length - 1;
      while (at >= floor && (open[at].mark !== closer.mark || thirds(open[at], closer))) at--;
      if (at < floor) {
        floors.set(key, open.length);
        break;
      }
      const opener = open[at];
      const size = opener.left > 1 && closer.left > 1 ? 2 : 1;
      opener.left -= size;
      spans.set(opener.at + opener.left, { end: closer.start + size, size });
      closer.start += size;
      closer.left -= size;
      open.length = opener.left ? at + 1 : at;
      for (const [each, height] of floors) if (height > open.length) floors.set(each, open.length);
    }
    if (closer.opens && closer.left > 0) {
      // What closed something stands at its right half now.
      open.push({ ...closer, at: closer.start });
    }
  }
  return spans;
}

// The parser asks for each mark of a text, and then for those of what it emphasises: there the
// marks are paired as they were in the whole.
/** @type {Pairs[]} */
const known = [];

/** @param {string} masked */
function spansOf(masked) {
  for (let at = known.length - 1; at >= 0; at--) {
    if (known[at].masked !== masked) continue;
    known[at].masked = masked;
    known.length = at + 1;
    return known[at];
  }
  if (known.length > 50) known.length = 0;
  const made = { masked, spans: pair(masked), offset: 0 };
  known.push(made);
  return made;
}

/** @param {string} marks */
function span(marks) {
  /**
   * @this {import("marked").Tokenizer}
   * @param {string} src
   * @param {string} masked
   */
  return function emphasis(src, masked) {
    if (!marks.includes(src[0])) return undefined;
    const start = masked.length - src.length;
    const { spans, offset } = spansOf(masked);
    const found = spans.get(offset + start);
    if (!found) return undefined;
    const { size } = found;
    const end = found.end - offset;
    const inner = start + size;
    known.push({ masked: masked.slice(inner, end - size), spans, offset: offset + inner });
    const raw = src.slice(0, end - start);
    const text = raw.slice(size, -size);
    const type = src[0] === "~" ? "del" : size === 2 ? "strong" : "em";
    return { type, raw, text, tokens: this.lexer.inlineTokens(text) };
  };
}

/** @typedef {import("marked").Tokens.Em | import("marked").Tokens.Strong} EmStrong */

export const emStrong = /** @type {Spans<EmStrong>} */ (span("*_"));
export const del = /** @type {Spans<import("marked").Tokens.Del>} */ (span("~"));
