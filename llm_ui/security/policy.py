"""What a browser may do with a response: the Content-Security-Policy, and whether to store it.

A page may run this server's scripts and those that the build inlined into its HTML, which are
listed by hash: each hash is computed from the file that is served. No text is ever run as code:
handlers make a page call functions by name (states/browser.py). Inline styles are allowed, because
formulas are laid out with them. Images may come from other servers, because a user can choose to
load those in an answer; nothing else may. In all supported browsers, `connect-src 'self'` includes
the same-origin websocket.

In development, `reflex run` serves pages with Vite, without any of this.
"""

from __future__ import annotations

import base64
import hashlib
import posixpath
import re
from pathlib import Path

INLINE = re.compile(r"<script\b[^>]*>(.*?)</script>", re.DOTALL | re.IGNORECASE)
NO_STORE = "no-store"
# For responses that are not pages: should a browser show one anyway, it can do nothing.
CLOSED = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
# The same for everyone, and not secret.
PUBLIC = ("/api/docs", "/api/v1/openapi.json")
NOT_PAGES = ("/api/", "/health/", "/metrics")


def of_page(html: str, pictures: str = "data:") -> str:
    """The policy for a page of this server with the content `html`.

    Args:
        pictures: where images may come from besides this server.
    """
    hashes = dict.fromkeys(_hash(script) for script in INLINE.findall(html) if script)
    return "; ".join(
        (
            "default-src 'self'",
            " ".join(("script-src 'self'", *hashes)),
            "style-src 'self' 'unsafe-inline'",
            f"img-src 'self' {pictures}",
            "font-src 'self' data:",
            "connect-src 'self'",
            "object-src 'none'",
            "frame-src 'none'",
            "base-uri 'none'",
            "form-action 'self'",
            "frame-ancestors 'none'",
        )
    )


def _hash(script: str) -> str:
    digest = hashlib.sha256(script.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"


class Policies:
    """Response headers by path.

    Args:
        pages: the built frontend; None if this server has no pages.
        https: whether the app is reached only over https, so that images must be as well.
    """

    def __init__(self, pages: Path | None = None, *, https: bool = False) -> None:
        self._pages = pages
        self._pictures = "data: blob: https:" if https else "data: blob: https: http:"
        self._known: dict[Path, tuple[int, str]] = {}

    def headers(self, path: str, media_type: str) -> dict[str, str]:
        """The default headers of a response, unless it sets its own."""
        if path.startswith(NOT_PAGES):
            kept = {} if path.startswith(PUBLIC) else {"Cache-Control": NO_STORE}
            return {"Content-Security-Policy": CLOSED, **kept}
        if not media_type.startswith("text/html"):
            return {}
        # A cached page would ask for the scripts of a build that no longer exists.
        return {"Content-Security-Policy": self._page(path), "Cache-Control": NO_STORE}

    def _page(self, path: str) -> str:
        if self._pages is None:
            return CLOSED
        file = self._file(self._pages, path)
        try:
            made = file.stat().st_mtime_ns
            if self._known.get(file, (0, ""))[0] != made:
                policy = of_page(file.read_text(encoding="utf-8"), self._pictures)
                self._known[file] = (made, policy)
        except OSError:
            return CLOSED
        return self._known[file][1]

    @staticmethod
    def _file(pages: Path, path: str) -> Path:
        """The file that is served, found the way Starlette does, including its fallback page."""
        name = posixpath.normpath(f"/{path}").strip("/")
        for candidate in (pages / name, pages / name / "index.html"):
            if candidate.suffix == ".html" and candidate.is_file():
                return candidate
        return pages / "404.html"
