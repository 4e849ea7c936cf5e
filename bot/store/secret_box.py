"""Seals what a source needs to be read (credentials, API keys) before it reaches the database.

The key lies in a file of its own, outside the database, so that a copied or leaked backup opens nothing.
"""

import os
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from bot.errors import StoreError

if TYPE_CHECKING:
    from cryptography.fernet import Fernet


class SecretBox:
    """Opens and seals with the key in `key_file`, which is made at the first need (readable by its owner only)."""

    def __init__(self, key_file: Path) -> None:
        self._key_file = key_file

    def seal(self, secret: str) -> bytes:
        return self._fernet.encrypt(secret.encode())

    def open(self, sealed: bytes) -> str:
        """Raises StoreError when this key did not seal it."""
        from cryptography.fernet import InvalidToken

        try:
            return self._fernet.decrypt(sealed).decode()
        except InvalidToken:
            raise StoreError(
                f"A stored secret cannot be opened with the key in {self._key_file}. Put the original key file back, "
                "or enter the secret again with /setup."
            ) from None

    @cached_property
    def _fernet(self) -> "Fernet":
        from cryptography.fernet import Fernet

        try:
            try:
                key = self._key_file.read_bytes()
            except FileNotFoundError:
                key = self._make_key(Fernet.generate_key())
            return Fernet(key.strip())
        except (OSError, ValueError) as error:
            raise StoreError(
                f"The key file {self._key_file} cannot be used: {error}. Put it back from the backup, or name another "
                "one by SECRET_KEY_FILE."
            ) from error

    def _make_key(self, key: bytes) -> bytes:
        self._key_file.parent.mkdir(parents=True, exist_ok=True)
        # Exclusive creation: of two processes that start together one makes the key, the other reads it.
        try:
            descriptor = os.open(self._key_file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            return self._key_file.read_bytes()
        with os.fdopen(descriptor, "wb") as file:
            file.write(key)
        return key
