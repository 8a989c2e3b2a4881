// Images that a model makes: what stands there while one waits, the images, and one of them
// large.
import { useEffect, useState } from "react";

import { Download, Viewer, contentOf } from "../files/viewer.jsx";

// Whoever waits a moment only need not read a clock.
const PATIENCE_S = 3;
/** @type {Lu.File[]} */
const NOTHING = [];

/** @param {{ label?: string, since?: string }} props */
export function Making({ label = "", since = "" }) {
  const [seconds, setSeconds] = useState(0);
  useEffect(() => {
    const here = Date.now();
    const begun = Date.parse(since);
    // Another clock than this one may go wrong by hours.
    const from = begun <= here && here - begun < 3_600_000 ? begun : here;
    const timer = setInterval(() => setSeconds(Math.floor((Date.now() - from) / 1000)), 1000);
    return () => clearInterval(timer);
  }, [since]);
  return (
    <div className="lu-making" data-testid="making-image">
      <span className="lu-making__words">{label}</span>
      {seconds >= PATIENCE_S && (
        <span className="lu-making__time" aria-hidden="true">
          {seconds < 60 ? `${seconds} s` : `${Math.floor(seconds / 60)} min ${seconds % 60} s`}
        </span>
      )}
    </div>
  );
}

/** @param {{ file: Lu.File, alt: string, labels: Lu.Labels, onOpen: () => void }} props */
function Picture({ file, alt, labels, onOpen }) {
  const [state, setState] = useState("");
  if (state === "gone") return <p className="lu-note">{labels.gone}</p>;
  return (
    <figure className="lu-picture" data-state={state}>
      <button
        type="button"
        className="lu-picture__open"
        data-tip={labels.enlarge}
        data-testid="picture-open"
        onClick={onOpen}
      >
        <img
          src={`${contentOf(file)}?inline=true`}
          alt={alt}
          decoding="async"
          className="lu-picture__image"
          data-testid="picture"
          onLoad={() => setState("there")}
          onError={() => setState("gone")}
        />
      </button>
      <Download file={file} label={labels.download} />
    </figure>
  );
}

/** @param {{ files?: Lu.File[], alt?: string, labels?: Lu.Labels }} props */
export function Pictures({ files = NOTHING, alt = "", labels = {} }) {
  const [open, setOpen] = useState(/** @type {number | null} */ (null));
  if (!files.length) return <p className="lu-note">{labels.gone}</p>;
  /** @param {number} number */
  const words = (number) => (files.length > 1 ? `${alt} (${number + 1})` : alt);
  return (
    <div className="lu-pictures">
      {files.map((file, number) => (
        <Picture
          key={file.id}
          file={file}
          alt={words(number)}
          labels={labels}
          onOpen={() => setOpen(number)}
        />
      ))}
      {open !== null && files[open] && (
        <Viewer
          files={files}
          start={open}
          altOf={words}
          labels={labels}
          onShut={() => setOpen(null)}
        />
      )}
    </div>
  );
}
