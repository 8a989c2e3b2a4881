// The person's library to choose from: searched and paged over REST, several files at once.
import { useEffect, useId, useRef, useState } from "react";
import { createPortal } from "react-dom";

import { Icon } from "../chat/icons.jsx";
import { usePages } from "./pages.js";
import { Picture, fill, kindOf } from "./parts.jsx";
import { sizeOf } from "./size.js";

/**
 * @typedef {{
 *   labels: Lu.Labels, taken: string[], count: number, limit: number,
 *   onChosen: (files: Lu.File[]) => void, onUpload: () => void, onShut: () => void
 * }} Props
 */
/**
 * @typedef {{
 *   file: Lu.File, labels: Lu.Labels, isTaken: boolean, isPicked: boolean, isFull: boolean,
 *   onTick: () => void
 * }} RowProps
 */

const PHONE = "(max-width: 767px)";
/** @type {Record<string, number | undefined>} */
const STEPS = { ArrowDown: 1, ArrowUp: -1 };

/** @param {string} [iso] */
const dayOf = (iso) =>
  new Intl.DateTimeFormat(document.documentElement.lang || "en", { dateStyle: "medium" }).format(
    new Date(iso ?? ""),
  );

/**
 * A dialog that is open for as long as it is there.
 * `taken` are ids that cannot be chosen again; there are `count` files already where at most
 * `limit` may be. `onChosen(files)` gets what was ticked, `onShut()` comes when the dialog has gone, `onUpload()` when the person
 * has nothing to choose from and wants to bring something.
 *
 * @param {Props} props
 */
export function Library({ labels, taken, count, limit, onChosen, onUpload, onShut }) {
  const dialog = useRef(/** @type {HTMLDialogElement} */ (/** @type {unknown} */ (null)));
  const field = useRef(/** @type {HTMLInputElement} */ (/** @type {unknown} */ (null)));
  const box = useRef(/** @type {HTMLDivElement} */ (/** @type {unknown} */ (null)));
  const [query, setQuery] = useState("");
  const [picked, setPicked] = useState(new Map());
  const [list, more] = usePages(query.trim());
  const id = useId();
  const full = count + picked.size >= limit;

  useEffect(() => {
    dialog.current.showModal();
    // On a phone the keyboard would cover what there is to choose from.
    if (!matchMedia(PHONE).matches) field.current.focus();
    else dialog.current.focus();
  }, []);

  /** @param {Lu.File} file */
  const tick = (file) => {
    const next = new Map(picked);
    if (!next.delete(file.id)) next.set(file.id, file);
    setPicked(next);
  };

  /** @param {React.FormEvent} event */
  const submit = (event) => {
    event.preventDefault();
    // A portal's events go on to the composer's form, which must not send.
    event.stopPropagation();
    if (!picked.size) return;
    dialog.current.close();
    onChosen([...picked.values()]);
  };

  // The button goes while the page is on its way: the focus must not go with it.
  const onward = () => {
    (boxes().at(-1) ?? field.current).focus();
    more();
  };

  const boxes = () => [...box.current.querySelectorAll("input:not(:disabled)")];

  /** @param {React.KeyboardEvent} event */
  const keyed = (event) => {
    const step = STEPS[event.key];
    const down = event.target === field.current && event.key === "Enter" && !picked.size;
    if (!step && !down) return;
    const all = boxes();
    if (!all.length) return;
    event.preventDefault();
    const here = all.findIndex((each) => each === document.activeElement);
    const next = here + (step ?? 1);
    if (next < 0) field.current.focus();
    else all[Math.min(next, all.length - 1)].focus();
  };

  const { state, items, cursor } = list;
  const first = items.length === 0;
  const nothing = state === "ready" && first && query.trim() === "";
  return createPortal(
    <dialog
      ref={dialog}
      tabIndex={-1}
      className={`lu-dialog lu-choose${nothing ? " lu-choose--none" : ""}`}
      aria-labelledby={`${id}-title`}
      data-testid="library-dialog"
      onClose={onShut}
      onClick={(event) => event.target === dialog.current && dialog.current.close()}
    >
      <form className="lu-choose__form" onSubmit={submit} onKeyDown={keyed}>
        <div className="lu-choose__head">
          <h2 id={`${id}-title`} className="lu-dialog__title">
            {labels.fromLibrary}
          </h2>
          <button
            type="button"
            className="lu-icon-button"
            aria-label={labels.close}
            data-tip={labels.close}
            onClick={() => dialog.current.close()}
          >
            <Icon name="cross" size={18} />
          </button>
        </div>
        {!nothing && (
          <input
            ref={field}
            type="search"
            className="lu-input"
            placeholder={labels.search}
            aria-label={labels.search}
            autoComplete="off"
            maxLength={200}
            value={query}
            data-testid="library-search"
            onChange={({ target }) => setQuery(target.value)}
          />
        )}
        <div className="lu-choose__list" ref={box} aria-busy={state === "searching"}>
          {items.length > 0 && (
            <ul aria-label={labels.list}>
              {items.map((file) => (
                <Row
                  key={file.id}
                  file={file}
                  labels={labels}
                  isTaken={taken.includes(file.id)}
                  isPicked={picked.has(file.id)}
                  isFull={full}
                  onTick={() => tick(file)}
                />
              ))}
            </ul>
          )}
          {(state === "paging" || (state === "searching" && first)) && (
            <Waiting labels={labels} count={first ? 5 : 1} />
          )}
          {state === "failed" && (
            <div className="lu-choose__none" role="alert" data-testid="library-failed">
              <p>{labels.loadFailed}</p>
              <button type="button" className="lu-button lu-button--plain" onClick={onward}>
                {labels.retry}
              </button>
            </div>
          )}
          {state === "ready" && cursor && (
            <button
              type="button"
              className="lu-button lu-button--ghost lu-button--wide"
              data-testid="library-more"
              onClick={onward}
            >
              {labels.more}
            </button>
          )}
          {state === "ready" && first && !nothing && (
            <div className="lu-choose__none" data-testid="library-no-match">
              <p className="lu-empty__title">{labels.noMatchTitle}</p>
              <p>{labels.noMatchText}</p>
            </div>
          )}
          {nothing && (
            <div className="lu-choose__none" data-testid="library-empty">
              <p className="lu-empty__title">{labels.emptyTitle}</p>
              <p>{labels.emptyText}</p>
              <button
                type="button"
                autoFocus
                className="lu-button lu-button--primary"
                data-testid="library-upload"
                onClick={() => {
                  dialog.current.close();
                  onUpload();
                }}
              >
                <Icon name="upload" />
                {labels.fromDevice}
              </button>
            </div>
          )}
        </div>
        <div className="lu-choose__foot">
          <p className="lu-choose__count" role="status">
            {full
              ? fill(labels.most, { limit })
              : picked.size > 0 && fill(labels.chosen, { count: picked.size })}
          </p>
          <button
            type="button"
            className="lu-button lu-button--plain"
            onClick={() => dialog.current.close()}
          >
            {labels.cancel}
          </button>
          {!nothing && (
            <button
              type="submit"
              className="lu-button lu-button--primary"
              disabled={!picked.size}
              data-testid="library-choose"
            >
              {labels.choose}
            </button>
          )}
        </div>
      </form>
    </dialog>,
    document.body,
  );
}

/** @param {RowProps} props */
function Row({ file, labels, isTaken, isPicked, isFull, onTick }) {
  const failed = file.status === "failed";
  const about = [
    kindOf(file),
    sizeOf(file.size, document.documentElement.lang || "en"),
    dayOf(file.created_at),
  ];
  if (file.status === "waiting") about.push(labels.reading);
  return (
    <li>
      <label className="lu-choose__row" data-testid="library-file">
        <input
          type="checkbox"
          className="lu-tick__box"
          checked={isTaken || isPicked}
          disabled={isTaken || failed || (isFull && !isPicked)}
          onChange={onTick}
        />
        <span className="lu-file__picture">
          <Picture file={file} />
        </span>
        <span className="lu-stack lu-grow">
          <span className="lu-file__name" data-tip={file.name}>
            {file.name}
          </span>
          <span className="lu-file__about" data-failed={failed}>
            {failed ? file.error : about.join(" · ")}
          </span>
        </span>
        {isTaken && <span className="lu-badge">{labels.taken}</span>}
      </label>
    </li>
  );
}

/** @param {{ labels: Lu.Labels, count: number }} props */
function Waiting({ labels, count }) {
  return (
    <div role="status" className="lu-choose__waiting">
      <span className="lu-sr">{labels.loading}</span>
      {Array.from({ length: count }, (_, place) => (
        <div key={place} className="lu-choose__row" aria-hidden="true">
          <span className="lu-skeleton" style={{ width: 38, height: 38 }} />
          <span className="lu-stack lu-grow lu-gap-2">
            <span className="lu-skeleton" style={{ width: `${60 - 8 * place}%`, height: 12 }} />
            <span className="lu-skeleton" style={{ width: "32%", height: 10 }} />
          </span>
        </div>
      ))}
    </div>
  );
}
