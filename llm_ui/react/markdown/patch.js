// Brings live nodes to the shape of new ones, touching only what differs, so that
// selections, scroll positions and layout of what stays the same survive.

// What the reader has set: folded, wrapped, opened. A text that grows leaves it alone.
const READERS = new Set(["open", "data-folded", "data-wrap", "aria-pressed", "aria-expanded"]);

/**
 * @param {Element} live
 * @param {Element} next
 */
function patchAttributes(live, next) {
  for (const { name, value } of next.attributes) {
    if (READERS.has(name)) continue;
    if (live.getAttribute(name) !== value) live.setAttribute(name, value);
  }
  if (live.attributes.length === next.attributes.length) return;
  for (const { name } of [...live.attributes]) {
    if (!next.hasAttribute(name) && !READERS.has(name)) live.removeAttribute(name);
  }
}

/**
 * @param {CharacterData} live
 * @param {CharacterData} next
 */
function patchText(live, next) {
  const have = live.data;
  const want = next.data;
  if (have === want) return;
  if (want.startsWith(have)) live.appendData(want.slice(have.length));
  else live.data = want;
}

/**
 * Makes the children of `parent` from index `from` on equal to `nodes`.
 *
 * @param {Node} parent
 * @param {number} from
 * @param {Node[]} nodes
 */
export function patchChildren(parent, from, nodes) {
  let live = /** @type {ChildNode | null} */ (parent.childNodes[from] ?? null);
  for (const next of nodes) {
    if (live === null) {
      parent.appendChild(next);
      continue;
    }
    /** @type {ChildNode | null} */
    const following = live.nextSibling;
    if (live.nodeType !== next.nodeType || live.nodeName !== next.nodeName) {
      parent.replaceChild(next, live);
    } else if (next.nodeType === Node.TEXT_NODE) {
      patchText(/** @type {Text} */ (live), /** @type {Text} */ (next));
    } else {
      patchAttributes(/** @type {Element} */ (live), /** @type {Element} */ (next));
      patchChildren(live, 0, [...next.childNodes]);
    }
    live = following;
  }
  while (live !== null) {
    /** @type {ChildNode | null} */
    const following = live.nextSibling;
    parent.removeChild(live);
    live = following;
  }
}
