// What finished HTML still needs: labels, colours for code, set maths, and what
// happens on a click. One listener on the document serves every answer.
import { cite, showNote, showSource } from "./cite.js";
import { codeOf, dressCode, press } from "./code.js";
import { safeImage, toFragment } from "./safe.js";

// Colouring is quadratic in places and nobody reads a megabyte of it.
const LONGEST_CODE = 60_000;

/** @param {() => void} work */
const idle = (work) =>
  "requestIdleCallback" in window
    ? requestIdleCallback(work, { timeout: 1000 })
    : setTimeout(work, 30);

// --- colours ----------------------------------------------------------------

/** @type {HTMLElement[]} */
const waiting = [];
let colouring = false;
/** @type {IntersectionObserver | undefined} */
let nearby;

/** @param {HTMLElement} code */
function watch(code) {
  // Code far from what is on the screen stays plain until somebody comes near it.
  nearby ??= new IntersectionObserver(
    (entries, observer) => {
      for (const { isIntersecting, target } of entries) {
        if (!isIntersecting) continue;
        observer.unobserve(target);
        waiting.push(codeOf(target));
      }
      if (waiting.length && !colouring) {
        colouring = true;
        idle(colourNext);
      }
    },
    { rootMargin: "600px 0px", scrollMargin: "600px 0px" },
  );
  nearby.observe(/** @type {HTMLElement} */ (code.closest(".lu-md-code")));
}

async function colourNext() {
  const code = waiting.shift();
  if (code?.isConnected) {
    const { highlight } = await import("./highlight.js");
    const html = highlight(code.textContent, code.dataset.lang ?? "");
    if (html !== null) code.replaceChildren(toFragment(html, "code"));
  }
  if (waiting.length) idle(colourNext);
  else colouring = false;
}

/** @param {ParentNode} root */
function colour(root) {
  for (const code of root.querySelectorAll(".lu-md-code code[data-lang]:not([data-lang=''])")) {
    if (code.dataset.seen) continue;
    code.dataset.seen = "1";
    if (code.textContent.length <= LONGEST_CODE) watch(code);
  }
}

// --- maths ------------------------------------------------------------------

/** @type {typeof import("./math.js") | undefined} */
let katex;
/** @type {Promise<void> | undefined} */
let loading;
/** @type {Map<string, DocumentFragment>} */
const formulas = new Map();

/**
 * @param {typeof import("./math.js")} math
 * @param {string} tex
 * @param {boolean} display
 */
function formula({ toMath }, tex, display) {
  const key = (display ? "D" : "T") + tex;
  let made = formulas.get(key);
  if (!made) {
    made = toFragment(toMath(tex, display), "math");
    if (formulas.size > 500) formulas.clear();
    formulas.set(key, made);
  }
  return made.cloneNode(true);
}

/** @param {ParentNode} root */
function setMath(root) {
  const pending = root.querySelectorAll(".lu-md-math:not(.lu-md-math-set)");
  if (!pending.length) return;
  if (!katex) {
    loading ??= import("./math.js").then((module) => {
      katex = module;
      setMath(document);
    });
    return;
  }
  for (const element of pending) {
    const { tex = "", display } = element.dataset;
    element.replaceChildren(formula(katex, tex, display === "1"));
    element.classList.add("lu-md-math-set");
  }
}

// --- the outline ------------------------------------------------------------

const HEADINGS = "h1, h2, h3, h4, h5, h6";
// An answer stands below the heading that names its model.
const ABOVE = 2;
const DEEPEST = 6;

/**
 * Gives headings the level they have on the page. `above` are the depths of those that the
 * next one may stand below: models begin anywhere and skip what they like.
 *
 * @param {Element} root
 * @param {number[]} above
 */
function outline(root, above) {
  for (const heading of [
    ...(root.matches(HEADINGS) ? [root] : []),
    ...root.querySelectorAll(HEADINGS),
  ]) {
    const depth = Number(heading.tagName[1]);
    while (above.length && above[above.length - 1] >= depth) above.pop();
    above.push(depth);
    heading.setAttribute("aria-level", String(Math.min(ABOVE + above.length, DEEPEST)));
  }
}

// --- clicks -----------------------------------------------------------------

/** @type {WeakMap<Element, Lu.ProseLabels>} */
const labelsOf = new WeakMap();
/** @type {WeakMap<Element, Map<number, Lu.Source>>} */
const sourcesOf = new WeakMap();
/** @type {Set<string>} */
const shown = new Set();
let listening = false;

/** @param {HTMLElement} button */
function showImage(button) {
  const { src = "" } = button.dataset;
  const image = safeImage(src);
  if (!image?.ask) return;
  const img = document.createElement("img");
  img.alt = button.querySelector(".lu-md-img-alt")?.textContent ?? "";
  img.referrerPolicy = "no-referrer";
  img.src = image.ask;
  shown.add(src);
  button.replaceWith(img);
}

const BUTTONS = ["copy", "save", "wrap", "fold", "img", "cite", "ref"].map(
  (name) => `.lu-md .lu-md-${name}`,
);

/** @param {MouseEvent} event */
function onClick(event) {
  const button = event.target instanceof Element && event.target.closest(BUTTONS.join(", "));
  if (!button) return;
  event.preventDefault();
  if (button.matches(".lu-md-cite")) showSource(button);
  else if (button.matches(".lu-md-ref")) showNote(button);
  else if (button.matches(".lu-md-img")) showImage(button);
  else {
    const answer = /** @type {HTMLElement} */ (button.closest(".lu-md"));
    press(button, /** @type {Lu.ProseLabels} */ (labelsOf.get(answer)));
  }
}

/**
 * What the citations in a container may name: sources by number.
 *
 * @param {Element} container
 * @param {Lu.Source[]} sources
 */
export function setSources(container, sources) {
  sourcesOf.set(container, new Map(sources.map((source) => [Number(source.number), source])));
}

/**
 * The dressing of one answer's container, in the reader's language.
 *
 * @param {Element} container
 * @param {Lu.ProseLabels} labels
 * @returns {Lu.Dress}
 */
export function dresser(container, labels) {
  labelsOf.set(container, labels);
  if (!listening) document.addEventListener("click", onClick);
  listening = true;
  /** @type {number[]} */
  let above = [];
  return (root, final) => {
    dressCode(root, labels, final);
    for (const button of root.querySelectorAll(".lu-md-img")) {
      if (shown.has(button.dataset.src ?? "")) showImage(button);
      else button.dataset.tip = labels.loadImage;
    }
    for (const button of root.querySelectorAll(".lu-md-ref")) {
      // By a function: in a text a "$&" would mean something.
      const words = (labels.footnote ?? "").replace("{name}", () => button.dataset.note ?? "");
      button.setAttribute("aria-label", words);
    }
    setMath(root);
    cite(root, sourcesOf.get(container), labels.source);
    if (!final) return;
    if (root === container) above = [];
    outline(/** @type {Element} */ (root), above);
    colour(root);
  };
}
