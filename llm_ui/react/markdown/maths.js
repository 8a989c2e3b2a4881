// Which parts of a text are formulas. Dollars are money, variables and names of shares far more
// often than maths in what models write: in doubt they stay text.
const ESCAPED = "\\\\[^\\n]";
const DOLLARS = new RegExp(
  `^\\$(?![\\s$])((?:${ESCAPED}|[^\\\\$\\n])*?(?:${ESCAPED}|[^\\\\$\\s]))\\$(?!\\d)`,
);
const DISPLAY_DOLLARS = /^\$\$(?!\$)((?:[^$\\]|\\[\s\S])+?)\$\$(?!\$)/;
// [what it begins with, what ends it, whether it is set as a display]
/** @type {Record<string, [string, boolean]>} */
const BRACKETS = { "\\[": ["\\]", true], "\\(": ["\\)", false] };
const BLANK_LINE = /\n[ \t]*\n/;
const LONGEST = 5000;

// "$50/hr (US$)", "$20 for two and 30$": an amount and then words.
const AMOUNT = /^[\d.,]*\d(?:[kKmMbB]n?\b)?/;
const FUNCTIONS = /(?:sin|cos|tan|log|ln|exp|mod|max|min|lim|gcd|det|dim|deg)(?![\p{L}])/gu;
const WORD = /[\s/(,-]\p{L}{2,}|[^\p{ASCII}\p{Sm}\p{Script=Greek}·°′″]/u;
// "$100–120$" is a price from … to; what is maths has a minus.
const RANGE = /^\s*\d[\d.,]*\s*[–—~～]\s*\d[\d.,]*\s*$/;
const PROSE = /\p{L}{2,}[.,;:!?]?\s+\p{L}{2,}/u;
const OPERATOR = /[\\^_=<>{]/;
// "$HOME/bin:$PATH", "$AAPL/$MSFT", "f($a, $b)": what would close it opens the next one.
const UNFINISHED = /[:/,;.=+\-*(|&<>[{"'?!@#%]$/;

/** @param {string} text */
function isMoney(text) {
  const amount = AMOUNT.exec(text);
  return amount !== null && WORD.test(text.slice(amount[0].length).replace(FUNCTIONS, ""));
}

/**
 * Whether `text` between two dollars, with `next` behind the second, is a formula.
 *
 * @param {string} text
 * @param {string} next
 */
function isFormula(text, next) {
  if (text.includes("`")) return false;
  if (/[A-Za-z_{]/.test(next) && (UNFINISHED.test(text) || !/^\w$|[\\^={+]/.test(text)))
    return false;
  if (text.includes("\\")) return true;
  if (RANGE.test(text) || isMoney(text)) return false;
  return OPERATOR.test(text) || !PROSE.test(text);
}

/**
 * @param {string} src
 * @returns {Lu.Formula | undefined}
 */
function bracketed(src) {
  const rule = BRACKETS[src.slice(0, 2)];
  if (!rule) return undefined;
  const [closing, display] = rule;
  const end = src.slice(0, LONGEST).indexOf(closing, 3);
  const text = src.slice(2, end);
  if (end < 0 || BLANK_LINE.test(text)) return undefined;
  return { raw: src.slice(0, end + 2), text: text.trim(), display };
}

/**
 * {raw, text, display} of the formula that `src` begins with; `before` is the character in front.
 *
 * @param {string} src
 * @returns {Lu.Formula | undefined}
 */
export function matchInlineMath(src, before = "") {
  if (src[0] === "\\") return bracketed(src);
  if (src[0] !== "$") return undefined;
  const part = src.slice(0, LONGEST);
  const shown = DISPLAY_DOLLARS.exec(part);
  if (shown && /[\p{L}\p{N}\\]/u.test(shown[1])) {
    return { raw: shown[0], text: shown[1].trim(), display: true };
  }
  // US$, R$, 50$: what stands in front makes it a currency.
  if (/[A-Za-z0-9]/.test(before)) return undefined;
  const found = DOLLARS.exec(part);
  if (!found || !isFormula(found[1], src[found[0].length] ?? "")) return undefined;
  return { raw: found[0], text: found[1].trim(), display: false };
}

const BLOCK =
  /^ {0,3}(?:\$\$((?:(?!\n[ \t]*\n)[^$])+?)\$\$|\\\[((?:(?!\n[ \t]*\n)[\s\S])+?)\\\])[ \t]*(?:\n|$)/;

/** @type {import("marked").TokenizerExtension} */
export const mathInline = {
  name: "math",
  level: "inline",
  tokenizer: (src, tokens) => {
    if (src[0] !== "$" && src[0] !== "\\") return undefined;
    const found = matchInlineMath(src, tokens.at(-1)?.raw.at(-1));
    return found && { type: "math", ...found };
  },
};

/** @type {import("marked").TokenizerExtension} */
export const mathBlock = {
  name: "mathBlock",
  level: "block",
  start: (src) => {
    // Beyond the paragraph nobody asks.
    const end = src.indexOf("\n\n");
    const found = /\n {0,3}(?:\$\$|\\\[)/.exec(end < 0 ? src : src.slice(0, end));
    return found ? found.index + 1 : undefined;
  },
  tokenizer: (src) => {
    const opening = /^ {0,3}(\$\$|\\\[)/.exec(src);
    if (!opening) return undefined;
    const part = src.slice(0, LONGEST);
    if (part.indexOf(opening[1] === "$$" ? "$$" : "\\]", opening[0].length) < 0) return undefined;
    const found = BLOCK.exec(part);
    if (!found) return undefined;
    const text = (found[1] ?? found[2]).trim();
    return { type: "mathBlock", raw: found[0], text, display: true };
  },
};

/**
 * `masked` with the formulas of `src` made unreadable: a star in one is no emphasis.
 *
 * @param {string} src
 * @param {string} masked
 */
export function maskFormulas(src, masked) {
  if (!/\$|\\[([]/.test(src)) return masked;
  let out = "";
  let end = 0;
  for (const { index } of src.matchAll(/\$|\\[([]/g)) {
    // Code and what is escaped are masked already.
    if (index < end || masked[index] !== (src[index] === "$" ? "$" : "+")) continue;
    const found = matchInlineMath(src.slice(index), src[index - 1]);
    if (!found) continue;
    out += masked.slice(end, index) + "a".repeat(found.raw.length);
    end = index + found.raw.length;
  }
  return out + masked.slice(end);
}
