"""An earlier build of Pressroom beside this one, for benchmarks that say what has changed."""

import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from _processes import ROOT

EARLIER = "100e53f"
"""The build before claims, beats and readings in pieces."""


@contextmanager
def earlier_build(revision: str = EARLIER) -> Iterator[Path | None]:
    """A folder with that build's files; None where this is no clone that holds it."""
    with tempfile.TemporaryDirectory() as folder:
        archive = subprocess.run(["git", "-C", str(ROOT), "archive", revision], capture_output=True, check=False)
        if archive.returncode:
            yield None
            return
        subprocess.run(["tar", "-x", "-C", folder], input=archive.stdout, check=True)
        yield Path(folder)
