// How large a file is, in words: 512 B, 34 kB, 1.2 MB.
const UNITS = ["kB", "MB", "GB"];

export function sizeOf(bytes, language) {
  if (bytes < 1000) return `${bytes}\u00a0B`;
  let [value, unit] = [bytes / 1024, 0];
  while (value >= 1000 && unit < UNITS.length - 1) {
    value /= 1024;
    unit += 1;
  }
  const digits = unit && value < 100 ? 1 : 0;
  const number = new Intl.NumberFormat(language, { maximumFractionDigits: digits });
  return `${number.format(value)}\u00a0${UNITS[unit]}`;
}
