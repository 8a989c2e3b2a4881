// Markdown to tokens: `marked` with raw HTML switched off and maths added.
import { Lexer, Marked, Tokenizer } from "marked";

const MATH_START = /\$|\\[([]/;
const INLINE_MATH = [
  // $$…$$ and \[…\] in running text are still set as displays.
  [/^\$\$((?:[^$\\]|\\[\s\S])+?)\$\$/, true],
  [/^\\\[((?:(?!\n[ \t]*\n)[\s\S])+?)\\\]/, true],
  [/^\\\(((?:(?!\n[ \t]*\n)[\s\S])+?)\\\)/, false],
  // Pandoc's rule keeps "$5 and $6" text: no space inside either dollar, no digit after.
  [/^\$(?![\s$])((?:\\[^\n]|[^\\$\n])*?(?:\\[^\n]|[^\\$\s]))\$(?!\d)/, false],
];
// "$20 for two and 30$": an amount and then words is money, not maths.
const MONEY = /^\d[\d.,]*\s+[A-Za-z]{2,}/;
const BLOCK_MATH =
  /^ {0,3}(?:\$\$((?:(?!\n[ \t]*\n)[^$])+?)\$\$|\\\[((?:(?!\n[ \t]*\n)[\s\S])+?)\\\])[ \t]*(?:\n|$)/;

export function matchInlineMath(src) {
  for (const [rule, display] of INLINE_MATH) {
    const found = rule.exec(src);
    if (found && !(src[0] === "$" && !display && MONEY.test(found[1]))) {
      return { raw: found[0], text: found[1].trim(), display };
    }
  }
  return undefined;
}

const mathInline = {
  name: "math",
  level: "inline",
  start: (src) => {
    const at = src.search(MATH_START);
    return at < 0 ? undefined : at;
  },
  tokenizer: (src) => {
    const found = matchInlineMath(src);
    return found && { type: "math", ...found };
  },
};

const mathBlock = {
  name: "mathBlock",
  level: "block",
  start: (src) => {
    const found = /\n {0,3}(?:\$\$|\\\[)/.exec(src);
    return found ? found.index + 1 : undefined;
  },
  tokenizer: (src) => {
    const found = BLOCK_MATH.exec(src);
    return (
      found && {
        type: "mathBlock",
        raw: found[0],
        text: (found[1] ?? found[2]).trim(),
        display: true,
      }
    );
  },
};

// Models write <br> inside table cells; it is the one tag with a meaning here.
const lineBreak = {
  name: "luBreak",
  level: "inline",
  start: (src) => {
    const at = src.search(/<br/i);
    return at < 0 ? undefined : at;
  },
  tokenizer: (src) => {
    const found = /^<br\s*\/?>/i.exec(src);
    return found && { type: "br", raw: found[0] };
  },
};

// Each opening mark looks for its other half to the end of the block: a page of marks
// that never close would take minutes. Nobody emphasises more than this.
const LONGEST_EMPHASIS = 2000;

function within(name) {
  return function emphasis(src, masked, before) {
    const end = masked.slice(-src.length).slice(0, LONGEST_EMPHASIS);
    const start = src.slice(0, LONGEST_EMPHASIS);
    return Tokenizer.prototype[name].call(this, start, end, before);
  };
}

export const marked = new Marked({
  gfm: true,
  extensions: [mathInline, mathBlock, lineBreak],
  // No token for HTML: what looks like a tag falls through to plain text.
  tokenizer: {
    html: () => undefined,
    tag: () => undefined,
    emStrong: within("emStrong"),
    del: within("del"),
  },
});

/** Tokens of `src` without blank lines; `links` are the definitions known so far. */
export function lex(src, links) {
  const lexer = new Lexer(marked.defaults);
  Object.assign(lexer.tokens.links, links);
  const tokens = lexer.lex(src);
  Object.assign(links, tokens.links);
  return tokens;
}
