// What the renderer asks of blocks: which are finished, and what nodes they are.
import { toHtml } from "./html.js";
import { openDisplay } from "./mend.js";
import { lex } from "./parse.js";
import { patchChildren } from "./patch.js";
import { toFragment } from "./safe.js";

const PROSE = new Set(["paragraph", "heading"]);
const REFERENCE = /\[([^[\]]+)\]/g;

/** @param {Lu.Token} token */
export const visible = (token) => token.type !== "space" && token.type !== "def";
/** @param {Lu.Token[]} tokens */
export const rawLength = (tokens) => tokens.reduce((sum, token) => sum + token.raw.length, 0);

/**
 * How many of the tokens nothing that follows can change: not the last one.
 *
 * @param {Lu.Token[]} tokens
 */
export function finishedCount(tokens) {
  const last = tokens.findLastIndex(visible);
  // A line of a display formula may look like a list: only its end tells what it was.
  const maths = tokens.findIndex(
    ({ type, raw }, at) =>
      at < last && PROSE.has(type) && openDisplay(raw) >= 0 && visible(tokens[at + 1]),
  );
  return maths < 0 ? last : maths;
}

/**
 * The nodes of `tokens`, dressed but not settled.
 *
 * @param {Lu.Token[]} tokens
 * @param {Lu.Dress} dress
 */
export function nodesOf(tokens, dress) {
  const fragment = toFragment(toHtml(tokens));
  dress(fragment, false);
  return /** @type {HTMLElement[]} */ ([...fragment.childNodes]);
}

/**
 * Renders blocks again that name a link, or a footnote, which was defined further down.
 *
 * @param {string} text
 * @param {Lu.Links} links
 * @param {HTMLElement} container
 * @param {Lu.Dress} dress
 */
export function resolveLateLinks(text, links, container, dress) {
  if (!Object.keys(links).length) return;
  /** @param {RegExpMatchArray} found */
  const named = ([, label]) => label.trim().toLowerCase().replace(/\s+/g, " ") in links;
  let index = 0;
  for (const token of lex(text, { ...links })) {
    if (!visible(token)) continue;
    const live = container.childNodes[index++];
    if (token.type === "code" || !live || ![...token.raw.matchAll(REFERENCE)].some(named)) continue;
    const [next] = nodesOf([token], dress);
    if (next) patchChildren(live, 0, [...next.childNodes]);
  }
}
