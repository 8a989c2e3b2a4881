"""Secrets that only need to be recognized: opaque tokens, and the keyed hashes stored for them."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Sequence

TOKEN_BYTES = 32


def new_token() -> str:
    """256 random bits, safe in URLs and cookies."""
    return secrets.token_urlsafe(TOKEN_BYTES)


def derive_key(secret: bytes, purpose: str) -> bytes:
    """A 32-byte key for one purpose (HMAC-SHA256 as the PRF, NIST SP 800-108)."""
    return hmac.new(secret, b"llm-ui:" + purpose.encode(), hashlib.sha256).digest()


def keyed_hash(secret: bytes, purpose: str, value: str) -> str:
    """What is stored instead of `value`: HMAC-SHA256 as 64 hex digits."""
    return hmac.new(derive_key(secret, purpose), value.encode(), hashlib.sha256).hexdigest()


def candidate_hashes(secret_keys: Sequence[bytes], purpose: str, value: str) -> list[str]:
    """The hash under each accepted key, newest first: key rotation signs nobody out."""
    return [keyed_hash(secret, purpose, value) for secret in secret_keys]


def same(left: str, right: str) -> bool:
    """Whether two strings are equal, compared in constant time."""
    return hmac.compare_digest(left.encode(), right.encode())
