// Loaded when the first formula appears; fonts and styles come with it.
import katex from "katex";
// \ce and \pu, for chemistry and for units.
import "katex/contrib/mhchem";
import "katex/dist/katex.min.css";

/**
 * @param {string} tex
 * @param {boolean} display
 */
export function toMath(tex, display) {
  return katex.renderToString(tex, {
    displayMode: display,
    throwOnError: false,
    errorColor: "currentColor",
    trust: false,
    strict: "ignore",
    maxSize: 20,
    maxExpand: 500,
  });
}
