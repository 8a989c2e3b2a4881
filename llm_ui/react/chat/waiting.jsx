// What an answer waits for before its first word: three dots, and after a moment words.
import { useContext, useEffect, useEffectEvent, useState } from "react";
import { StateStoreContext } from "$/utils/context-registry";

import { fill } from "./sources.jsx";

/**
 * What the server says of a run that has not said anything.
 * @typedef {{ what: string, model?: string, tokens?: number, since: number }} Told
 */
/**
 * @typedef {{
 *   stateName: string, run: number, labels: Lu.AnswerLabels, onWait?: (run: number) => void
 * }} Props
 */

const NAME = "current_waiting_rx_state_";
const NAME_OF_THOUGHTS = "current_reasoning_rx_state_";
// Most answers have begun by then.
const QUIET_MS = 2000;
const ASK_AGAIN_MS = 5000;

/**
 * What the server says of a run that has not said anything: {what, model, tokens, since}.
 *
 * @param {string} stateName
 * @param {number} run
 * @param {(run: number) => void} [onWait]
 */
function useTold(stateName, run, onWait) {
  const store = useContext(StateStoreContext);
  const [told, setTold] = useState(/** @type {Told | null} */ (null));

  const ask = useEffectEvent(() => {
    const thoughts = store?.getSnapshot(stateName)?.[NAME_OF_THOUGHTS];
    // Thinking has a sign of life of its own.
    if (!(thoughts?.g === run && thoughts.t)) onWait?.(run);
  });

  useEffect(() => {
    if (!store || !run) return undefined;
    /** @type {unknown} */
    let last = null;
    const read = () => {
      const value = store.getSnapshot(stateName)?.[NAME];
      if (!value || value === last || value.g !== run) return;
      last = value;
      setTold({ ...value, since: Date.now() - value.s * 1000 });
    };
    const stop = store.subscribe(stateName, read);
    /** @type {Lu.Timer | undefined} */
    let again;
    const first = setTimeout(() => {
      ask();
      again = setInterval(() => ask(), ASK_AGAIN_MS);
    }, QUIET_MS);
    return () => {
      stop();
      clearTimeout(first);
      clearInterval(again);
    };
  }, [store, stateName, run]);
  return told;
}

/**
 * Seconds since then; counts by itself.
 *
 * @param {number} [since]
 */
function useSeconds(since) {
  const [, tick] = useState(0);
  useEffect(() => {
    if (!since) return undefined;
    const timer = setInterval(() => tick((count) => count + 1), 1000);
    return () => clearInterval(timer);
  }, [since]);
  return Math.max(0, Math.round((Date.now() - (since ?? NaN)) / 1000));
}

/** @param {Props} props */
export function Waiting({ stateName, run, labels, onWait }) {
  const told = useTold(stateName, run, onWait);
  const seconds = useSeconds(told?.since);
  const label = told && labels.waiting?.[told.what];
  const count = new Intl.NumberFormat(document.documentElement.lang || undefined);
  const words = label && fill(label, { model: told.model, tokens: count.format(told.tokens ?? 0) });
  const time = seconds < 60 ? `${seconds} s` : `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
  return (
    <div className="lu-md-wait">
      <span className="lu-md-dots" role="img" aria-label={labels.thinking}>
        <i />
        <i />
        <i />
      </span>
      {words && (
        <span className="lu-md-wait-words" aria-hidden="true" data-testid="waiting">
          {words} <span className="lu-md-wait-time">{time}</span>
        </span>
      )}
      {/* Read out once for each thing that is waited for, not each second. */}
      <span className="lu-sr" role="status">
        {words}
      </span>
    </div>
  );
}
