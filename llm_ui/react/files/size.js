// How large a file is, in words: 512 bytes, 34 kB, 1.2 MB.
const UNITS = ["kilobyte", "megabyte", "gigabyte"];

/**
 * A number stays on the line of its unit.
 *
 * @param {number} value
 * @param {string} language
 * @param {Intl.NumberFormatOptions} options
 */
const written = (value, language, options) =>
  new Intl.NumberFormat(language, { style: "unit", ...options })
    .format(value)
    .replaceAll(" ", "\u00a0");

/**
 * @param {number} bytes
 * @param {string} language
 */
export function sizeOf(bytes, language) {
  if (bytes < 1000) return written(bytes, language, { unit: "byte", unitDisplay: "long" });
  let [value, unit] = [bytes / 1024, 0];
  while (value >= 1000 && unit < UNITS.length - 1) {
    value /= 1024;
    unit += 1;
  }
  const maximumFractionDigits = unit && value < 100 ? 1 : 0;
  return written(value, language, {
    unit: UNITS[unit],
    unitDisplay: "short",
    maximumFractionDigits,
  });
}
