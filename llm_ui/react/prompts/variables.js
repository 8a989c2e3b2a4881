// {{names}} in a prompt's text: found, and filled in. The same rule as services/prompts/prompts.py.
const VARIABLE = /\{\{\s*([^{}\s](?:[^{}\n]{0,38}[^{}\s])?)\s*\}\}/g;

/**
 * The names, each once, in the order of their first use.
 *
 * @param {string} text
 */
export const variablesOf = (text) => [...new Set([...text.matchAll(VARIABLE)].map((m) => m[1]))];

/**
 * The text with the values of an object by name; what has none stays as it is.
 *
 * @param {string} text
 * @param {Record<string, string>} values
 */
export const fillIn = (text, values) =>
  text.replace(VARIABLE, (whole, name) => (Object.hasOwn(values, name) ? values[name] : whole));
