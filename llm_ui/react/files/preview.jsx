// What was read in a file, without leaving the page: the text that models get, piece by piece.
import { useEffect, useEffectEvent, useRef, useState } from "react";

import { Icon } from "../chat/icons.jsx";
import { backendOrigin } from "../session/backend.js";
import { sizeOf } from "./size.js";
import { read } from "./rest.js";
import { Download } from "./viewer.jsx";

/** @type {{ text: string, next: number | null, state: string, error?: string }} */
const NOTHING = { text: "", next: 0, state: "loading" };

/**
 * A dialog that is open for as long as it is there. Labels: close, download, more, reading,
 * load_failed, no_text.
 *
 * @param {{ file: Lu.File, labels: Lu.Labels, onShut: () => void }} props
 */
export function Preview({ file, labels, onShut }) {
  const dialog = useRef(/** @type {HTMLDialogElement} */ (/** @type {unknown} */ (null)));
  const asked = useRef(/** @type {AbortController | null} */ (null));
  const [shown, setShown] = useState(NOTHING);
  const [about, setAbout] = useState(file);

  /** @param {number} from */
  const load = (from) => {
    asked.current?.abort();
    asked.current = new AbortController();
    const { signal } = asked.current;
    setShown((now) => ({ ...now, state: "loading" }));
    read(backendOrigin(), `/api/v1/files/${encodeURIComponent(file.id)}/text?start=${from}`, signal)
      .then(({ text, next }) => {
        if (!signal.aborted) setShown((now) => ({ text: now.text + text, next, state: "ready" }));
      })
      .catch(({ message }) => {
        if (!signal.aborted) setShown((now) => ({ ...now, state: "failed", error: message }));
      });
  };

  const begin = useEffectEvent(() => {
    dialog.current.showModal();
    // It may have been read, or deleted, since the page was drawn.
    read(backendOrigin(), `/api/v1/files/${encodeURIComponent(file.id)}`)
      .then(setAbout)
      .catch(() => {});
    load(0);
  });
  useEffect(() => {
    begin();
    return () => asked.current?.abort();
  }, []);

  const shut = () => dialog.current.close();
  const empty = shown.state === "ready" && !shown.text;
  const words = about.status === "waiting" ? labels.reading : about.error || labels.no_text;
  return (
    <dialog
      ref={dialog}
      className="lu-dialog lu-preview"
      aria-label={file.name}
      data-testid="file-preview"
      onClose={onShut}
      onClick={(event) => event.target === dialog.current && shut()}
    >
      <div className="lu-preview__inside">
        <header className="lu-preview__head">
          <div className="lu-grow">
            <h2 className="lu-preview__name">{file.name}</h2>
            <p className="lu-preview__about">
              {sizeOf(file.size, document.documentElement.lang || "en")}
            </p>
          </div>
          <Download file={file} label={labels.download} className="" testId="preview-download" />
          <button
            type="button"
            className="lu-icon-button"
            aria-label={labels.close}
            data-tip={labels.close}
            data-testid="preview-close"
            onClick={shut}
          >
            <Icon name="cross" size={18} />
          </button>
        </header>
        {about.note && (
          <p className="lu-note lu-preview__note" data-testid="preview-note">
            {about.note}
          </p>
        )}
        <div className="lu-preview__body" tabIndex={0} aria-busy={shown.state === "loading"}>
          {shown.text && (
            <pre className="lu-preview__text" dir="auto" data-testid="preview-text">
              {shown.text}
            </pre>
          )}
          {empty && <p className="lu-note">{words}</p>}
          {shown.state === "failed" && (
            <p className="lu-note" role="alert">
              {shown.error || labels.load_failed}
            </p>
          )}
          {shown.state !== "loading" && shown.next !== null && (
            <button
              type="button"
              className="lu-button lu-button--plain"
              data-testid="preview-more"
              onClick={() => load(shown.next ?? 0)}
            >
              {labels.more}
            </button>
          )}
        </div>
      </div>
    </dialog>
  );
}
