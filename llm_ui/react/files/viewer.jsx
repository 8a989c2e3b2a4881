// Images one at a time over the whole page: arrows go on to the next, a click shows one in its
// own size and back, Esc closes. Their addresses are made of ids, and so lead to this server.
import { useEffect, useRef, useState } from "react";

import { Icon } from "../chat/icons.jsx";
import { fill } from "./parts.jsx";

/**
 * @typedef {{
 *   files: Lu.File[], start?: number, altOf: (number: number) => string, labels: Lu.Labels,
 *   onShut: () => void
 * }} Props
 */

/** @type {Record<string, number>} */
const STEPS = { ArrowLeft: -1, ArrowRight: 1, PageUp: -1, PageDown: 1 };

/** @param {{ id: string }} file */
export const contentOf = (file) => `/api/v1/files/${encodeURIComponent(file.id)}/content`;

/** @param {{ file: Lu.File, label: string, className?: string, testId?: string }} props */
export function Download({
  file,
  label,
  className = "lu-picture__button",
  testId = "picture-download",
}) {
  return (
    <a
      className={`lu-icon-button ${className}`}
      href={contentOf(file)}
      download={file.name}
      aria-label={label}
      data-tip={label}
      data-testid={testId}
    >
      <Icon name="download" size={18} />
    </a>
  );
}

/**
 * @param {{ icon: string, label: string, testId: string } & React.ComponentProps<"button">} props
 */
function Control({ icon, label, testId, ...more }) {
  return (
    <button
      type="button"
      className="lu-icon-button lu-picture__button"
      aria-label={label}
      data-tip={label}
      data-testid={testId}
      {...more}
    >
      <Icon name={icon} size={18} />
    </button>
  );
}

/**
 * A dialog that is open for as long as it is there. `files` are images, `altOf(number)` says what
 * stands for one. Labels: download, close, gone, previous, next, actual, place ({number}, {count}).
 *
 * @param {Props} props
 */
export function Viewer({ files, start = 0, altOf, labels, onShut }) {
  const dialog = useRef(/** @type {HTMLDialogElement} */ (/** @type {unknown} */ (null)));
  const [at, setAt] = useState(start);
  const [large, setLarge] = useState(false);
  const [gone, setGone] = useState(false);
  useEffect(() => {
    dialog.current.showModal();
  }, []);
  const many = files.length > 1;
  const file = files[Math.min(at, files.length - 1)];
  /** @param {number} step */
  const go = (step) => {
    setAt((now) => (now + step + files.length) % files.length);
    setLarge(false);
    setGone(false);
  };
  const shut = () => dialog.current.close();
  /** @param {React.KeyboardEvent} event */
  const pressed = (event) => {
    // An image that is larger than the page is scrolled by the arrows.
    if (!many || large || !(event.key in STEPS)) return;
    event.preventDefault();
    go(STEPS[event.key]);
  };
  return (
    <dialog
      ref={dialog}
      className="lu-viewer"
      aria-label={altOf(at)}
      data-testid="picture-viewer"
      onClose={onShut}
      onKeyDown={pressed}
      onClick={({ target }) =>
        target instanceof HTMLElement && "outside" in target.dataset && shut()
      }
      data-outside=""
    >
      <div className="lu-row lu-end lu-gap-2" data-outside="">
        {many && (
          <>
            <span className="lu-viewer__place" aria-live="polite">
              {fill(labels.place, { number: at + 1, count: files.length })}
            </span>
            <Control
              icon="left"
              label={labels.previous}
              testId="picture-previous"
              onClick={() => go(-1)}
            />
            <Control icon="right" label={labels.next} testId="picture-next" onClick={() => go(1)} />
          </>
        )}
        <Control
          icon="zoom"
          label={labels.actual}
          testId="picture-zoom"
          aria-pressed={large}
          onClick={() => setLarge(!large)}
        />
        <Download file={file} label={labels.download} />
        <Control icon="cross" label={labels.close} testId="picture-close" onClick={shut} />
      </div>
      <div
        className="lu-viewer__stage"
        data-large={large}
        data-outside=""
        tabIndex={large ? 0 : -1}
      >
        {gone ? (
          <p className="lu-viewer__gone">{labels.gone}</p>
        ) : (
          <img
            key={file.id}
            src={`${contentOf(file)}?inline=true`}
            alt={altOf(at)}
            className="lu-viewer__image"
            onClick={() => setLarge(!large)}
            onError={() => setGone(true)}
          />
        )}
      </div>
    </dialog>
  );
}
