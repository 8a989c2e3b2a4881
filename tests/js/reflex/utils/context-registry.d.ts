// What the components ask of Reflex's own modules.
import type { Context } from "react";

/** The values of a state by their names, of whatever shape the server gives them. */
type Values = Record<string, any>;

export const StateStoreContext: Context<{
  getSnapshot(state: string): Values | undefined;
  subscribe(state: string, listener: () => void): () => void;
} | null>;
export const DispatchContext: Context<Record<string, (delta: Values) => void>>;
export const ColorModeContext: Context<{ setColorMode: (mode: string) => void }>;
