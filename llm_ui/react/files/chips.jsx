// Files on their way to the server, and how they do: name, size, progress, what went wrong.
import { useEffect, useRef, useState } from "react";

import { Icon } from "../chat/icons.jsx";
import { backendOrigin } from "../session/backend.js";
import { IMAGES } from "./blind.jsx";
import { Picture, fill } from "./parts.jsx";
import { sizeOf } from "./size.js";
import { Uploads, filesOf } from "./upload.js";

/**
 * [list, uploads]: the files of this component, kept as long as it lives.
 *
 * @param {Lu.Labels} labels
 * @returns {[Lu.Upload[], Uploads]}
 */
export function useUploads(labels) {
  const [list, show] = useState(/** @type {Lu.Upload[]} */ ([]));
  const uploads = useRef(/** @type {Uploads | null} */ (null));
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

/**
 * Calls `take(files)` for files dropped anywhere on the page; true while some are over it.
 *
 * @param {(files: File[]) => void} take
 */
export function useDrop(take) {
  const [over, setOver] = useState(false);
  const taking = useRef(take);
  taking.current = take;
  useEffect(() => {
    // Entering a child comes before leaving its parent: only a count knows when all is left.
    let depth = 0;
    /** @param {DragEvent} event */
    const holds = (event) => [...(event.dataTransfer?.types ?? [])].includes("Files");
    /** @param {DragEvent} event */
    const enter = (event) => {
      if (!holds(event)) return;
      event.preventDefault();
      depth += 1;
      setOver(true);
    };
    /** @param {DragEvent} event */
    const leave = (event) => {
      if (!holds(event)) return;
      depth = Math.max(0, depth - 1);
      if (!depth) setOver(false);
    };
    /** @param {DragEvent} event */
    const hover = (event) => {
      if (holds(event)) event.preventDefault();
    };
    /** @param {DragEvent} event */
    const drop = (event) => {
      if (!holds(event)) return;
      event.preventDefault();
      depth = 0;
      setOver(false);
      const files = event.dataTransfer ? filesOf(event.dataTransfer) : [];
      if (files.length) taking.current(files);
    };
    /** @type {["dragenter" | "dragleave" | "dragover" | "drop", (event: DragEvent) => void][]} */
    const all = [
      ["dragenter", enter],
      ["dragleave", leave],
      ["dragover", hover],
      ["drop", drop],
    ];
    for (const [name, listener] of all) window.addEventListener(name, listener);
    return () => {
      for (const [name, listener] of all) window.removeEventListener(name, listener);
    };
  }, []);
  return over;
}

/** @param {{ shown: boolean, words?: string }} props */
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

/**
 * @param {Lu.Upload} file
 * @param {Lu.Labels} labels
 */
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

/** @param {{ file: Lu.Upload, labels: Lu.Labels, uploads: Uploads }} props */
function Chip({ file, labels, uploads }) {
  const bad = file.status === "failed" || file.status === "refused";
  const busy = !bad && file.status !== "ready";
  return (
    <li className="lu-chip" data-status={file.status} data-testid="file-chip">
      <span className="lu-chip-picture">
        <Picture file={file} />
      </span>
      <span className="lu-stack lu-grow">
        <span className="lu-chip-name" data-tip={file.name}>
          {file.name}
        </span>
        <span
          className="lu-chip-about"
          data-note={Boolean(file.note)}
          role={bad ? "alert" : undefined}
        >
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

/** @param {{ list: Lu.Upload[], labels: Lu.Labels, uploads: Uploads }} props */
export function Chips({ list, labels, uploads }) {
  const box = useRef(/** @type {HTMLUListElement} */ (/** @type {unknown} */ (null)));
  // What came last is what one wants to see, also when it says at length why it failed.
  const newest = list.at(-1);
  const last = newest ? `${newest.key} ${newest.status}` : "";
  useEffect(() => {
    if (last) box.current.scrollTop = box.current.scrollHeight;
  }, [last]);
  // Whoever stands beside the composer says what a model cannot look at.
  const images = list.filter((file) => file.kind === "image" && file.status !== "refused").length;
  useEffect(() => {
    if (!labels.tellsImages) return undefined;
    /** @param {number} detail */
    const tell = (detail) => window.dispatchEvent(new CustomEvent(IMAGES, { detail }));
    tell(images);
    return () => {
      tell(0);
    };
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
