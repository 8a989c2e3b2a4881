"""Reflex plugin: the page talks to its own origin, in production and in development.

Reflex writes the backend's port into the built frontend. In production on one port that
would tie a build to a port, and break it behind a proxy on another one; here the browser
takes the port of the page instead. In development the two ports stay, and Vite's server
passes REST calls on, so that pages use the same relative addresses in both.

Beside the address it mends what Reflex's page does when the line is lost without a word:
it says nothing until a new attempt has failed, which socket.io gives twenty seconds.
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
# Reflex assumes the default port under https, after our line; ours has to stand.
HTTPS_ANCHOR = 'endpoint.port = ""; // Assume websocket'
HTTPS_PATCH = 'if (!env.SAME_ORIGIN) endpoint.port = ""; // Assume websocket'
CONNECT_WITHIN_MS = 8000
ATTEMPT_ANCHOR = "    reconnection: false,\n"
ATTEMPT_PATCH = f"{ATTEMPT_ANCHOR}    timeout: {CONNECT_WITHIN_MS},\n"
LOST_ANCHOR = "      // Attempt to reconnect transient non-intentional disconnects.\n"
LOST_PATCH = (
    f"{LOST_ANCHOR}      setConnectErrors((errors) => [...errors.slice(-9), new Error(reason)]);\n"
)
# A browser that is online again is not kept waiting, and one that is offline waits for nothing.
ONLINE_ANCHOR = '  document.addEventListener("visibilitychange", checkVisibility);\n'
ONLINE_PATCH = (
    f"{ONLINE_ANCHOR}"
    '  window.addEventListener("online", checkVisibility);\n'
    '  window.addEventListener("lu:offline", () => socket.current?.io.engine?.close());\n'
)
VITE_FILE = "vite.config.js"
VITE_ANCHOR = "  server: {\n"


def one_port() -> bool:
    """Whether one server serves the pages and everything else."""
    config = get_config()
    return config.frontend_port == config.backend_port


def _replace_once(text: str, anchor: str, patch: str, file: str) -> str:
    if patch in text:
        return text
    if text.count(anchor) != 1:
        raise RuntimeError(
            f"This version of Reflex generates another {file} than LLM UI knows: look for "
            f"{anchor!r} and adapt llm_ui/same_origin.py."
        )
    return text.replace(anchor, patch)


def patch_state(text: str) -> str:
    """Let the address of the websocket follow the page's port, and a lost line be shown."""
    text = _replace_once(text, STATE_ANCHOR, STATE_PATCH, STATE_FILE)
    text = _replace_once(text, HTTPS_ANCHOR, HTTPS_PATCH, STATE_FILE)
    text = _replace_once(text, ATTEMPT_ANCHOR, ATTEMPT_PATCH, STATE_FILE)
    text = _replace_once(text, ONLINE_ANCHOR, ONLINE_PATCH, STATE_FILE)
    return _replace_once(text, LOST_ANCHOR, LOST_PATCH, STATE_FILE)


def patch_vite(text: str, backend_port: int) -> str:
    """Let Vite's development server pass REST calls on to the backend."""
    target = {"target": f"http://127.0.0.1:{backend_port}", "changeOrigin": False}
    proxy = json.dumps(dict.fromkeys(PROXIED, target))
    return _replace_once(text, VITE_ANCHOR, f"{VITE_ANCHOR}    proxy: {proxy},\n", VITE_FILE)


class SameOriginPlugin(Plugin):
    """Applies the changes to what Reflex generates."""

    def pre_compile(self, **context: Any) -> None:
        """Register the changes with the compiler."""
        context["add_modify_task"](STATE_FILE, patch_state)
        if not one_port():
            port = get_config().backend_port or 8000
            context["add_modify_task"](VITE_FILE, lambda text: patch_vite(text, port))

    def update_env_json(self, **context: Any) -> dict[str, Any]:
        """Tell the browser's code which way it was built."""
        return {"SAME_ORIGIN": one_port()}
