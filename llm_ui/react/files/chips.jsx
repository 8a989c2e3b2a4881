// Files on their way to the server, and how they do: name, size, progress, what went wrong.
import { useEffect, useRef, useState } from "react";

import { Icon } from "../chat/icons.jsx";
import { backendOrigin } from "../session/backend.js";
import { IMAGES } from "./blind.jsx";
import { Picture, fill } from "./parts.jsx";
import { sizeOf } from "./size.js";
import { Uploads, filesOf } from "./upload.js";

/** [list, uploads]: the files of this component, kept as long as it lives. */
export function useUploads(labels) {
  const [list, show] = useState([]);
  const uploads = useRef(null);
  uploads.current ??= new Uploads({ changed: show });
  const mine = uploads.current;
  mine.words = labels;
  useEffect(() => {
    mine.origin = backendOrigin();
    mine.over = false;
    return () => mine.close();
  }, [mine]);
  return [list, mine];
}

/** Calls `take(files)` for files dropped anywhere on the page; true while some are over it. */
export function useDrop(take) {
  const [over, setOver] = useState(false);
  const taking = useRef(take);
  taking.current = take;
  useEffect(() => {
    // Entering a child comes before leaving its parent: only a count knows when all is left.
    let depth = 0;
    const holds = (event) => [...(event.dataTransfer?.types ?? [])].includes("Files");
    const enter = (event) => {
      if (!holds(event)) return;
      event.preventDefault();
      depth += 1;
      setOver(true);
    };
    const leave = (event) => {
      if (!holds(event)) return;
      depth = Math.max(0, depth - 1);
      if (!depth) setOver(false);
    };
    const hover = (event) => holds(event) && event.preventDefault();
    const drop = (event) => {
      if (!holds(event)) return;
      event.preventDefault();
      depth = 0;
      setOver(false);
      const files = filesOf(event.dataTransfer);
      if (files.length) taking.current(files);
    };
    const all = { dragenter: enter, dragleave: leave, dragover: hover, drop };
    for (const [name, listener] of Object.entries(all)) window.addEventListener(name, listener);
    return () => {
      for (const [name, listener] of Object.entries(all)) window.removeEventListener(name, listener);
    };
  }, []);
  return over;
}

export function DropVeil({ shown, words }) {
  if (!shown) return null;
  return (
    <div className="lu-drop" data-testid="drop-zone">
      <p className="lu-drop-words">
        <Icon name="clip" size={20} />
        {words}
      </p>
    </div>
  );
}

function about(file, labels) {
  if (file.status === "uploading" || file.status === "queued") {
    return fill(labels.uploading, { percent: file.percent ?? 0 });
  }
  if (file.status === "waiting") return labels.reading;
  if (file.status === "ready") {
    return file.note || sizeOf(file.size, document.documentElement.lang || "en");
  }
  return file.error || labels.unreachable;
}

function Chip({ file, labels, uploads }) {
  const bad = file.status === "failed" || file.status === "refused";
  const busy = !bad && file.status !== "ready";
  return (
    <li className="lu-chip" data-status={file.status} data-testid="file-chip">
      <span className="lu-chip-picture">
        <Picture file={file} />
      </span>
      <span className="lu-chip-words">
        <span className="lu-chip-name" data-tip={file.name}>
          {file.name}
        </span>
        <span className="lu-chip-about" data-note={Boolean(file.note)} role={bad ? "alert" : undefined}>
          {about(file, labels)}
        </span>
      </span>
      {file.status === "refused" && file.blob && !file.final && (
        <button
          type="button"
          className="lu-chip-button"
          aria-label={`${labels.retry}: ${file.name}`}
          data-tip={labels.retry}
          data-testid="file-retry"
          onClick={() => uploads.retry(file.key)}
        >
          <Icon name="again" />
        </button>
      )}
      <button
        type="button"
        className="lu-chip-button"
        aria-label={fill(labels.remove, { name: file.name })}
        data-tip={fill(labels.remove, { name: file.name })}
        data-testid="file-remove"
        onClick={() => uploads.discard(file.key)}
      >
        <Icon name="cross" />
      </button>
      {busy && (
        <progress
          className="lu-chip-progress"
          max={100}
          value={file.status === "waiting" ? undefined : file.percent}
          aria-label={file.name}
        />
      )}
    </li>
  );
}

export function Chips({ list, labels, uploads }) {
  const box = useRef(null);
  // What came last is what one wants to see, also when it says at length why it failed.
  const last = list.length ? `${list.at(-1).key} ${list.at(-1).status}` : "";
  useEffect(() => {
    if (last) box.current.scrollTop = box.current.scrollHeight;
  }, [last]);
  // Whoever stands beside the composer says what a model cannot look at.
  const images = list.filter((file) => file.kind === "image" && file.status !== "refused").length;
  useEffect(() => {
    if (!labels.tellsImages) return undefined;
    const tell = (detail) => window.dispatchEvent(new CustomEvent(IMAGES, { detail }));
    tell(images);
    return () => tell(0);
  }, [images, labels.tellsImages]);
  if (!list.length) return null;
  return (
    <ul ref={box} className="lu-chips" aria-label={labels.attached}>
      {list.map((file) => (
        <Chip key={file.key} file={file} labels={labels} uploads={uploads} />
      ))}
    </ul>
  );
}
