// The history of a chat crosses the wire once: later the server says what follows which
// message now, or stands in front of it, and here that becomes the list that the page is
// made of.
import { useContext, useEffect, useLayoutEffect, useRef } from "react";
import { DispatchContext, StateStoreContext } from "$/utils/context-registry";

const ROWS = "messages_rx_state_";
const CHANGE = "message_changes_rx_state_";

// Pages are prerendered, where layout effects only warn.
const useBrowserEffect = typeof document === "undefined" ? useEffect : useLayoutEffect;

export class Changes {
  constructor() {
    /** @type {Lu.Message[] | null | undefined} */
    this.rows = null;
    this.number = 0;
  }

  /**
   * Takes the list as the page has it and the last change {n, put} with `after` or `before`
   * (or {}).
   * Says what to do: {rows} to show, {gap: true} (something was missed), or null.
   *
   * @param {Lu.Message[]} rows
   * @param {Lu.MessageChange} [change]
   */
  take(rows, change) {
    const number = change?.n ?? 0;
    const whole = rows !== this.rows;
    this.rows = rows;
    // What was sent whole has all changes so far in it.
    const next = !whole && number === this.number + 1;
    const missed = !whole && number > this.number + 1;
    this.number = number;
    if (missed) return { gap: true };
    if (!next || !change) return null;
    const { put = [] } = change;
    if (change.before) {
      return rows[0]?.id === change.before ? { rows: [...put, ...rows] } : { gap: true };
    }
    const place = rows.findIndex(({ id }) => id === change.after);
    if (place < 0) return { gap: true };
    return { rows: [...rows.slice(0, place + 1), ...put] };
  }
}

/**
 * Keeps `messages` of the state named `stateName` in step; shows nothing.
 *
 * @param {{ stateName?: string, onGap?: () => void }} props
 */
export function MessageChanges({ stateName = "", onGap }) {
  const store = useContext(StateStoreContext);
  const dispatch = useContext(DispatchContext);
  const missed = useRef(/** @type {(() => void) | undefined} */ (undefined));
  missed.current = onGap;

  useBrowserEffect(() => {
    if (!store) return undefined;
    const changes = new Changes();
    const read = () => {
      const state = store.getSnapshot(stateName);
      const change = changes.take(state?.[ROWS], state?.[CHANGE]);
      if (change?.gap) missed.current?.();
      if (!change?.rows) return;
      dispatch[stateName]({ [ROWS]: change.rows });
      // The store keeps what is equal: what it has now is what we have.
      changes.rows = store.getSnapshot(stateName)?.[ROWS];
    };
    const stop = store.subscribe(stateName, read);
    read();
    return stop;
  }, [store, dispatch, stateName]);

  return null;
}
