// Where messages are written. The text lives in the textarea alone: typing makes
// neither React nor the server do anything.
import { useEffect, useEffectEvent, useLayoutEffect, useRef, useState } from "react";

import { Chips, DropVeil, useDrop, useUploads } from "../files/chips.jsx";
import { AttachMenu } from "../files/pick.jsx";
import { known } from "../files/upload.js";
import { enterSends, isSend } from "./enter.jsx";
import { fit, isLong } from "./field.js";
import { Go } from "./go.jsx";
import { Outbox, SENT, giveBack, newKey, wireSize } from "./outbox.js";

/**
 * @typedef {Lu.Children & {
 *   onSend?: (text: string, key: string) => void, onStop?: () => void,
 *   onFiles?: (ids: string) => void, busy?: boolean, disabled?: boolean, placeholder?: string,
 *   refused?: string, draftKey?: string, ack?: string, maxChars?: number, maxFiles?: number,
 *   sendLabel: string, stopLabel: string, inputLabel?: string, tooLongLabel?: string,
 *   pendingLabel?: string, fileLabels?: Lu.Labels
 * }} Props
 */
/** @typedef {"long" | "pending" | "files" | "count"} Note */
/** @typedef {import("./outbox.js").Sent & { box: Outbox, restored?: boolean }} OnItsWay */

const SAVE_MS = 300;
const SLOW_MS = 3000;
const NO_LABELS = {};

// What is sent now comes later: the page says so at once, not when it has taken long.
const isAway = () => !navigator.onLine || Boolean(document.querySelector(".lu-banner"));

const useBrowserEffect = typeof document === "undefined" ? useEffect : useLayoutEffect;

/** @param {Props} props */
export function Composer({
  children,
  onSend,
  onStop,
  busy = false,
  disabled = false,
  placeholder = "",
  refused = "",
  draftKey = "",
  ack = "",
  maxChars = 900_000,
  sendLabel,
  stopLabel,
  inputLabel,
  tooLongLabel,
  pendingLabel,
  fileLabels,
  maxFiles = 10,
  onFiles,
}) {
  const area = useRef(/** @type {HTMLTextAreaElement} */ (/** @type {unknown} */ (null)));
  const box = useRef(/** @type {Outbox} */ (/** @type {unknown} */ (null)));
  const sent = useRef(/** @type {OnItsWay | null} */ (null));
  const saving = useRef(/** @type {Lu.Timer | number} */ (0));
  const acked = useRef(ack);
  const [filled, setFilled] = useState(false);
  const [note, setNote] = useState(/** @type {Note | null} */ (null));
  const [sendsOnEnter, setSendsOnEnter] = useState(true);
  const takesFiles = Boolean(fileLabels);
  const [files, uploads] = useUploads(fileLabels ?? NO_LABELS);
  acked.current = ack;

  /** @param {Iterable<File>} given */
  const take = (given) => {
    if (takesFiles) uploads.add(given);
    setNote(null);
    area.current.focus();
  };
  const over = useDrop(take);

  /** @param {string} text */
  const put = (text) => {
    area.current.value = text;
    changed();
  };

  const changed = () => {
    fit(area.current);
    setFilled(area.current.value.trim() !== "");
    setNote((now) => (now === "long" ? null : now));
    clearTimeout(saving.current);
    saving.current = setTimeout(save, SAVE_MS);
  };

  const save = () => {
    clearTimeout(saving.current);
    if (box.current && area.current) box.current.draft = area.current.value;
  };

  // For effects, which do not run again for another function.
  const putBack = useEffectEvent(put);

  // Files that have arrived are kept with the draft.
  const tooMany = files.length > maxFiles;
  useEffect(() => {
    if (box.current) box.current.files = files.filter((file) => file.id).map(known);
    setNote((now) => (tooMany ? "count" : now === "files" || now === "count" ? null : now));
  }, [files, tooMany]);

  // A conversation's own draft, or what was sent there and never confirmed.
  useBrowserEffect(() => {
    const written = area.current.value;
    const first = sent.current;
    if (
      box.current?.chat === "" &&
      first &&
      first.box === box.current &&
      first.key === acked.current
    ) {
      // The first message has just made this conversation: what was typed since comes along.
      first.box.pending = null;
      sent.current = null;
      setNote((now) => (now === "pending" ? null : now));
      box.current.draft = "";
      box.current.files = [];
      box.current = new Outbox(draftKey);
      box.current.files = uploads.list.filter((file) => file.id).map(known);
      putBack(written);
      return;
    }
    const typedEarly = box.current ? "" : written;
    if (box.current) {
      save();
      // Those of the chat before are in its own draft; what is still on its way there is
      // given up rather than sent in another chat.
      for (const file of uploads.list) uploads.remove(file.key);
    }
    box.current = new Outbox(draftKey);
    const { pending, draft: kept, files: brought } = box.current;
    const lost = pending && pending.key !== acked.current ? pending : null;
    sent.current = lost && { ...lost, box: box.current, restored: true };
    // A person may have typed before the page was alive.
    putBack([lost?.text, kept || typedEarly].filter(Boolean).join("\n\n"));
    uploads.restore([...(lost?.files ?? []), ...brought]);
  }, [draftKey, uploads]);

  // Who opens a new chat wants to write in it. On a touch screen this would bring up the
  // keyboard over the page. Who has gone to an offer to take something back stays there.
  useEffect(() => {
    const undoing = document.activeElement?.closest(".lu-toasts");
    if (draftKey || disabled || undoing || !matchMedia("(pointer: fine)").matches) return;
    area.current.focus();
  }, [draftKey, disabled]);

  useEffect(() => {
    setSendsOnEnter(enterSends());
    const leave = () => save();
    window.addEventListener("pagehide", leave);
    // Suggestions on the page put their words here without a way over the server.
    /** @param {string} text */
    const ask = (text) => {
      putBack(text);
      area.current.focus();
    };
    window.lu = { ...window.lu, ask };
    return () => {
      window.removeEventListener("pagehide", leave);
      if (window.lu.ask === ask) delete window.lu.ask;
      save();
    };
  }, []);

  const settle = () => {
    if (sent.current) sent.current.box.pending = null;
    sent.current = null;
    setNote((now) => (now === "pending" ? null : now));
  };

  useEffect(() => {
    const message = sent.current;
    if (!message || message.key !== ack) return;
    if (message.restored && area.current.value === message.text) {
      putBack("");
      uploads.clear();
    }
    settle();
  }, [ack, uploads]);

  // The server could not take a message: its words go back to the chat that they were sent in,
  // and to no other, whichever is open now.
  useEffect(() => {
    if (!refused) return;
    const message = sent.current?.key === refused ? sent.current : null;
    const isHere = message && message.box.chat === box.current.chat;
    if (!isHere) {
      giveBack(refused);
      return;
    }
    settle();
    // After a reload its words stand there already.
    if (!message.restored) {
      const written = area.current.value;
      uploads.restore(message.files ?? []);
      putBack([message.text, written.trim() && written].filter(Boolean).join("\n\n"));
    }
    save();
    area.current.focus();
  }, [refused, uploads]);

  const send = () => {
    const text = area.current.value.trim();
    const attached = uploads.list.map(known);
    if ((!text && !attached.length) || busy || disabled) return;
    if (text.length * 6 > maxChars && wireSize(text) > maxChars) {
      setNote("long");
      return;
    }
    if (tooMany || !uploads.ready) {
      setNote(tooMany ? "count" : "files");
      return;
    }
    // The same words again after a loss are the same message: the server takes one.
    /** @param {{ id?: string }[]} [list] */
    const ids = (list) => (list ?? []).map((file) => file.id).join();
    const before = sent.current?.restored ? sent.current : null;
    const again = before?.text === text && ids(before.files) === ids(attached) ? before : null;
    const message = { key: again?.key ?? newKey(), text, files: attached };
    box.current.pending = message;
    sent.current = { ...message, box: box.current };
    put("");
    uploads.clear();
    save();
    // The page's events keep their order: the files are there when the words come.
    if (takesFiles) onFiles?.(JSON.stringify(attached.map((file) => file.id)));
    onSend?.(text, message.key);
    window.dispatchEvent(new Event(SENT));
    const waits = () => {
      if (sent.current?.key === message.key && acked.current !== message.key) setNote("pending");
    };
    if (isAway()) waits();
    else setTimeout(waits, SLOW_MS);
    area.current.focus();
  };

  /** @param {React.KeyboardEvent} event */
  const keyed = (event) => {
    if (!isSend(event)) return;
    event.preventDefault();
    send();
  };

  /**
   * Takes a text that is too long for the field as a file; false if it is not.
   *
   * @param {React.SyntheticEvent} event
   * @param {string} text
   */
  const takeText = (event, text) => {
    if (!isLong(text)) return false;
    event.preventDefault();
    take([new File([text], `${fileLabels?.pasted}.txt`, { type: "text/plain" })]);
    return true;
  };

  /** @param {React.ClipboardEvent} event */
  const pasted = (event) => {
    if (!takesFiles) return;
    const data = event.clipboardData;
    const text = data.getData("text/plain");
    if (takeText(event, text)) return;
    // Office programs put a picture of what is copied beside its text.
    if (data.files.length && !text) {
      event.preventDefault();
      take(data.files);
    }
  };

  const all = {
    long: tooLongLabel,
    pending: pendingLabel,
    files: fileLabels?.notReady,
    count: fileLabels?.count,
  };
  const words = note && all[note];
  return (
    <form
      className="lu-composer"
      onSubmit={(event) => {
        event.preventDefault();
        send();
      }}
    >
      {fileLabels && <DropVeil shown={over} words={fileLabels.drop} />}
      {fileLabels && <Chips list={files} labels={fileLabels} uploads={uploads} />}
      <textarea
        ref={area}
        className="lu-composer-text"
        rows={1}
        placeholder={placeholder}
        aria-label={inputLabel ?? placeholder}
        dir="auto"
        enterKeyHint={sendsOnEnter ? "send" : "enter"}
        autoComplete="off"
        data-testid="composer"
        onInput={changed}
        onKeyDown={keyed}
        onPaste={pasted}
        onDrop={(event) => takesFiles && takeText(event, event.dataTransfer.getData("text/plain"))}
      />
      {words && (
        <p
          className="lu-composer-note"
          role={note === "pending" ? "status" : "alert"}
          data-kind={note}
        >
          {note === "pending" && sent.current && (
            <span className="lu-composer-sent lu-clamp-2" dir="auto" data-testid="waiting-question">
              {sent.current.text}
            </span>
          )}
          {words}
        </p>
      )}
      <div className="lu-composer-bar">
        <div className="lu-row lu-grow lu-gap-1">
          {fileLabels && (
            <AttachMenu
              labels={fileLabels}
              files={files}
              limit={maxFiles}
              onFiles={take}
              onChosen={(chosen) => uploads.restore(chosen.map(known))}
              onShut={() => area.current?.focus()}
            />
          )}
          {children}
        </div>
        <Go
          busy={busy}
          disabled={!(filled || (files.length > 0 && uploads.ready)) || disabled}
          sendLabel={sendLabel}
          stopLabel={stopLabel}
          onStop={(event) => {
            onStop?.();
            // This button goes; by keyboard (no click has a detail then) one wants to write on.
            if (event.detail === 0) area.current.focus();
          }}
        />
      </div>
    </form>
  );
}
