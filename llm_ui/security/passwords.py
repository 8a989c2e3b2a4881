"""Password hashes: Argon2id for new ones, older SHA-256 ones are verified and upgraded.

Parameters follow OWASP's Password Storage Cheat Sheet (Argon2id, 19 MiB, 2 passes).

What looks the same is the same password: one system types an ü as one character, another one as
two, so a password is brought into one form (NFKC, as NIST SP 800-63B asks) before it is hashed.
Hashes that were made of what was typed fit still, and are renewed at the next sign-in.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import os
import re
import unicodedata
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import ClassVar, TypeVar

from passlib.context import CryptContext
from passlib.utils import handlers as uh

from llm_ui.errors import TooManyRequests
from llm_ui.security.text import storable

T = TypeVar("T")
MIN_LENGTH = 8
MAX_LENGTH = 256
# Of more than this nothing is even looked at; a character typed in parts may take several.
_READ = 4 * MAX_LENGTH
# Hashes at once: however many ask, as much of the machine is left for everything else.
AT_ONCE = max(1, (os.cpu_count() or 1) // 2)
# Who comes behind so many others would wait for seconds, and is told to come back.
MOST_WAITING = 200
BACK_IN_S = 5


class SaltedSha256(uh.GenericHandler):  # type: ignore[misc]
    """`salt$hexdigest` or `salt:hexdigest` of SHA-256 over salt and password, in either
    order, as earlier installations wrote it. It verifies only: nothing new is made."""

    name = "salted_sha256"
    setting_kwds: ClassVar[tuple[str, ...]] = ()
    _pattern = re.compile(r"(?P<salt>[^$:]{1,64})[$:](?P<digest>[0-9a-fA-F]{64})")

    @classmethod
    def identify(cls, hash: str | bytes) -> bool:
        text = hash.decode() if isinstance(hash, bytes) else hash
        return cls._pattern.fullmatch(text) is not None

    @classmethod
    def verify(cls, secret: str | bytes, hash: str | bytes) -> bool:
        text = hash.decode() if isinstance(hash, bytes) else hash
        match = cls._pattern.fullmatch(text)
        if match is None:
            return False
        word = secret.encode() if isinstance(secret, str) else secret
        salt, digest = match["salt"].encode(), match["digest"].lower()
        candidates = (hashlib.sha256(salt + word), hashlib.sha256(word + salt))
        return any(hmac.compare_digest(each.hexdigest(), digest) for each in candidates)


_context = CryptContext(
    schemes=["argon2", "hex_sha256", SaltedSha256],
    deprecated=["hex_sha256", "salted_sha256"],
    argon2__type="ID",
    argon2__memory_cost=19456,
    argon2__time_cost=2,
    argon2__parallelism=1,
)
# What a sign-in to an account that does not exist is checked against, so that it takes
# as long as any other.
_decoy = ""


def one_form(password: str) -> str:
    """The form of a password that is hashed and counted: NFKC."""
    return unicodedata.normalize("NFKC", storable(password))


def _forms(password: str) -> list[str]:
    """The forms a stored hash may have been made of, the usual one first; one for ASCII."""
    typed = storable(password)
    ways = (unicodedata.normalize(form, typed) for form in ("NFC", "NFD"))
    return list(dict.fromkeys([one_form(typed), typed, *ways]))


def hash_password_now(password: str) -> str:
    """The Argon2id hash of a password; takes some 30 ms of CPU."""
    return str(_context.hash(one_form(password)))


_threads = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="passwords")
_waiting = 0


async def _in_turn(work: Callable[..., T], *arguments: object) -> T:
    """Do what costs a hash in a thread, a few at a time. Raises TooManyRequests when too many
    wait."""
    global _waiting  # noqa: PLW0603 - of the process, like the threads
    if _waiting >= MOST_WAITING:
        raise TooManyRequests(BACK_IN_S)
    _waiting += 1
    try:
        return await asyncio.get_running_loop().run_in_executor(_threads, work, *arguments)
    finally:
        _waiting -= 1


async def hash_password(password: str) -> str:
    """`hash_password_now` in a thread. Raises TooManyRequests when too many wait."""
    return await _in_turn(hash_password_now, password)


async def verify_password(password: str, hashed: str | None) -> tuple[bool, str | None]:
    """Check a password against a stored hash, or against nothing in the same time.

    Args:
        password: as it was typed, of any length.

    Returns:
        whether it fits, and a new hash to store when the old one is of an outdated kind or was
        made of another form of the same password.

    Raises:
        TooManyRequests: too many wait for their turn.
    """
    return await _in_turn(_verify, password[:_READ], hashed)


def _verify(password: str, hashed: str | None) -> tuple[bool, str | None]:
    global _decoy  # noqa: PLW0603 - made at first use: it costs a hash
    known = hashed if hashed and _context.identify(hashed) else None
    if known is None:
        _decoy = _decoy or hash_password_now("nobody's password")
    # An account that is not there takes as many tries as one that is.
    for number, form in enumerate(_forms(password)):
        fits, renewed = _context.verify_and_update(form, known or _decoy)
        if known and fits:
            return True, hash_password_now(password) if number else renewed
    return False, None
