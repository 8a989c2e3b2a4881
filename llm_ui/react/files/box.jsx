// Where files are brought to a list: a button, the whole page as a place to drop, those under
// way, and, for lists that take what is there already, the library.
import { useEffect, useEffectEvent, useRef, useState } from "react";

import { Icon } from "../chat/icons.jsx";
import { Chips, DropVeil, useDrop, useUploads } from "./chips.jsx";
import { Library } from "./library.jsx";
import { PickButton } from "./pick.jsx";

/**
 * @typedef {{
 *   labels: Lu.Labels, taken?: string[], limit?: number, onDone?: () => void,
 *   onFiles?: (ids: string) => void
 * }} Props
 */

/** @param {Props} props */
export function UploadBox({ labels, taken, limit, onDone, onFiles }) {
  const [list, uploads] = useUploads(labels);
  const over = useDrop((files) => uploads.add(files));
  const seen = useRef(new Set());
  const [open, setOpen] = useState(false);
  const opener = useRef(/** @type {HTMLButtonElement | null} */ (null));
  const field = useRef(/** @type {HTMLInputElement} */ (/** @type {unknown} */ (null)));

  // What has arrived stands in the list; what has not stays here and says why.
  const missing = list.filter((file) => !file.id);
  const told = useEffectEvent(() => {
    const fresh = [];
    let read = false;
    for (const file of list) {
      if (!file.id) continue;
      if (!seen.current.has(file.id)) fresh.push(file.id);
      else read ||= file.status !== "waiting";
      seen.current.add(file.id);
      if (file.status !== "waiting") uploads.remove(file.key);
    }
    if (fresh.length) onFiles?.(JSON.stringify(fresh));
    if (read || (fresh.length && !onFiles)) onDone?.();
  });
  useEffect(() => told(), [list]);

  return (
    <>
      <PickButton
        label={labels.upload}
        className={`lu-button lu-button--${taken ? "plain" : "primary"}`}
        testId="upload"
        field={field}
        onFiles={(files) => uploads.add(files)}
      >
        <Icon name="plus" />
        <span className="lu-upload-word">{labels.upload}</span>
      </PickButton>
      {taken && (
        <button
          ref={opener}
          type="button"
          className="lu-button lu-button--plain"
          data-testid="from-library"
          onClick={() => setOpen(true)}
        >
          <Icon name="files" />
          {labels.fromLibrary}
        </button>
      )}
      <div className="lu-uploads">
        <Chips list={missing} labels={labels} uploads={uploads} />
      </div>
      <DropVeil shown={over} words={labels.drop} />
      {open && taken && (
        <Library
          labels={labels}
          taken={taken}
          count={taken.length}
          limit={limit ?? Infinity}
          onChosen={(files) => onFiles?.(JSON.stringify(files.map(({ id }) => id)))}
          onUpload={() => field.current.click()}
          onShut={() => {
            setOpen(false);
            opener.current?.focus();
          }}
        />
      )}
    </>
  );
}
