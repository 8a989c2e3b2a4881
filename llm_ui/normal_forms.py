"""Unicode normalization of any text in linear time.

Canonical ordering is quadratic in the number of combining marks after one letter, and a text may
consist only of such marks. No script needs more than a few: in longer runs, only the first 30 are
kept, as Unicode's Stream-Safe Text Format allows (UAX #15).
"""

from __future__ import annotations

import re
import unicodedata
from typing import Literal

MARKS = 30
# The ranges that contain marks, and characters that normalize to marks.
_SPANS = (
    (0x0300, 0x3100),
    (0xA66F, 0xABFF),
    (0xFB1E, 0xFB1F),
    (0xFE00, 0xFE30),
    (0x101FD, 0x11FFF),
    (0x16AF0, 0x16FF6),
    (0x1BC9D, 0x1BC9F),
    (0x1CF00, 0x1CF47),
    (0x1D165, 0x1D245),
    (0x1DA00, 0x1DAB0),
    (0x1E000, 0x1E94B),
)
_HALFWIDTH = "\uff9e\uff9f"


def _mark_ranges() -> str:
    """The marks as a character class for regular expressions in Python and PostgreSQL."""
    found: list[list[int]] = []
    for first, last in _SPANS:
        for code in range(first, last):
            if unicodedata.category(chr(code))[0] == "M":
                if found and found[-1][1] == code - 1:
                    found[-1][1] = code
                else:
                    found.append([code, code])
    return "".join(f"{chr(first)}-{chr(last)}" for first, last in found) + _HALFWIDTH


# A run of too many marks: its first MARKS, and the rest.
LONG_RUN = "([{0}]{{{1}}})[{0}]+".format(_mark_ranges(), MARKS)
_LONG_RUN = re.compile(LONG_RUN)


def normalized(text: str, form: Literal["NFC", "NFKC", "NFKD"]) -> str:
    """The text in this normal form, with overlong runs of marks truncated."""
    if text.isascii():
        return text
    if len(text) > MARKS:
        text = _LONG_RUN.sub(r"\1", text)
    return unicodedata.normalize(form, text)
