// Said at once, before anything is sent: the model cannot look at the images that are attached.
import { useEffect, useState } from "react";

import { Icon } from "../chat/icons.jsx";

/**
 * @typedef {{
 *   seeing?: boolean, other?: string, labels?: Lu.Labels, onSwitch?: (other: string) => void
 * }} Props
 */

// What the composer's chips tell of the images among them.
export const IMAGES = "lu-attached-images";

/**
 * Labels: blind, switch (with the name of a model that sees), or none to switch to.
 *
 * @param {Props} props
 */
export function BlindNote({ seeing = true, other = "", labels = {}, onSwitch }) {
  const [images, setImages] = useState(0);
  useEffect(() => {
    /** @param {Event} event */
    const heard = (event) => setImages(/** @type {CustomEvent<number>} */ (event).detail);
    window.addEventListener(IMAGES, heard);
    return () => window.removeEventListener(IMAGES, heard);
  }, []);
  return (
    <div role="status" className="lu-blind-place">
      {images > 0 && !seeing && (
        <p className="lu-blind" data-testid="blind-note">
          <Icon name="eye" />
          <span>{labels.blind}</span>
          {other && (
            <button
              type="button"
              className="lu-button lu-button--plain lu-button--small"
              data-testid="blind-switch"
              onClick={() => onSwitch?.(other)}
            >
              {labels.switch}
            </button>
          )}
        </p>
      )}
    </div>
  );
}
