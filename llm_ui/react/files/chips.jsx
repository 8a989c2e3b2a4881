// Files on their way to the server, and how they do: name, size, progress, what went wrong.
import { useEffect, useRef, useState } from "react";

import { Icon } from "../chat/icons.jsx";
import { backendOrigin } from "../session/backend.js";
import { sizeOf } from "./size.js";
import { Uploads } from "./upload.js";

const fill = (text, values) => text.replace(/\{(\w+)\}/g, (_, name) => values[name] ?? "");

/** [list, uploads]: the files of this component, kept as long as it lives. */
export function useUploads(labels) {
  const [list, show] = useState([]);
  const uploads = useRef(null);
  uploads.current ??= new Uploads({ changed: show });
  const mine = uploads.current;
  mine.words = { tooLarge: labels.tooLarge, unreachable: labels.unreachable };
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
      if (event.dataTransfer.files.length) taking.current(event.dataTransfer.files);
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
  if (file.status === "ready") return sizeOf(file.size, document.documentElement.lang || "en");
  return file.error || labels.unreachable;
}

function Picture({ file }) {
  const [broken, setBroken] = useState(false);
  const source = file.preview || (file.id ? `/api/v1/files/${file.id}/content?inline=true` : "");
  if (file.kind !== "image" || !source || broken) return <Icon name="file" size={18} />;
  return <img src={source} alt="" onError={() => setBroken(true)} />;
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
        <span className="lu-chip-name" title={file.name}>
          {file.name}
        </span>
        <span className="lu-chip-about" role={bad ? "alert" : undefined}>
          {about(file, labels)}
        </span>
      </span>
      {file.status === "refused" && file.blob && !file.final && (
        <button
          type="button"
          className="lu-chip-button"
          aria-label={`${labels.retry}: ${file.name}`}
          title={labels.retry}
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
        title={fill(labels.remove, { name: file.name })}
        data-testid="file-remove"
        onClick={() => uploads.remove(file.key)}
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
  if (!list.length) return null;
  return (
    <ul className="lu-chips" aria-label={labels.attached}>
      {list.map((file) => (
        <Chip key={file.key} file={file} labels={labels} uploads={uploads} />
      ))}
    </ul>
  );
}

export function PickButton({ label, onFiles, children, className, testId }) {
  const input = useRef(null);
  return (
    <>
      <button
        type="button"
        className={className}
        aria-label={label}
        title={label}
        data-testid={testId}
        onClick={() => input.current.click()}
      >
        {children}
      </button>
      <input
        ref={input}
        type="file"
        multiple
        hidden
        tabIndex={-1}
        aria-hidden="true"
        data-testid={`${testId}-input`}
        onChange={({ target }) => {
          if (target.files.length) onFiles(target.files);
          // The same file may be picked again.
          target.value = "";
        }}
      />
    </>
  );
}

/** The library's way in: a button, the whole page as a place to drop, and what is under way. */
export function UploadBox({ labels, onDone }) {
  const [list, uploads] = useUploads(labels);
  const over = useDrop((files) => uploads.add(files));
  const seen = useRef(new Set());

  // What has arrived stands in the library's list; what has not stays here and says why.
  const missing = list.filter((file) => !file.id);
  useEffect(() => {
    let news = false;
    for (const file of list) {
      if (!file.id) continue;
      news ||= !seen.current.has(file.id) || file.status !== "waiting";
      seen.current.add(file.id);
      if (file.status !== "waiting") uploads.remove(file.key);
    }
    if (news) onDone?.();
  }, [list]);

  return (
    <>
      <PickButton
        label={labels.upload}
        className="lu-button lu-button--primary"
        testId="upload"
        onFiles={(files) => uploads.add(files)}
      >
        <Icon name="plus" />
        <span className="lu-upload-word">{labels.upload}</span>
      </PickButton>
      <div className="lu-uploads">
        <Chips list={missing} labels={labels} uploads={uploads} />
      </div>
      <DropVeil shown={over} words={labels.drop} />
    </>
  );
}
