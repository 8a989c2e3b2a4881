"""The path pattern of the route that handles a request.

A route knows only its own part of the pattern, without the prefixes it was included under.
"""

from __future__ import annotations

from starlette.types import Scope

UNKNOWN = "unknown"


def of(scope: Scope) -> str:
    """The path, with parameter names in place of their values."""
    if "route" not in scope:
        return UNKNOWN
    path: str = scope["path"]
    for name, value in scope.get("path_params", {}).items():
        path = path.replace(f"/{value}", f"/{{{name}}}", 1)
    return path
