// The files of a question: images to look at, everything else by its name; each opens here.
import { useEffect, useState } from "react";

import { Picture } from "./parts.jsx";
import { Preview } from "./preview.jsx";
import { sizeOf } from "./size.js";
import { Viewer, contentOf } from "./viewer.jsx";

/** @typedef {{ file?: Lu.File, number?: number }} Open */
/**
 * @typedef {{
 *   open: Open | null, images: Lu.File[], labels: Lu.Labels, onShut: () => void
 * }} OpenedProps
 */

/** @type {Lu.File[]} */
const NOTHING = [];

/** @param {{ file: Lu.File, labels: Lu.Labels, onOpen: () => void }} props */
function Thumbnail({ file, labels, onOpen }) {
  const [gone, setGone] = useState(false);
  return (
    <li className="lu-shot">
      <button
        type="button"
        className="lu-shot__open"
        data-tip={file.name}
        aria-label={`${labels.enlarge}: ${file.name}`}
        data-testid="message-image"
        onClick={onOpen}
      >
        {gone ? (
          <span className="lu-shot__gone">{labels.gone}</span>
        ) : (
          <img
            src={`${contentOf(file)}?inline=true`}
            alt={file.name}
            loading="lazy"
            decoding="async"
            className="lu-shot__image"
            onError={() => setGone(true)}
          />
        )}
      </button>
    </li>
  );
}

/** @param {{ file: Lu.File, onOpen: () => void }} props */
function Document({ file, onOpen }) {
  // The page's language is known in the browser only.
  const [size, setSize] = useState("");
  useEffect(() => {
    setSize(sizeOf(file.size, document.documentElement.lang || "en"));
  }, [file.size]);
  return (
    <li>
      <button
        type="button"
        className="lu-file"
        data-tip={file.name}
        data-testid="message-file"
        onClick={onOpen}
      >
        <span className="lu-file__picture">
          <Picture file={file} />
        </span>
        <span className="lu-stack lu-grow">
          <span className="lu-file__name">{file.name}</span>
          <span className="lu-file__about">{size}</span>
        </span>
      </button>
    </li>
  );
}

/**
 * Labels: attached, enlarge, and those of the viewer and the preview.
 *
 * @param {{ files?: Lu.File[], labels?: Lu.Labels }} props
 */
export function Attached({ files = NOTHING, labels = {} }) {
  const [open, setOpen] = useState(/** @type {Open | null} */ (null));
  const images = files.filter((file) => file.kind === "image");
  const others = files.filter((file) => file.kind !== "image");
  if (!files.length) return null;
  return (
    <>
      {images.length > 0 && (
        <ul className="lu-shots" aria-label={labels.images} data-count={Math.min(images.length, 4)}>
          {images.map((file, number) => (
            <Thumbnail
              key={file.id}
              file={file}
              labels={labels}
              onOpen={() => setOpen({ number })}
            />
          ))}
        </ul>
      )}
      {others.length > 0 && (
        <ul className="lu-files" aria-label={labels.attached}>
          {others.map((file) => (
            <Document key={file.id} file={file} onOpen={() => setOpen({ file })} />
          ))}
        </ul>
      )}
      <Opened open={open} images={images} labels={labels} onShut={() => setOpen(null)} />
    </>
  );
}

/** @param {OpenedProps} props */
function Opened({ open, images, labels, onShut }) {
  if (open?.file) return <Preview file={open.file} labels={labels} onShut={onShut} />;
  const number = open?.number ?? -1;
  if (!images[number]) return null;
  /** @param {number} at */
  const nameOf = (at) => images[at].name;
  return <Viewer files={images} start={number} altOf={nameOf} labels={labels} onShut={onShut} />;
}

/**
 * A file's name that opens it.
 *
 * @param {{ file: Lu.File, labels?: Lu.Labels }} props
 */
export function FileName({ file, labels = {} }) {
  const [open, setOpen] = useState(false);
  const images = file.kind === "image" ? [file] : NOTHING;
  const shown = images.length ? { number: 0 } : { file };
  return (
    <>
      <button
        type="button"
        className="lu-library__name"
        data-tip={file.name}
        data-testid="file-name"
        onClick={() => setOpen(true)}
      >
        {file.name}
      </button>
      <Opened
        open={open ? shown : null}
        images={images}
        labels={labels}
        onShut={() => setOpen(false)}
      />
    </>
  );
}
