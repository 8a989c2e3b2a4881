// A question, and the place to put it in other words. What is being written stays here
// until the server has taken it: then this question gives way to the new one.
import { useEffect, useLayoutEffect, useRef, useState } from "react";

import { isSend } from "./enter.jsx";
import { Icon } from "./icons.jsx";
import { SENT, newKey, wireSize } from "./outbox.js";

/** @typedef {(words: string, key: string) => void} OnEdit */
/**
 * @typedef {{
 *   text: string, bare: boolean, labels: Lu.Labels, onDone: () => void, onEdit?: OnEdit
 * }} EditorProps
 */
/**
 * @typedef {Lu.Children & {
 *   text?: string, bare?: boolean, hint?: string, labels?: Lu.Labels, onEdit?: OnEdit
 * }} QuestionProps
 */

const MOST = 900_000;
// A refused text stays in its field, to be sent again.
const AGAIN_MS = 2500;

const useBrowserEffect = typeof document === "undefined" ? useEffect : useLayoutEffect;

/** @param {EditorProps} props */
function Editor({ text, bare, labels, onDone, onEdit }) {
  const form = useRef(/** @type {HTMLFormElement | null} */ (null));
  const area = useRef(/** @type {HTMLTextAreaElement} */ (/** @type {unknown} */ (null)));
  const timer = useRef(/** @type {Lu.Timer | number} */ (0));
  const key = useRef(/** @type {{ words: string, key: string } | null} */ (null));
  const [state, setState] = useState("");

  const fit = () => {
    area.current.style.height = "auto";
    area.current.style.height = `${area.current.scrollHeight + 2}px`;
  };
  useBrowserEffect(() => {
    fit();
    area.current.focus();
    const { length } = area.current.value;
    area.current.setSelectionRange(length, length);
    // The log keeps its end in view while anything grows: only then comes this.
    let frame = requestAnimationFrame(() => {
      frame = requestAnimationFrame(() => form.current?.scrollIntoView({ block: "nearest" }));
    });
    return () => {
      clearTimeout(timer.current);
      cancelAnimationFrame(frame);
    };
  }, []);

  const send = () => {
    const words = area.current.value.trim();
    // Files may be a question by themselves.
    if ((!words && !bare) || state === "sent") return;
    if (words.length * 6 > MOST && wireSize(words) > MOST) {
      setState("long");
      return;
    }
    // The same words again are the same question: the server takes one.
    if (key.current?.words !== words) key.current = { words, key: newKey() };
    setState("sent");
    timer.current = setTimeout(() => setState(""), AGAIN_MS);
    onEdit?.(words, key.current.key);
    window.dispatchEvent(new Event(SENT));
  };

  return (
    <form
      ref={form}
      className="lu-edit"
      onSubmit={(event) => {
        event.preventDefault();
        send();
      }}
    >
      <textarea
        ref={area}
        className="lu-edit-text"
        rows={1}
        defaultValue={text}
        aria-label={labels.edit_label}
        dir="auto"
        data-testid="edit-text"
        onInput={() => {
          fit();
          if (state === "long") setState("");
        }}
        onKeyDown={(event) => {
          if (event.key === "Escape") onDone();
          if (!isSend(event)) return;
          event.preventDefault();
          send();
        }}
      />
      {state === "long" ? (
        <p className="lu-edit-note" role="alert">
          {labels.too_long}
        </p>
      ) : (
        <p className="lu-edit-note">{labels.edit_note}</p>
      )}
      <div className="lu-row lu-end lu-gap-2">
        <button
          type="button"
          className="lu-button lu-button--ghost lu-button--small"
          data-testid="edit-cancel"
          onClick={onDone}
        >
          {labels.cancel}
        </button>
        <button
          type="submit"
          className="lu-button lu-button--primary lu-button--small"
          data-testid="edit-send"
          disabled={state === "sent"}
        >
          {labels.edit_send}
        </button>
      </div>
    </form>
  );
}

/** @param {QuestionProps} props */
export function Question({ children, text = "", bare = false, hint = "", labels = {}, onEdit }) {
  const [editing, setEditing] = useState(false);
  const pencil = useRef(/** @type {HTMLButtonElement | null} */ (null));
  const done = () => {
    setEditing(false);
    requestAnimationFrame(() => pencil.current?.focus());
  };
  if (editing)
    return <Editor text={text} bare={bare} labels={labels} onDone={done} onEdit={onEdit} />;
  return (
    <>
      {text && (
        <div className="lu-question__text" data-tip={hint} dir="auto">
          {text}
        </div>
      )}
      <div className="lu-actions lu-actions--quiet">
        {children}
        <button
          ref={pencil}
          type="button"
          className="lu-icon-button lu-icon-button--small"
          aria-label={labels.edit}
          data-tip={labels.edit}
          data-testid="edit"
          onClick={() => setEditing(true)}
        >
          <Icon name="pencil" />
        </button>
      </div>
    </>
  );
}
