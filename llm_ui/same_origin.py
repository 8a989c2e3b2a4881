"""Reflex plugin: the page talks to its own origin, in production and in development.

Reflex compiles the backend's port into the frontend. In production, where one port serves both,
that would tie a build to its port and break it behind a proxy on another port; with this plugin the
browser uses the page's port instead. In development there are still two ports, and Vite's server
proxies REST calls, so that pages use the same relative URLs in both.

The plugin also fixes how Reflex's page handles a connection that is lost silently: it shows nothing
until a reconnect has failed, for which socket.io allows twenty seconds.
"""

from __future__ import annotations

import json
from typing import Any

from reflex_base.config import get_config
from reflex_base.plugins.base import Plugin

PROXIED = ("/api", "/health", "/docs", "/openapi.json")
STATE_FILE = "utils/state.js"
STATE_ANCHOR = "endpoint.hostname = frontend_hostname;"
STATE_PATCH = f"{STATE_ANCHOR}\n    if (env.SAME_ORIGIN) endpoint.port = window.location.port;"
# Under https Reflex sets the default port after our line; ours must win.
HTTPS_ANCHOR = 'endpoint.port = ""; // Assume websocket'
HTTPS_PATCH = 'if (!env.SAME_ORIGIN) endpoint.port = ""; // Assume websocket'
CONNECT_WITHIN_MS = 8000
ATTEMPT_ANCHOR = "    reconnection: false,\n"
ATTEMPT_PATCH = f"{ATTEMPT_ANCHOR}    timeout: {CONNECT_WITHIN_MS},\n"
LOST_ANCHOR = "      // Attempt to reconnect transient non-intentional disconnects.\n"
LOST_PATCH = (
    f"{LOST_ANCHOR}      setConnectErrors((errors) => [...errors.slice(-9), new Error(reason)]);\n"
)
# A browser that comes back online must reconnect immediately, and one that goes offline must show
# it immediately.
ONLINE_ANCHOR = '  document.addEventListener("visibilitychange", checkVisibility);\n'
ONLINE_PATCH = (
    f"{ONLINE_ANCHOR}"
    '  window.addEventListener("online", checkVisibility);\n'
    '  window.addEventListener("lu:offline", () => socket.current?.io.engine?.close());\n'
)
VITE_FILE = "vite.config.js"
VITE_ANCHOR = "  server: {\n"


def one_port() -> bool:
    """Whether one server serves both the pages and the backend."""
    config = get_config()
    return config.frontend_port == config.backend_port


def _replace_once(text: str, anchor: str, patch: str, file: str) -> str:
    if patch in text:
        return text
    if text.count(anchor) != 1:
        raise RuntimeError(
            f"This version of Reflex generates a different {file} than LLM UI expects: look for "
            f"{anchor!r} and adapt llm_ui/same_origin.py."
        )
    return text.replace(anchor, patch)


def patch_state(text: str) -> str:
    """Derive the websocket's address from the page's port, and show a lost connection."""
    text = _replace_once(text, STATE_ANCHOR, STATE_PATCH, STATE_FILE)
    text = _replace_once(text, HTTPS_ANCHOR, HTTPS_PATCH, STATE_FILE)
    text = _replace_once(text, ATTEMPT_ANCHOR, ATTEMPT_PATCH, STATE_FILE)
    text = _replace_once(text, ONLINE_ANCHOR, ONLINE_PATCH, STATE_FILE)
    return _replace_once(text, LOST_ANCHOR, LOST_PATCH, STATE_FILE)


def patch_vite(text: str, backend_port: int) -> str:
    """Make Vite's development server proxy REST calls to the backend."""
    target = {"target": f"http://127.0.0.1:{backend_port}", "changeOrigin": False}
    proxy = json.dumps(dict.fromkeys(PROXIED, target))
    return _replace_once(text, VITE_ANCHOR, f"{VITE_ANCHOR}    proxy: {proxy},\n", VITE_FILE)


class SameOriginPlugin(Plugin):
    """Patches the frontend that Reflex generates."""

    def pre_compile(self, **context: Any) -> None:
        """Register the patches with the compiler."""
        context["add_modify_task"](STATE_FILE, patch_state)
        if not one_port():
            port = get_config().backend_port or 8000
            context["add_modify_task"](VITE_FILE, lambda text: patch_vite(text, port))

    def update_env_json(self, **context: Any) -> dict[str, Any]:
        """Tell the frontend whether it was built for one port."""
        return {"SAME_ORIGIN": one_port()}
