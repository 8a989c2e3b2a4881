// Ways to files: the computer's own dialog, and a menu that offers the library beside it.
import { useId, useRef, useState } from "react";

import { Icon } from "../chat/icons.jsx";
import { Library } from "./library.jsx";

/**
 * @typedef {Lu.Children & {
 *   label: string, onFiles: (files: FileList) => void, className?: string, testId: string,
 *   field?: React.RefObject<HTMLInputElement | null>
 * }} ButtonProps
 */
/**
 * @typedef {{
 *   labels: Lu.Labels, files: Lu.Upload[], limit: number, onFiles: (files: FileList) => void,
 *   onChosen: (files: Lu.File[]) => void, onShut?: () => void
 * }} MenuProps
 */

/**
 * An invisible field that opens the computer's own dialog; `field` is its ref.
 *
 * @param {{ field: React.RefObject<HTMLInputElement | null>, onFiles: (files: FileList) => void, testId: string }} props
 */
function Field({ field, onFiles, testId }) {
  return (
    <input
      ref={field}
      type="file"
      multiple
      hidden
      tabIndex={-1}
      aria-hidden="true"
      data-testid={`${testId}-input`}
      onChange={({ target }) => {
        if (target.files?.length) onFiles(target.files);
        // The same file may be picked again.
        target.value = "";
      }}
    />
  );
}

/**
 * Opens the computer's own dialog; with a ref as `field` others can do so too.
 *
 * @param {ButtonProps} props
 */
export function PickButton({ label, onFiles, children, className, testId, field: given }) {
  const own = useRef(/** @type {HTMLInputElement | null} */ (null));
  const field = given ?? own;
  return (
    <>
      <button
        type="button"
        className={className}
        aria-label={label}
        data-tip={label}
        data-testid={testId}
        onClick={() => field.current?.click()}
      >
        {children}
      </button>
      <Field field={field} onFiles={onFiles} testId={testId} />
    </>
  );
}

/**
 * The clip of the composer: from this device, or from the library.
 * `files` are attached already, `limit` may be; `onChosen(files)` gets what was ticked, `onShut()`
 * comes when the library is left again.
 *
 * @param {MenuProps} props
 */
export function AttachMenu({ labels, files, limit, onFiles, onChosen, onShut }) {
  const field = useRef(/** @type {HTMLInputElement} */ (/** @type {unknown} */ (null)));
  const [open, setOpen] = useState(false);
  const menu = useId();
  return (
    <>
      <button
        type="button"
        className="lu-composer-attach"
        popoverTarget={menu}
        aria-haspopup="menu"
        aria-expanded="false"
        aria-label={labels.attach}
        data-tip={labels.attach}
        data-testid="attach"
      >
        <Icon name="clip" size={18} />
      </button>
      <div id={menu} popover="auto" role="menu" aria-label={labels.attach} className="lu-menu">
        <button
          type="button"
          role="menuitem"
          className="lu-menu__item"
          data-testid="attach-device"
          onClick={() => field.current.click()}
        >
          <Icon name="upload" />
          {labels.fromDevice}
        </button>
        <button
          type="button"
          role="menuitem"
          className="lu-menu__item"
          data-testid="attach-library"
          onClick={() => setOpen(true)}
        >
          <Icon name="files" />
          {labels.fromLibrary}
        </button>
      </div>
      <Field field={field} onFiles={onFiles} testId="attach" />
      {open && (
        <Library
          labels={labels}
          taken={files.flatMap(({ id }) => id ?? [])}
          count={files.length}
          limit={limit}
          onChosen={onChosen}
          onUpload={() => field.current.click()}
          onShut={() => {
            setOpen(false);
            onShut?.();
          }}
        />
      )}
    </>
  );
}
