// What the chips and the library share: how a file is shown.
import { useState } from "react";

import { Icon } from "../chat/icons.jsx";

/**
 * @param {string} text
 * @param {Record<string, string | number>} values
 */
export const fill = (text, values) =>
  text.replace(/\{(\w+)\}/g, (_, name) => String(values[name] ?? ""));

/** @type {[RegExp, string | null][]} */
const KINDS = [
  [/pdf$/, "PDF"],
  [/wordprocessingml/, "Word"],
  [/spreadsheetml/, "Excel"],
  [/presentationml/, "PowerPoint"],
  [/html$/, "HTML"],
  [/^image\/(\w+)$/, null],
];

/**
 * What a file is, in a word that every language has.
 *
 * @param {Lu.File} file
 */
export function kindOf({ media_type: type }) {
  for (const [pattern, name] of KINDS) {
    const found = pattern.exec(type ?? "");
    if (found) return name ?? found[1].toUpperCase();
  }
  return "Text";
}

/**
 * A thumbnail of an image, a page for everything else.
 *
 * @param {{ file: Partial<Lu.Upload> }} props
 */
export function Picture({ file }) {
  const [broken, setBroken] = useState(false);
  const source = file.preview || (file.id ? `/api/v1/files/${file.id}/content?inline=true` : "");
  if (file.kind !== "image" || !source || broken) return <Icon name="file" size={18} />;
  return (
    <img src={source} alt="" loading="lazy" decoding="async" onError={() => setBroken(true)} />
  );
}
