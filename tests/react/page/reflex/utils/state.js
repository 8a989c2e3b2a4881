export const getBackendURL = () => new URL(window.location.href);
