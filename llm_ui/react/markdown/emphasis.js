// Which marks of emphasis belong together: CommonMark's algorithm of delimiter runs with the
// CJK-friendly amendments (cjk.js), in which a mark beside Chinese, Japanese or Korean needs no
// blank on its other side. Each run of marks is looked at once, so that a page of marks that
// never close costs no more than one of words; marked looks for the end of each from its start.
import { isCjk } from "./cjk.js";

const SPACE = /^\s/;
const PUNCTUATION = /^[\p{P}\p{S}]/u;
// They say how the character before them is drawn. The one of emoji (U+FE0F) is no such.
const isVariation = (char) => char >= "\ufe00" && char <= "\ufe0e";
const isIdeographicVariation = (char) => char >= "\u{e0100}" && char <= "\u{e01ef}";

function characterBefore(text, at) {
  const code = text.codePointAt(at - 2);
  return at > 1 && code > 0xffff ? String.fromCodePoint(code) : (text[at - 1] ?? " ");
}

function before(text, at) {
  const char = characterBefore(text, at);
  return isVariation(char) && at > 1 ? characterBefore(text, at - 1) : char;
}

function after(text, at) {
  return at < text.length ? String.fromCodePoint(text.codePointAt(at)) : " ";
}

const kind = (char) => {
  const cjk = isCjk(char) || isIdeographicVariation(char);
  const punctuation = PUNCTUATION.test(char);
  return { space: SPACE.test(char), cjk, punctuation, foreign: punctuation && !cjk };
};

// What CommonMark forbids to "_" within a word is meant for snake_case. CJK words have no blanks
// between them: two of them, or one beside a bracket or a full stop, count as at a word's edge.
const atEdge = (inner, outer, size) => outer.cjk && inner.cjk && (size > 1 || inner.punctuation);

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

function runsOf(text) {
  const runs = [];
  for (const { 0: marks, index } of text.matchAll(/\*+|_+|~+/g)) {
    const made = run(text, index, marks.length);
    if (made.opens || made.closes) runs.push(made);
  }
  return runs;
}

const thirds = (opener, closer) =>
  (opener.closes || closer.opens) &&
  (opener.size + closer.size) % 3 === 0 &&
  (opener.size % 3 !== 0 || closer.size % 3 !== 0);

/** Emphasised spans of `text`, whose links and code are masked: where each begins → {end, size}. */
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
const known = [];

function spansOf(masked) {
  for (let at = known.length - 1; at >= 0; at--) {
    if (known[at].masked !== masked) continue;
    known[at].masked = masked;
    known.length = at + 1;
    return known[at];
  }
  if (known.length > 50) known.length = 0;
  known.push({ masked, spans: pair(masked), offset: 0 });
  return known.at(-1);
}

function span(marks) {
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

export const emStrong = span("*_");
export const del = span("~");
