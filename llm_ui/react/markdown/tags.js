// The few tags that models write in their prose and that mean something there. They are parsed
// as bare names, never as HTML: with anything more than its name a tag stays text.

/** @type {Record<string, string>} */
const SAME = { b: "strong", i: "em", strike: "s" };
export const NAMES = "sub|sup|kbd|mark|small|ins|del|u|s|strike|b|i|strong|em";
const OPENING = new RegExp(`^<(${NAMES})>`, "i");

/**
 * Where the tag that opens at the start of `src` closes: {inner end, end}, else null.
 *
 * @param {string} src
 * @param {string} name
 */
function closing(src, name) {
  let depth = 0;
  for (const found of src.matchAll(new RegExp(`<(/?)${name}>`, "gi"))) {
    depth += found[1] ? -1 : 1;
    if (depth === 0) return { inner: found.index, end: found.index + found[0].length };
  }
  return null;
}

/** @type {import("marked").TokenizerExtension} */
export const inlineTag = {
  name: "luTag",
  level: "inline",
  tokenizer(src) {
    if (src[0] !== "<") return undefined;
    // A line break that stands at one is one.
    const line = /^<br\s*\/?>(?:[ \t]*\n(?!\s*$)[ \t]*)?/i.exec(src);
    if (line) return { type: "br", raw: line[0] };
    const name = OPENING.exec(src)?.[1];
    const end = name && closing(src, name);
    if (!end) return undefined;
    const text = src.slice(name.length + 2, end.inner);
    const tag = SAME[name.toLowerCase()] ?? name.toLowerCase();
    return {
      type: "luTag",
      tag,
      raw: src.slice(0, end.end),
      text,
      tokens: this.lexer.inlineTokens(text),
    };
  },
};

/**
 * The closing tags that an unfinished text lacks.
 *
 * @param {string} text
 */
export function openTags(text) {
  /** @type {string[]} */
  const open = [];
  for (const [, slash, name] of text.matchAll(new RegExp(`<(/?)(${NAMES})>`, "gi"))) {
    if (!slash) open.push(name);
    else if (open.includes(name)) open.length = open.lastIndexOf(name);
  }
  return open
    .reverse()
    .map((name) => `</${name}>`)
    .join("");
}

// --- <details> ------------------------------------------------------------------

const DETAILS = /^ {0,3}<details(?:[ \t]+(open)(?:="(?:open)?")?)?[ \t]*>[ \t]*\n?/i;
const SUMMARY = /^\s*<summary>([\s\S]*?)(?:<\/summary>[ \t]*\n?|$)/i;
const STEPS =
  /^ {0,3}(`{3,}|~{3,})[^\n]*\n[\s\S]*?(?:\n {0,3}\1[ \t]*(?=\n|$)|$(?![\s\S]))|<details(?:[ \t]+open(?:="(?:open)?")?)?[ \t]*>|<\/details>[ \t]*(?:\n|$)?/gim;

/**
 * What belongs to the details that `src` begins with; all of it while they are not closed.
 *
 * @param {string} src
 */
function detailsEnd(src) {
  let depth = 0;
  for (const found of src.matchAll(STEPS)) {
    if (found[1]) continue;
    depth += found[0][1] === "/" ? -1 : 1;
    if (depth === 0) return { inner: found.index, end: found.index + found[0].length };
  }
  return { inner: src.length, end: src.length };
}

/** @type {import("marked").TokenizerExtension} */
export const details = {
  name: "luDetails",
  level: "block",
  start: (src) => {
    const end = src.indexOf("\n\n");
    const found = /\n {0,3}<details/i.exec(end < 0 ? src : src.slice(0, end));
    return found ? found.index + 1 : undefined;
  },
  tokenizer(src) {
    const opening = DETAILS.exec(src);
    if (!opening) return undefined;
    const { inner, end } = detailsEnd(src);
    const body = src.slice(opening[0].length, inner);
    const summary = SUMMARY.exec(body);
    const rest = summary ? body.slice(summary[0].length) : body;
    return {
      type: "luDetails",
      raw: src.slice(0, end),
      open: Boolean(opening[1]),
      summary: summary ? this.lexer.inline(summary[1].trim()) : null,
      tokens: /** @type {Lu.BoundedLexer} */ (this.lexer).nested(rest),
    };
  },
};

// --- footnotes ------------------------------------------------------------------

const NOTE =
  /^ {0,3}\[\^([^\s[\]^]{1,40})\]:[ \t]*([^\n]*(?:\n(?:[ \t]*\n)*(?: {4}|\t| {2,3}(?=\S))[^\n]*)*)(?:\n|$)/;
const REFERENCE = /^\[\^([^\s[\]^]{1,40})\](?![(:])/;
/** @param {string} name */
const keyOf = (name) => `^${name.toLowerCase()}`;

/** @type {import("marked").TokenizerExtension} */
export const footnote = {
  name: "luNote",
  level: "block",
  start: (src) => {
    const end = src.indexOf("\n\n");
    const found = /\n {0,3}\[\^[^\s[\]^]{1,40}\]:/.exec(end < 0 ? src : src.slice(0, end));
    return found ? found.index + 1 : undefined;
  },
  tokenizer(src) {
    const found = NOTE.exec(src);
    if (!found) return undefined;
    const [raw, name, text] = found;
    this.lexer.tokens.links[keyOf(name)] ??= { href: "", title: null };
    return {
      type: "luNote",
      raw,
      name,
      tokens: /** @type {Lu.BoundedLexer} */ (this.lexer).nested(
        text.replace(/^(?: {2,4}|\t)/gm, ""),
      ),
    };
  },
};

/**
 * "[^1]"; by another name only where there is such a note: "[^a-z]" is no reference.
 *
 * @type {import("marked").TokenizerExtension}
 */
export const reference = {
  name: "luReference",
  level: "inline",
  tokenizer(src) {
    const found = REFERENCE.exec(src);
    if (!found || this.lexer.state.inLink) return undefined;
    const [raw, name] = found;
    const known = /^\d{1,3}$/.test(name) || Object.hasOwn(this.lexer.tokens.links, keyOf(name));
    return known ? { type: "luReference", raw, name } : undefined;
  },
};
