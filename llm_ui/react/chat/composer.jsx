// Where messages are written. The text lives in the textarea alone: typing makes
// neither React nor the server do anything.
import { useEffect, useLayoutEffect, useRef, useState } from "react";

import { Chips, DropVeil, useDrop, useUploads } from "../files/chips.jsx";
import { AttachMenu } from "../files/pick.jsx";
import { known } from "../files/upload.js";
import { Icon } from "./icons.jsx";
import { Outbox, SENT, newKey, wireSize } from "./outbox.js";

const SAVE_MS = 300;
const SLOW_MS = 3000;
// Texts of this size are not measured or spell-checked while they are edited.
const LARGE = 20_000;
// What is pasted beyond this becomes a file: a textarea would freeze over it.
const PASTED_CHARS = 50_000;
const PASTED_LINES = 2_000;
const NO_LABELS = {};

// What browsing would read; the server has the last word.
const LINK = /\bhttps?:\/\/[^\s/]/i;

const isLong = (text) => text.length > PASTED_CHARS || text.split("\n", PASTED_LINES + 1).length > PASTED_LINES;

const grows = typeof CSS !== "undefined" && CSS.supports?.("field-sizing", "content");
const useBrowserEffect = typeof document === "undefined" ? useEffect : useLayoutEffect;

function fit(area) {
  const large = area.value.length > LARGE;
  area.classList.toggle("lu-composer-large", large);
  area.spellcheck = !large;
  if (grows) return;
  area.style.height = "auto";
  area.style.height = large ? "" : `${area.scrollHeight}px`;
}

export function Composer({
  children,
  onSend,
  onStop,
  busy = false,
  disabled = false,
  placeholder = "",
  draft = "",
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
  const area = useRef(null);
  const box = useRef(null);
  const sent = useRef(null);
  const saving = useRef(0);
  const acked = useRef(ack);
  const [filled, setFilled] = useState(false);
  const [note, setNote] = useState(null);
  const takesFiles = Boolean(fileLabels);
  const [files, uploads] = useUploads(fileLabels ?? NO_LABELS);
  acked.current = ack;

  const take = (given) => {
    if (takesFiles) uploads.add(given);
    setNote(null);
    area.current.focus();
  };
  const over = useDrop(take);

  const put = (text) => {
    area.current.value = text;
    changed();
  };

  const changed = () => {
    fit(area.current);
    setFilled(area.current.value.trim() !== "");
    area.current.form?.toggleAttribute("data-link", LINK.test(area.current.value.slice(0, LARGE)));
    setNote((now) => (now === "long" ? null : now));
    clearTimeout(saving.current);
    saving.current = setTimeout(save, SAVE_MS);
  };

  const save = () => {
    clearTimeout(saving.current);
    if (box.current && area.current) box.current.draft = area.current.value;
  };

  // Files that have arrived are kept with the draft.
  const tooMany = files.length > maxFiles;
  useEffect(() => {
    if (box.current) box.current.files = files.filter((file) => file.id).map(known);
    setNote((now) => (tooMany ? "count" : now === "files" || now === "count" ? null : now));
  }, [files, tooMany]);

  // A conversation's own draft, or what was sent there and never confirmed.
  useBrowserEffect(() => {
    const written = area.current.value;
    if (box.current && sent.current && sent.current.box === box.current) {
      // The first message has just made this conversation: what was typed since comes along.
      box.current.draft = "";
      box.current.files = [];
      box.current = new Outbox(draftKey);
      box.current.files = uploads.list.filter((file) => file.id).map(known);
      put(written);
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
    put([lost?.text, kept || typedEarly].filter(Boolean).join("\n\n"));
    uploads.restore([...(lost?.files ?? []), ...brought]);
  }, [draftKey]);

  // Who opens a new chat wants to write in it. On a touch screen this would bring up the
  // keyboard over the page.
  useEffect(() => {
    if (!draftKey && !disabled && matchMedia("(pointer: fine)").matches) area.current.focus();
  }, [draftKey, disabled]);

  useEffect(() => {
    const leave = () => save();
    window.addEventListener("pagehide", leave);
    // Suggestions on the page put their words here without a way over the server.
    const ask = (text) => {
      put(text);
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
    sent.current.box.pending = null;
    sent.current = null;
    setNote((now) => (now === "pending" ? null : now));
  };

  useEffect(() => {
    const message = sent.current;
    if (!message || message.key !== ack) return;
    if (message.restored && area.current.value === message.text) {
      put("");
      uploads.clear();
    }
    settle();
  }, [ack]);

  // The server gives a text back that it could not take.
  useEffect(() => {
    if (!draft) return;
    const written = area.current.value;
    if (sent.current?.text === draft.trim()) {
      uploads.restore(sent.current.files ?? []);
      settle();
    }
    if (written !== draft) put(written.trim() ? `${draft}\n\n${written}` : draft);
    area.current.focus();
  }, [draft]);

  const send = () => {
    const text = area.current.value.trim();
    if (!text || busy || disabled) return;
    if (text.length * 6 > maxChars && wireSize(text) > maxChars) {
      setNote("long");
      return;
    }
    if (tooMany || !uploads.ready) {
      setNote(tooMany ? "count" : "files");
      return;
    }
    // The same words again after a loss are the same message: the server takes one.
    const again = sent.current?.restored && sent.current.text === text;
    const attached = uploads.list.map(known);
    const message = { key: again ? sent.current.key : newKey(), text, files: attached };
    box.current.pending = message;
    sent.current = { ...message, box: box.current };
    put("");
    uploads.clear();
    save();
    // The page's events keep their order: the files are there when the words come.
    if (takesFiles) onFiles?.(JSON.stringify(attached.map((file) => file.id)));
    onSend?.(text, message.key);
    window.dispatchEvent(new Event(SENT));
    setTimeout(() => {
      if (sent.current?.key === message.key && acked.current !== message.key) setNote("pending");
    }, SLOW_MS);
    area.current.focus();
  };

  const keyed = (event) => {
    // 229: the key belongs to an input method, which Safari reports only this way.
    if (event.key !== "Enter" || event.shiftKey || event.altKey) return;
    if (event.nativeEvent.isComposing || event.keyCode === 229) return;
    event.preventDefault();
    send();
  };

  /** Takes a text that is too long for the field as a file; false if it is not. */
  const takeText = (event, text) => {
    if (!isLong(text)) return false;
    event.preventDefault();
    take([new File([text], `${fileLabels.pasted}.txt`, { type: "text/plain" })]);
    return true;
  };

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

  const words = {
    long: tooLongLabel,
    pending: pendingLabel,
    files: fileLabels?.notReady,
    count: fileLabels?.count,
  }[note];
  return (
    <form
      className="lu-composer"
      onSubmit={(event) => {
        event.preventDefault();
        send();
      }}
    >
      {takesFiles && <DropVeil shown={over} words={fileLabels.drop} />}
      {takesFiles && <Chips list={files} labels={fileLabels} uploads={uploads} />}
      <textarea
        ref={area}
        className="lu-composer-text"
        rows={1}
        placeholder={placeholder}
        aria-label={inputLabel ?? placeholder}
        enterKeyHint="send"
        autoComplete="off"
        data-testid="composer"
        onInput={changed}
        onKeyDown={keyed}
        onPaste={pasted}
        onDrop={(event) => takesFiles && takeText(event, event.dataTransfer.getData("text/plain"))}
      />
      {words && (
        <p className="lu-composer-note" role={note === "pending" ? "status" : "alert"} data-kind={note}>
          {words}
        </p>
      )}
      <div className="lu-composer-bar">
        <div className="lu-composer-left">
          {takesFiles && (
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
        {busy ? (
          <button
            type="button"
            className="lu-composer-go lu-composer-stop"
            aria-label={stopLabel}
            data-tip={stopLabel}
            data-testid="stop"
            onClick={(event) => {
              onStop?.();
              // This button goes; by keyboard (no click has a detail then) one wants to write on.
              if (event.detail === 0) area.current.focus();
            }}
          >
            <Icon name="stop" size={16} filled />
          </button>
        ) : (
          <button
            type="submit"
            className="lu-composer-go"
            aria-label={sendLabel}
            data-tip={sendLabel}
            data-testid="send"
            disabled={!filled || disabled}
          >
            <Icon name="send" size={18} />
          </button>
        )}
      </div>
    </form>
  );
}
