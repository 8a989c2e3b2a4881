"""Secrets that must be readable again to be sent upstream, encrypted with keys from SECRET_KEY."""

from __future__ import annotations

import base64
from collections.abc import Sequence

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from llm_ui.security.tokens import derive_key


class UndecryptableError(Exception):
    """No accepted key decrypts this: SECRET_KEY was changed without keeping the old one."""


def _cipher(secret_keys: Sequence[bytes]) -> MultiFernet:
    keys = (derive_key(secret, "encryption") for secret in secret_keys)
    return MultiFernet([Fernet(base64.urlsafe_b64encode(key)) for key in keys])


def encrypt(secret_keys: Sequence[bytes], text: str) -> str:
    """Encrypt with the newest key (Fernet: AES-128-CBC and HMAC-SHA256)."""
    return _cipher(secret_keys).encrypt(text.encode()).decode()


def decrypt(secret_keys: Sequence[bytes], token: str) -> str:
    """Decrypt with whichever accepted key fits.

    Raises:
        UndecryptableError: no key fits.
    """
    try:
        return _cipher(secret_keys).decrypt(token.encode()).decode()
    except InvalidToken:
        raise UndecryptableError from None
