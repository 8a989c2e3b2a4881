// Bare addresses, which in Chinese, Japanese and Korean have no blank behind them.
import { Tokenizer } from "marked";

import { CJK } from "./cjk.js";

// Quotation marks and dashes of other scripts end an address as well.
const END = new RegExp(`[${CJK}\\u2018-\\u201f\\u00ab\\u00bb\\u2039\\u203a\\u2014\\u2026]`, "u");
// "https://a.org,https://b.org" are two; "https://archive.org/web/https://a.org" is one.
const NEXT = /[,;|]+(?=https?:\/\/)/i;
// A name may be written in these scripts, if that is what it begins with.
const LABEL = "[\\p{L}\\p{N}\\p{M}][\\p{L}\\p{N}\\p{M}-]*";
const TOP =
  "[a-z][a-z0-9-]+|テスト|みんな|コム|中国|中國|公司|网络|網絡|网址|网站|香港|台湾|台灣|한국|닷컴|닷넷";
const NAMED = new RegExp(
  `^https?://(?=[^/?#]{0,60}[${CJK}])(?:${LABEL}\\.)+(?:${TOP})(?![\\p{Script=Latin}\\d.-])(?::\\d+)?`,
  "iu",
);
export const WWW_INSIDE = new RegExp(`(?<=[${CJK}])www\\.`, "u");
const FIRST = new RegExp(`^https?://[${CJK}]`, "iu");

/**
 * @param {string} raw
 * @param {string} href
 * @returns {import("marked").Tokens.Link}
 */
function linked(raw, href) {
  return {
    type: "link",
    raw,
    text: raw,
    href,
    autolink: true,
    tokens: [{ type: "text", raw, text: raw }],
  };
}

/**
 * What of `rest`, which is what follows the host, belongs to the address.
 *
 * @param {string} text
 * @param {number} from
 */
function untilEnd(text, from) {
  const stop = text.slice(from).search(END);
  return stop < 0 ? text : text.slice(0, from + stop);
}

/**
 * @this {Tokenizer}
 * @param {string} src
 * @returns {import("marked").Tokens.Link | undefined}
 */
export function url(src) {
  if (FIRST.test(src)) {
    const host = NAMED.exec(src)?.[0];
    if (!host) return undefined;
    const rest = /^[/?#][^\s<]*/.exec(src.slice(host.length))?.[0] ?? "";
    const raw = untilEnd(host + rest, host.length).replace(/[?!.,:;*_'"~)]+$/, "");
    return linked(raw, raw);
  }
  const found = Tokenizer.prototype.url.call(this, src);
  if (!found || found.href.startsWith("mailto:")) return found;
  let end = found.raw.search(END);
  const next = found.raw.search(NEXT);
  if (next > 0 && (end < 0 || next < end)) end = next;
  if (end < 0) return found;
  const again = Tokenizer.prototype.url.call(this, found.raw.slice(0, end));
  return again && again.raw.length > "https://".length ? again : undefined;
}

/**
 * "请看www.example.com。": marked wants a blank in front.
 *
 * @type {import("marked").TokenizerExtension}
 */
export const wwwInside = {
  name: "luWww",
  level: "inline",
  tokenizer(src) {
    if (!/^www\./i.test(src) || this.lexer.state.inLink) return undefined;
    return /** @type {Lu.LexerInside} */ (/** @type {unknown} */ (this.lexer)).tokenizer.url(src);
  },
};
