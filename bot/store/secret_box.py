"""Seals what a source needs to be read (credentials, API keys) before it reaches the database.

The key lies in a file of its own, outside the database, so that a copied or leaked backup opens nothing.
"""

import hmac
import os
import shlex
import tempfile
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from bot.errors import StoreError
from bot.log import keep_secret
from bot.store.private_files import make_private_folder, may_be_written_by_others
from bot.texts import text as sentence

if TYPE_CHECKING:
    from cryptography.fernet import Fernet


class SecretBox:
    """Opens and seals with the key in `key_file`, which is made at the first need (readable by its owner only)."""

    def __init__(self, key_file: Path) -> None:
        self._key_file = key_file

    def require_untouched(self) -> None:
        """Raise StoreError for a key file that other users of this machine may write: they could choose the key."""
        if self._key_file.is_file() and may_be_written_by_others(self._key_file):
            path = str(self._key_file)
            raise StoreError(sentence("store-key-open", path=path, quoted=shlex.quote(path)))

    def seal(self, secret: str) -> bytes:
        keep_secret(secret)
        return self._fernet.encrypt(secret.encode())

    def open(self, sealed: bytes) -> str:
        """Raises StoreError when this key did not seal it."""
        from cryptography.fernet import InvalidToken

        try:
            secret = self._fernet.decrypt(sealed).decode()
        except InvalidToken:
            raise StoreError(sentence("store-key-other", path=str(self._key_file))) from None
        keep_secret(secret)
        return secret

    def fingerprint(self, text: str) -> str:
        """64 characters that stand for `text` and tell nothing of it without the key."""
        return hmac.new(self._key, text.encode(), "sha256").hexdigest()

    @cached_property
    def _key(self) -> bytes:
        try:
            self.require_untouched()
            try:
                return self._key_file.read_bytes().strip()
            except FileNotFoundError:
                return self._make_key()
        except OSError as error:
            raise StoreError(self._unusable(error)) from error

    @cached_property
    def _fernet(self) -> "Fernet":
        from cryptography.fernet import Fernet

        try:
            return Fernet(self._key)
        except ValueError as error:
            raise StoreError(self._unusable(error)) from error

    def _make_key(self) -> bytes:
        from cryptography.fernet import Fernet

        key = Fernet.generate_key()
        make_private_folder(self._key_file.parent)
        # Written whole before it has its name, so that no crash leaves half a key; and of two processes that start
        # together one gives the name, the other reads that key.
        descriptor, draft = tempfile.mkstemp(dir=self._key_file.parent, prefix=f".{self._key_file.name}-")
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(key)
                file.flush()
                os.fsync(file.fileno())
            os.link(draft, self._key_file)
        except FileExistsError:
            return self._key_file.read_bytes().strip()
        finally:
            Path(draft).unlink()
        return key

    def _unusable(self, error: Exception) -> str:
        return sentence("store-key-unusable", path=str(self._key_file), problem=str(error))
