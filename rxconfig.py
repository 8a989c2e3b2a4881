"""Reflex's configuration, however it is started: dev.py, `reflex run`, `export`, `db`.

What Reflex reads from the environment has to be set before it is imported.
"""

import os
import subprocess
import sys
from pathlib import Path

from llm_ui.config import load_settings
from llm_ui.errors import ConfigError

try:
    settings = load_settings()
except ConfigError as error:
    sys.stderr.write(f"{error}\n")
    sys.exit(2)


def _npm_registry() -> str:
    """npm's own registry setting; without it Reflex would probe mirrors and might choose one."""
    try:
        answer = subprocess.run(
            ["npm", "config", "get", "registry"],  # noqa: S607 - found on the PATH set below
            capture_output=True,
            text=True,
            check=True,
        )
    except (OSError, subprocess.CalledProcessError):
        return ""
    return answer.stdout.strip()


def _prepare_environment() -> None:
    # The JavaScript runtime is a Python package: node and npm are next to the interpreter.
    programs = str(Path(sys.executable).parent)
    path = os.environ.get("PATH", os.defpath)
    if path.split(os.pathsep)[0] != programs:
        os.environ["PATH"] = os.pathsep.join([programs, path])
    defaults = {
        "REFLEX_USE_NPM": "1",
        "REFLEX_TELEMETRY_ENABLED": "false",
        "REFLEX_CHECK_LATEST_VERSION": "false",
        # Otherwise the lock file would contain the registry's addresses.
        "npm_config_omit_lockfile_registry_resolved": "true",
        "npm_config_update_notifier": "false",
        "npm_config_fund": "false",
        "npm_config_audit": "false",
        # Development reloads on changes here; the working directory as a whole contains the
        # database and the model service's files, which change all the time.
        "REFLEX_HOT_RELOAD_OVERRIDE_PATHS": ":".join(("llm_ui", "assets")),
        # How long both ends trust a connection that died silently: interval plus timeout. With
        # Reflex's defaults, 25 and 120 seconds, an answer stood still for two and a half minutes.
        "REFLEX_SOCKET_INTERVAL": "10",
        "REFLEX_SOCKET_TIMEOUT": "30",
        "GRANIAN_WORKERS": os.environ.get("WORKERS") or "1",
    }
    for name, value in defaults.items():
        os.environ.setdefault(name, value)
    serving_only = os.environ.get("__REFLEX_SKIP_COMPILE") == "true"
    if not serving_only and "NPM_CONFIG_REGISTRY" not in os.environ:
        registry = _npm_registry()
        if registry:
            os.environ["NPM_CONFIG_REGISTRY"] = registry


_prepare_environment()

import reflex as rx  # noqa: E402
from reflex.constants import StateManagerMode  # noqa: E402
from reflex.plugins import SitemapPlugin  # noqa: E402

from llm_ui.same_origin import SameOriginPlugin  # noqa: E402


def _origins() -> tuple[str, ...]:
    """The settings' origins, plus those of a port or address passed to Reflex itself."""
    port = os.environ.get("REFLEX_FRONTEND_PORT", str(settings.port))
    deployed = os.environ.get("REFLEX_DEPLOY_URL", "").rstrip("/")
    asked = (f"http://localhost:{port}", f"http://127.0.0.1:{port}", deployed)
    local = () if settings.public_url else asked[:2]
    return tuple(dict.fromkeys(filter(None, (*settings.origins, *local, asked[2]))))


config = rx.Config(
    app_name="llm_ui",
    frontend_port=settings.port,
    backend_port=8000,
    cors_allowed_origins=_origins(),
    db_url=settings.database,
    state_manager_mode=StateManagerMode.MEMORY,
    transport="websocket",
    frontend_compression_formats=["brotli", "gzip"],
    telemetry_enabled=False,
    show_built_with_reflex=False,
    plugins=[SameOriginPlugin()],
    disable_plugins=[SitemapPlugin],
)
