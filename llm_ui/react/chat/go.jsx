// The one button of the composer: it sends, or stops what is being answered.
import { Icon } from "./icons.jsx";

/**
 * @typedef {{
 *   busy: boolean, disabled: boolean, sendLabel: string, stopLabel: string,
 *   onStop: React.MouseEventHandler
 * }} Props
 */

/** @param {Props} props */
export function Go({ busy, disabled, sendLabel, stopLabel, onStop }) {
  return busy ? (
    <button
      type="button"
      className="lu-composer-go lu-composer-stop"
      aria-label={stopLabel}
      data-tip={stopLabel}
      data-testid="stop"
      onClick={onStop}
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
      disabled={disabled}
    >
      <Icon name="send" size={18} />
    </button>
  );
}
