// What the chips and the library share: how a file is shown.
import { useState } from "react";

import { Icon } from "../chat/icons.jsx";

export const fill = (text, values) => text.replace(/\{(\w+)\}/g, (_, name) => values[name] ?? "");

/** A thumbnail of an image, a page for everything else. */
export function Picture({ file }) {
  const [broken, setBroken] = useState(false);
  const source = file.preview || (file.id ? `/api/v1/files/${file.id}/content?inline=true` : "");
  if (file.kind !== "image" || !source || broken) return <Icon name="file" size={18} />;
  return <img src={source} alt="" loading="lazy" decoding="async" onError={() => setBroken(true)} />;
}
