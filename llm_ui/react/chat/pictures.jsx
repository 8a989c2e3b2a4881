// Images that a model makes: what stands there while one waits, the images, and one of them
// large. Their addresses are made of ids here, and so lead to this server alone.
import { useEffect, useRef, useState } from "react";

import { Icon } from "./icons.jsx";

// Whoever waits a moment only need not read a clock.
const PATIENCE_S = 3;
const NOTHING = [];

const contentOf = (file) => `/api/v1/files/${encodeURIComponent(file.id)}/content`;

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

function Download({ file, label }) {
  return (
    <a
      className="lu-icon-button lu-picture__button"
      href={contentOf(file)}
      download={file.name}
      aria-label={label}
      data-tip={label}
      data-testid="picture-download"
    >
      <Icon name="download" size={18} />
    </a>
  );
}

function Viewer({ file, alt, labels, onShut }) {
  const dialog = useRef(null);
  useEffect(() => {
    dialog.current.showModal();
  }, []);
  const shut = () => dialog.current.close();
  return (
    <dialog
      ref={dialog}
      className="lu-viewer"
      aria-label={alt}
      data-testid="picture-viewer"
      onClose={onShut}
      onClick={(event) => event.target === dialog.current && shut()}
    >
      <div className="lu-viewer__bar">
        <Download file={file} label={labels.download} />
        <button
          type="button"
          className="lu-icon-button lu-picture__button"
          aria-label={labels.close}
          data-tip={labels.close}
          data-testid="picture-close"
          onClick={shut}
        >
          <Icon name="cross" size={18} />
        </button>
      </div>
      <img src={`${contentOf(file)}?inline=true`} alt={alt} className="lu-viewer__image" />
    </dialog>
  );
}

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

export function Pictures({ files = NOTHING, alt = "", labels = {} }) {
  const [open, setOpen] = useState(null);
  if (!files.length) return <p className="lu-note">{labels.gone}</p>;
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
        <Viewer file={files[open]} alt={words(open)} labels={labels} onShut={() => setOpen(null)} />
      )}
    </div>
  );
}
