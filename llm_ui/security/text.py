"""Making untrusted text safe to store and to send on."""

from __future__ import annotations

import re

# PostgreSQL cannot store NUL, and a lone surrogate cannot be encoded as UTF-8.
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_REPLACEMENT = "\ufffd"


def storable(text: str) -> str:
    """The text with every character that no database stores replaced by U+FFFD."""
    return _UNSTORABLE.sub(_REPLACEMENT, text)
