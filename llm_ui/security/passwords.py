"""Password hashing: Argon2id for new hashes; older SHA-256 hashes are verified and upgraded.

Parameters follow OWASP's Password Storage Cheat Sheet (Argon2id, 19 MiB, 2 passes).

Passwords that look the same are the same: some systems type ü as one character, others as two, so a
password is normalized (NFKC, as recommended by NIST SP 800-63B) before it is hashed. Older hashes
of the unnormalized password still match, and are replaced at the next sign-in.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import os
import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import ClassVar, TypeVar

from passlib.context import CryptContext
from passlib.utils import handlers as uh

from llm_ui.errors import TooManyRequests
from llm_ui.security.client_addresses import network_of, wide_network_of
from llm_ui.security.text import storable
from llm_ui.security.turns import Turns

T = TypeVar("T")
MIN_LENGTH = 8
MAX_LENGTH = 256
# Anything beyond this is ignored; one character may be typed as several.
LONGEST_TYPED = 4 * MAX_LENGTH
# NFKC may turn one character into eighteen; anything beyond this cannot be hashed.
LONGEST_HASHED = 4096
# Concurrent hashes: the rest of the machine stays available for any number of requests.
AT_ONCE = max(1, (os.cpu_count() or 1) // 2)
# Beyond this queue length a request would wait for seconds, so it is told to retry later; callers
# from a known place are exempt.
MOST_WAITING = 200
# The limit for the networks of one customer, so that an attacker with many addresses cannot fill
# the queue alone.
MOST_OF_ONE = 20
BACK_IN_S = 5


class SaltedSha256(uh.GenericHandler):  # type: ignore[misc]
    """SHA-256 over salt and password in either order, as `salt$hexdigest` or `salt:hexdigest`;
    written by earlier installations. Only verifies, never creates hashes."""

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
# Verified when the account does not exist, so that such a sign-in takes as long as any other.
_decoy = ""


def one_form(password: str) -> str:
    """The normalized form (NFKC) of a password, which is hashed and measured."""
    return unicodedata.normalize("NFKC", storable(password[:LONGEST_TYPED]))


def _forms(password: str) -> list[str]:
    """All normal forms from which a stored hash may have been made, the current one first. For
    ASCII, there is only one."""
    typed = storable(password[:LONGEST_TYPED])
    ways = (unicodedata.normalize(form, typed) for form in ("NFC", "NFD"))
    forms = (one_form(typed), typed, *ways)
    return list(dict.fromkeys(each[:LONGEST_HASHED] for each in forms))


def hash_password_now(password: str) -> str:
    """The Argon2id hash of a password; takes about 30 ms of CPU."""
    return str(_context.hash(one_form(password)))


_threads = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="passwords")
_turns = Turns(AT_ONCE)
_strangers: Counter[str] = Counter()


@dataclass(frozen=True, slots=True)
class Asker:
    """Who a hash is computed for: requests take turns by `name`."""

    name: str = ""
    # Whether this user has signed in from there before, or holds a link from an administrator.
    is_known: bool = False
    # The wider network that the name belongs to; few requests from each may wait.
    wide: str = ""


NOBODY = Asker()


def asker_at(address: str) -> Asker:
    """An anonymous caller at this address; all callers of one network share a turn."""
    return Asker(network_of(address), wide=wide_network_of(address))


def asker_with(link_id: str) -> Asker:
    """The holder of an administrator's link; others cannot crowd them out."""
    return Asker(f"link {link_id}", is_known=True)


@contextmanager
def _among_strangers(asker: Asker) -> Iterator[None]:
    """Count a caller from an unknown place while they wait."""
    if asker.is_known:
        yield
        return
    _strangers[asker.wide] += 1
    try:
        yield
    finally:
        _strangers[asker.wide] -= 1
        if not _strangers[asker.wide]:
            del _strangers[asker.wide]


async def _in_turn(asker: Asker, work: Callable[..., T], *arguments: object) -> T:
    """Run hashing work in a thread, a few at a time. Raises TooManyRequests if too many are
    waiting."""
    crowded = _turns.waiting >= MOST_WAITING or _strangers[asker.wide] >= MOST_OF_ONE
    if crowded and not asker.is_known:
        raise TooManyRequests(BACK_IN_S)
    with _among_strangers(asker):
        await _turns.take(asker.name, is_known=asker.is_known)
    done = asyncio.get_running_loop().run_in_executor(_threads, work, *arguments)
    # If the caller is canceled, the thread keeps running: the turn ends when the thread does.
    done.add_done_callback(lambda _: _turns.leave())
    return await asyncio.shield(done)


async def hash_password(password: str, asker: Asker = NOBODY) -> str:
    """`hash_password_now` in a thread. Raises TooManyRequests if too many are waiting."""
    return await _in_turn(asker, hash_password_now, password)


async def verify_password(
    password: str, hashed: str | None, asker: Asker = NOBODY
) -> tuple[bool, str | None]:
    """Check a password against a stored hash. Without a hash, this takes the same time.

    Args:
        password: as it was typed, of any length.
        asker: the caller who is waiting for the result.

    Returns:
        whether it matches, and a replacement hash if the stored one uses an outdated scheme or was
        made from another form of the same password.

    Raises:
        TooManyRequests: too many are waiting.
    """
    return await _in_turn(asker, _verify, password[:LONGEST_TYPED], hashed)


def _verify(password: str, hashed: str | None) -> tuple[bool, str | None]:
    global _decoy  # noqa: PLW0603 - made at first use: it costs a hash
    known = hashed if hashed and _context.identify(hashed) else None
    is_quick = known is not None and _context.identify(known) != "argon2"
    _decoy = _decoy or hash_password_now("nobody's password")
    # A missing account takes as many attempts as an existing one. Old hashes are nearly free to
    # verify, so the decoy is added to make them take as long as any other.
    for number, form in enumerate(_forms(password)):
        fits, renewed = _context.verify_and_update(form, known or _decoy)
        if known and fits:
            return True, hash_password_now(password) if number else renewed
        if is_quick:
            _context.verify(form, _decoy)
    return False, None
