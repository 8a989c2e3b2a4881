// The textarea that messages are written in, however much is pasted into it.

// Texts of this size are not measured or spell-checked while they are edited.
export const LARGE = 20_000;
// What is pasted beyond this becomes a file: a textarea would freeze over it.
const PASTED_CHARS = 50_000;
const PASTED_LINES = 2_000;
// What browsing would read; the server has the last word.
const LINK = /\bhttps?:\/\/[^\s/]/i;

/** @param {string} text */
export const isLong = (text) =>
  text.length > PASTED_CHARS || text.split("\n", PASTED_LINES + 1).length > PASTED_LINES;

const grows = typeof CSS !== "undefined" && CSS.supports?.("field-sizing", "content");

/**
 * Gives `area` the height of its text, and tells its form whether there is a link in it.
 *
 * @param {HTMLTextAreaElement} area
 */
export function fit(area) {
  const large = area.value.length > LARGE;
  area.form?.toggleAttribute("data-link", LINK.test(area.value.slice(0, LARGE)));
  area.classList.toggle("lu-composer-large", large);
  area.spellcheck = !large;
  if (grows) return;
  area.style.height = "auto";
  area.style.height = large ? "" : `${area.scrollHeight}px`;
}
