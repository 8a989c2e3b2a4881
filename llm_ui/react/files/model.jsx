// A model file on its way to the server: gigabytes, straight to its disk.
import { useRef, useState } from "react";

import { backendOrigin } from "../session/backend.js";
import { language, tokenOf } from "./rest.js";
import { sizeOf } from "./size.js";

const FILES = "/api/v1/admin/model-files";

/** @param {{ labels?: Lu.Labels, room?: number, onDone?: () => void }} props */
export function ModelUpload({ labels = {}, room = 0, onDone }) {
  const input = useRef(/** @type {HTMLInputElement} */ (/** @type {unknown} */ (null)));
  const request = useRef(/** @type {XMLHttpRequest | null} */ (null));
  const [state, setState] = useState(
    /** @type {{ name: string, sent: number, size: number } | null} */ (null),
  );
  const [problem, setProblem] = useState("");

  /** @param {string} words */
  const end = (words) => {
    request.current = null;
    setState(null);
    setProblem(words);
  };

  /** @param {File} file */
  const send = async (file) => {
    setProblem("");
    if (room && file.size > room) {
      setProblem(labels.room);
      return;
    }
    setState({ name: file.name, sent: 0, size: file.size });
    let csrf;
    try {
      csrf = await tokenOf(backendOrigin());
    } catch {
      end(labels.unreachable);
      return;
    }
    const call = new XMLHttpRequest();
    request.current = call;
    const address = new URL(FILES, backendOrigin());
    address.searchParams.set("name", file.name.slice(-500));
    call.open("POST", address);
    call.withCredentials = true;
    call.responseType = "json";
    call.setRequestHeader("Content-Type", "application/octet-stream");
    call.setRequestHeader("X-CSRF-Token", csrf);
    call.setRequestHeader("Accept-Language", language());
    call.upload.onprogress = ({ loaded }) => setState((now) => now && { ...now, sent: loaded });
    call.onload = () => {
      if (call.status !== 201) return end(call.response?.detail ?? labels.unreachable);
      end("");
      return onDone?.();
    };
    call.onerror = () => end(labels.unreachable);
    call.onabort = () => end("");
    call.send(file);
  };

  return (
    <div className="lu-upload-model">
      <input
        ref={input}
        type="file"
        accept=".gguf"
        hidden
        data-testid="gguf-file"
        onChange={(event) => {
          const [file] = event.target.files ?? [];
          event.target.value = "";
          if (file) send(file);
        }}
      />
      {state ? (
        <div className="lu-upload-model__way">
          <span className="lu-stored__name">{state.name}</span>
          <progress
            className="lu-progress"
            max={state.size || 1}
            value={state.sent}
            aria-label={state.name}
          />
          <span className="lu-said">
            {labels.sent
              .replace("{done}", sizeOf(state.sent, language()))
              .replace("{size}", sizeOf(state.size, language()))}
          </span>
          <button
            type="button"
            className="lu-button lu-button--plain lu-button--small"
            onClick={() => request.current?.abort()}
          >
            {labels.cancel}
          </button>
        </div>
      ) : (
        <button
          type="button"
          className="lu-button lu-button--plain lu-button--small"
          data-testid="gguf-upload"
          onClick={() => input.current.click()}
        >
          {labels.upload}
        </button>
      )}
      <div role="alert">
        {problem && (
          <p className="lu-trouble" data-testid="gguf-upload-problem">
            {problem}
          </p>
        )}
      </div>
    </div>
  );
}
