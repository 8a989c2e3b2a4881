"""Detecting a text's encoding: by its byte order mark, its own declaration, or the best fit.

UTF-8 is recognized by its form, UTF-16 without a mark by the position of its zero bytes. All older
encodings are guessed by chardet, whose guesses for short texts are weighted here by how readable
the result is: a word of mixed Latin and Cyrillic letters is not.
"""

from __future__ import annotations

import codecs
import re
import unicodedata
from dataclasses import dataclass
from typing import Any

# Longer marks first: UTF-32's starts like UTF-16's.
_BOMS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
# The encodings that chardet may guess: those found in users' files. Those of mainframes and old
# Macs, and rare ones, only cause wrong guesses for short texts.
_GUESSED = [
    "gb18030",
    "big5hkscs",
    "cp932",
    "euc_jis_2004",
    "iso2022_jp_2",
    "iso2022_kr",
    "cp949",
    "cp1250",
    "cp1251",
    "cp1252",
    "cp1253",
    "cp1254",
    "cp1255",
    "cp1256",
    "cp1257",
    "cp1258",
    "cp874",
    "iso8859-2",
    "iso8859-5",
    "iso8859-7",
    "koi8-r",
    "koi8-u",
    "cp866",
]
# Names that mean a wider encoding in practice: what programs actually write under each name.
_WIDER = {
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "cp936": "gb18030",
    "big5": "big5hkscs",
    "cp950": "big5hkscs",
    "shift_jis": "cp932",
    "euc_kr": "cp949",
    "iso8859-1": "cp1252",
    "ascii": "cp1252",
    "iso8859-9": "cp1254",
    "tis-620": "cp874",
    "euc_jp": "euc_jis_2004",
    "iso2022_jp": "iso2022_jp_2",
}
# The names people know them by.
NAMES = {
    "gb18030": "GB18030 (GBK)",
    "big5hkscs": "Big5",
    "cp932": "Shift JIS",
    "euc_jis_2004": "EUC-JP",
    "iso2022_jp_2": "ISO-2022-JP",
    "iso2022_kr": "ISO-2022-KR",
    "cp949": "EUC-KR (CP949)",
    "cp874": "Windows-874",
    "cp866": "CP866",
    "koi8-r": "KOI8-R",
    "koi8-u": "KOI8-U",
    "iso8859-2": "ISO 8859-2",
    "iso8859-5": "ISO 8859-5",
    "iso8859-7": "ISO 8859-7",
    **{f"cp{n}": f"Windows-{n}" for n in range(1250, 1259)},
}
# How many bytes are enough to detect the encoding.
SAMPLE = 32 * 1024
# The most likely encoding if nothing fits much better: Western European.
_USUAL = "cp1252"
_USUAL_BONUS = 0.06
_FLAW = 12.0
# Encodings with two bytes per character.
_PAIRED = ("gb18030", "cp932", "big5hkscs", "cp949", "euc_jis_2004")

_FOREIGN = r"\u0370-\u052f\u0590-\u06ff\u0e00-\u0e7f\u3040-\u30ff\u3400-\u9fff\uac00-\ud7a3"
_SMALL = "a-z\u00df-\u00f6\u00f8-\u024f"
# Words of mixed scripts, box-drawing and control characters inside text, private-use characters.
_FLAWS = re.compile(
    rf"[{_SMALL}](?=[{_FOREIGN}])|[{_FOREIGN}](?=[{_SMALL}])"
    r"|[\x7f-\x9f\ue000-\uf8ff\u2500-\u259f\ufffd]"
)
_KANA = re.compile(r"[\u3041-\u30ff]")
_ICELANDIC = re.compile(r"[\u00d0\u00dd\u00de\u00f0\u00fd\u00fe]")
_ICELANDIC_TOO = re.compile(r"[\u00e1\u00e6\u00e9\u00ed\u00f3\u00fa]")
_SYMBOLS = frozenset({"Sm", "Sc", "So", "Sk", "No", "Po"})
_SAYS = (
    re.compile(rb"<\?xml[^>]{1,200}?encoding\s*=\s*[\"']([\w.:-]{1,40})"),
    re.compile(rb"<meta[^>]{0,400}?charset\s*=\s*[\"']?\s*([\w.:-]{1,40})", re.IGNORECASE),
    re.compile(rb"^[^\n]{0,80}\n?[^\n]{0,80}?coding[:=][ \t]*([\w.-]{1,40})"),
    re.compile(rb"^@charset \"([\w.:-]{1,40})\";"),
)


@dataclass(frozen=True, slots=True)
class Decoded:
    """A decoded text; `encoding` is Python's name for it, `bad` the number of undecodable
    places."""

    text: str
    encoding: str
    bad: int = 0

    @property
    def name(self) -> str:
        """The encoding's common name; "" for Unicode, which needs no mention."""
        return NAMES.get(self.encoding, "")


def decode(data: bytes) -> Decoded:
    """Decode a text; undecodable bytes are replaced."""
    marked = next((name for mark, name in _BOMS if data.startswith(mark)), None) or wide(data)
    if marked:
        return _read(data, marked)
    if b"\x1b$" in data and (escaped := _escaped(data)):
        return escaped
    try:
        return Decoded(data.decode("utf-8"), "utf-8")
    except UnicodeDecodeError:
        pass
    if is_mostly_utf8(data):
        return _read(data, "utf-8")
    if (said := said_of_itself(data)) and (read := _read(data, said)).bad == 0:
        return read
    return _read(data, guessed(data))


def _read(data: bytes, encoding: str) -> Decoded:
    text = data.decode(encoding, errors="replace")
    # U+FFFD that was already in the file does not count as an error.
    right = data.count("\ufffd".encode()) if encoding.startswith("utf-8") else 0
    return Decoded(text, encoding, max(0, text.count("\ufffd") - right))


def said_of_itself(data: bytes) -> str | None:
    """The encoding that a text declares in its first lines, if Python knows it."""
    for pattern in _SAYS:
        if found := pattern.search(data[:4096]):
            return known(found[1].decode("ascii"))
    return None


def known(name: str) -> str | None:
    """Python's name for the text encoding of this family with the most characters; None if there is
    no such encoding."""
    try:
        found = codecs.lookup(name)
        found.decode(b"a" * 4)
    except (LookupError, UnicodeError, ValueError, TypeError):
        return None
    if not getattr(found, "_is_text_encoding", True) or found.name.startswith(("utf-7", "idna")):
        return None
    return _WIDER.get(found.name, found.name)


def wide(data: bytes) -> str | None:
    """Detect UTF-16 or UTF-32 without a mark, by zero bytes or by the letters that byte pairs
    form."""
    head = data[: 16 * 1024]
    head = head[: len(head) - len(head) % 4] if len(head) > 4 else head
    if len(head) < 4 or not 0 < head.count(0) < len(head):
        return _spelled(head) if len(data) % 2 == 0 else None
    zeros = [head[place::4].count(0) / (len(head) / 4) for place in range(4)]
    even, odd = (head[place::2].count(0) / (len(head) / 2) for place in range(2))
    found = ""
    if min(zeros[2:]) > 0.95 and zeros[0] < 0.2:
        found = "utf-32-le"
    elif min(zeros[:2]) > 0.95 and zeros[3] < 0.2:
        found = "utf-32-be"
    elif odd > 0.4 and even < 0.05:
        found = "utf-16-le"
    elif even > 0.4 and odd < 0.05:
        found = "utf-16-be"
    if found and _share(head.decode(found, errors="replace")) > 0.9:
        return found
    return _spelled(head) if len(data) % 2 == 0 else None


def _spelled(head: bytes) -> str | None:
    """Detect UTF-16 of non-Latin text: nearly all byte pairs form such letters."""
    if len(head) < 8 or not _has_controls(head):
        return None
    shares = {
        name: _share(head.decode(name, errors="replace")) for name in ("utf-16-le", "utf-16-be")
    }
    best = max(shares, key=shares.__getitem__)
    return best if shares[best] > 0.95 else None


def _has_controls(head: bytes) -> bool:
    return any(byte < 9 or 13 < byte < 27 for byte in head)


def _share(text: str) -> float:
    usual = re.findall(
        r"[\n\r\t -~\u00a0-\u024f\u0370-\u06ff\u0e00-\u0e7f\u2000-\u22ff\u3000-\u30ff"
        r"\u4e00-\u9fff\uac00-\ud7a3\uff00-\uffef]",
        text,
    )
    # A third of all byte pairs are Chinese characters; spaces and commas tell text from noise.
    return len(usual) / max(1, len(text))


def _escaped(data: bytes) -> Decoded | None:
    """ISO-2022: plain ASCII except for escape sequences."""
    for encoding in ("iso2022_jp_2", "iso2022_kr"):
        try:
            return Decoded(data.decode(encoding), encoding)
        except UnicodeDecodeError:
            continue
    return None


def is_mostly_utf8(data: bytes) -> bool:
    """Whether a text is UTF-8 with some invalid bytes: more non-ASCII characters than errors."""
    text = data.decode("utf-8", errors="replace")
    bad = text.count("\ufffd")
    good = sum(1 for sign in text if sign > "\x7f") - bad
    return good > bad


def guessed(data: bytes) -> str:
    """The legacy encoding that fits best."""
    sample = _telling(data)
    if _is_japanese(sample):
        return "euc_jis_2004"
    best, most = _best(sample)
    high = sum(1 for byte in sample if byte > 127)
    for encoding in _PAIRED if best not in _PAIRED and high > 16 else ():
        # In a double-byte encoding, one invalid byte rules out the whole text.
        cleaned, odd = _without_errors(sample, encoding, high // 40 + 1)
        if odd and (other := _best(cleaned))[0] == encoding and other[1] > most:
            best, most = other
    return best


def _best(sample: bytes) -> tuple[str, float]:
    """The encoding that fits best, and its score."""
    import chardet

    # Its type annotations change with each version; the results are checked below.
    detect_all: Any = chardet.detect_all
    found = detect_all(
        sample,
        ignore_threshold=True,
        include_encodings=_GUESSED,
        compat_names=False,
        prefer_superset=False,
        no_match_encoding=_USUAL,
    )
    bonus = _USUAL_BONUS / max(1, sum(1 for byte in sample if byte > 127))
    best, most = _USUAL, -1.0
    for each in found:
        name = _WIDER.get(str(each["encoding"]), str(each["encoding"]))
        if known(name) is None:
            continue
        trust = float(each["confidence"]) + (bonus if name == _USUAL else 0)
        fit = trust * 2.0 ** (-_FLAW * _flawed(sample, name))
        if fit > most:
            best, most = name, fit
    return best, most


def _is_japanese(sample: bytes) -> bool:
    """Whether a text is EUC-JP, judging by its kana: Chinese encodings have them at the same code
    points, but Chinese texts do not use them."""
    try:
        text = sample.decode("euc_jis_2004")
    except UnicodeDecodeError:
        return False
    return len(_KANA.findall(text)) > 0.4 * sum(1 for sign in text if sign > "\x7f")


def _without_errors(sample: bytes, encoding: str, most: int) -> tuple[bytes, int]:
    """The text without bytes that are invalid in this encoding, and the number of places removed; 0
    if there are none or too many."""
    kept = sample
    for count in range(most + 1):
        try:
            kept.decode(encoding)
        except UnicodeDecodeError as error:
            if error.reason.startswith("incomplete") and error.end == len(kept):
                return kept[: error.start], count or 1
            kept = kept[: error.start] + kept[error.start + 1 :]
        else:
            return kept, count
    return sample, 0


def _telling(data: bytes) -> bytes:
    """The lines that contain non-ASCII bytes, wherever they are in the text."""
    if len(data) <= SAMPLE:
        return data
    found: list[bytes] = []
    size = 0
    for line in re.finditer(rb"[^\n]{0,4000}\n?", data):
        if line[0] and not line[0].isascii():
            found.append(line[0])
            size += len(line[0])
            if size > SAMPLE:
                break
    return b"".join(found) or data[:SAMPLE]


def _flawed(sample: bytes, encoding: str) -> float:
    """How unreadable the text would be: flaws per non-ASCII character."""
    text = sample.decode(encoding, errors="replace")
    flaws = len(_FLAWS.findall(text))
    if encoding == _USUAL and _ICELANDIC.search(text) and not _ICELANDIC_TOO.search(text):
        # The six letters in which Turkish differs.
        flaws += len(_ICELANDIC.findall(text))
    if encoding == "gb18030":
        # GB18030 has kana, but a text with kana is Japanese.
        flaws += len(_KANA.findall(text))
    for before, sign, after in zip(text, text[1:], text[2:], strict=False):
        if sign < "\x80" and after < "\x80":
            continue
        if before.isalpha() and before.islower() and sign.isupper():
            flaws += 1
        elif before.isalpha() and after.isalpha() and sign > "\x7f":
            flaws += unicodedata.category(sign) in _SYMBOLS
    return flaws / max(1, sum(1 for sign in text if sign > "\x7f"))
