// How large a file is, in words: 512 B, 34 kB, 1.2 MB.
const UNITS = ["byte", "kilobyte", "megabyte", "gigabyte"];

export function sizeOf(bytes, language) {
  let [value, unit] = [bytes, 0];
  while (value >= 1000 && unit < UNITS.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return new Intl.NumberFormat(language, {
    style: "unit",
    unit: UNITS[unit],
    unitDisplay: unit ? "short" : "narrow",
    maximumFractionDigits: unit > 1 && value < 100 ? 1 : 0,
  }).format(value);
}
