"""Files on their way from the browser into a command or a form."""

import secrets
from collections import OrderedDict

from sandbox.errors import Refused
from sandbox.replies import File

MOST_FILES = 32
"""Beyond so many the oldest goes: what was chosen and never sent must not fill the memory."""


class Uploads:
    """Each file waits under a token until it is sent."""

    def __init__(self, most_bytes: int) -> None:
        self.most_bytes = most_bytes
        self._waiting: OrderedDict[str, File] = OrderedDict()

    def keep(self, file: File) -> str:
        """The token; raises Refused for a file that is too large."""
        if len(file.data) > self.most_bytes:
            raise Refused(f"{file.name} is larger than {self.most_bytes // 2**20} MB; choose a smaller file.")
        token = secrets.token_urlsafe(9)
        self._waiting[token] = file
        if len(self._waiting) > MOST_FILES:
            self._waiting.popitem(last=False)
        return token

    def take(self, token: str) -> File:
        """The file, once. Raises Refused when it is not there any more."""
        file = self._waiting.pop(token, None)
        if file is None:
            raise Refused("The file is not here any more; choose it again.")
        return file
