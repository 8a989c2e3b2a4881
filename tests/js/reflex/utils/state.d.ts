// What the components ask of Reflex's own modules.
export const refs: Record<string, unknown>;
export function getBackendURL(path: string): URL;
