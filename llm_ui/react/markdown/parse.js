// Markdown to tokens: `marked` with raw HTML switched off, and with what models write besides.
import { Lexer, Marked } from "marked";

import { del, emStrong } from "./emphasis.js";
import { WWW_INSIDE, url, wwwInside } from "./links.js";
import { mathBlock, mathInline, maskFormulas } from "./maths.js";
import { NAMES, details, footnote, inlineTag, reference } from "./tags.js";

// Nobody reads a list in a list in a list … beyond this, but a small model in a loop writes it,
// and each level is a level of recursion here, in the HTML and in the browser's layout.
const DEEPEST_BLOCK = 32;
const DEEPEST_INLINE = 24;
// Looking for the other half of a mark is quadratic in places: a paragraph that is longer than
// a chapter is read in parts.
const LONGEST_INLINE = 5000;
const MARKERS = /^[ \t]*(?:(?:[-*+>]|\d{1,9}[.)](?=[ \t]+(?:[-*+>]|\d{1,9}[.)])))[ \t]*)+/gm;

// Where any of the inline extensions may begin: one search for all of them.
const SPECIAL = new RegExp(`\\$|\\\\[([]|<(?:${NAMES}|br)\\b|\\[\\^`, "i");
/** @type {import("marked").TokenizerExtension} */
const special = {
  name: "luSpecial",
  level: "inline",
  start: (src) => {
    const at = src.search(SPECIAL);
    const link = src.includes("www.") ? src.search(WWW_INSIDE) : -1;
    if (at < 0 && link < 0) return undefined;
    return at < 0 || (link >= 0 && link < at) ? link : at;
  },
  tokenizer: () => undefined,
};

export const marked = new Marked({
  gfm: true,
  breaks: true,
  extensions: [mathInline, mathBlock, details, footnote, inlineTag, reference, wwwInside, special],
  // No token for HTML: what looks like a tag falls through to plain text.
  tokenizer: { html: () => undefined, tag: () => undefined, emStrong, del, url },
});

// What marked looks for stars in: a formula's are none. (`use` would hide the lexer from it.)
const hooks = /** @type {import("marked").Hooks & { lexer: BoundedLexer }} */ ({
  /**
   * @this {{ lexer: BoundedLexer }}
   * @param {string} masked
   */
  emStrongMask(masked) {
    return maskFormulas(this.lexer.inlineSource, masked);
  },
});

/**
 * Where to cut `src`, which is too long: at the end of a line or of a word if there is one.
 *
 * @param {string} src
 */
function cut(src) {
  const part = src.slice(0, LONGEST_INLINE);
  const line = part.lastIndexOf("\n");
  const at = line > LONGEST_INLINE / 2 ? line : part.lastIndexOf(" ");
  if (at > LONGEST_INLINE / 2) return at;
  // Not between the halves of a character.
  return /[\ud800-\udbff]$/.test(part) ? LONGEST_INLINE - 1 : LONGEST_INLINE;
}

class BoundedLexer extends Lexer {
  blockDepth = 0;
  inlineDepth = 0;
  inlineSource = "";

  /**
   * @override
   * @param {string} src
   * @param {any} [tokens]
   * @param {boolean} [last]
   */
  blockTokens(src, tokens = [], last = false) {
    if (this.blockDepth >= DEEPEST_BLOCK) {
      const text = src.replace(MARKERS, "").trim();
      if (src) tokens.push({ type: "paragraph", raw: src, text, tokens: this.inline(text) });
      return tokens;
    }
    this.blockDepth++;
    try {
      return super.blockTokens(src, tokens, last);
    } finally {
      this.blockDepth--;
    }
  }

  /**
   * The blocks of a part that stands for itself.
   *
   * @param {string} src
   */
  nested(src) {
    const { top } = this.state;
    this.state.top = true;
    const tokens = this.blockTokens(src, []);
    this.state.top = top;
    return tokens;
  }

  /**
   * @override
   * @param {string} src
   * @param {import("marked").Token[]} [tokens]
   */
  inlineTokens(src, tokens = []) {
    if (this.inlineDepth >= DEEPEST_INLINE) {
      if (src) tokens.push({ type: "text", raw: src, text: src, escaped: false });
      return tokens;
    }
    const source = this.inlineSource;
    this.inlineDepth++;
    try {
      let rest = src;
      while (rest) {
        const part = rest.length > LONGEST_INLINE ? rest.slice(0, cut(rest)) : rest;
        this.inlineSource = part;
        // Into one of its own: looking at the end of a long text is dear.
        tokens.push(...super.inlineTokens(part));
        rest = rest.slice(part.length);
      }
      return tokens;
    } finally {
      this.inlineDepth--;
      this.inlineSource = source;
    }
  }
}

/**
 * Tokens of `src` without blank lines; `links` are the definitions known so far.
 *
 * @param {string} src
 * @param {Lu.Links} links
 */
export function lex(src, links) {
  const lexer = new BoundedLexer({ ...marked.defaults, hooks });
  Object.assign(lexer.tokens.links, links);
  const tokens = lexer.lex(src);
  Object.assign(links, tokens.links);
  return tokens;
}
