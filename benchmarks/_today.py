"""An earlier build of Pressroom beside this one, for benchmarks that say what has changed."""

import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from inspect import signature
from pathlib import Path
from typing import Any

from _processes import ROOT

EARLIER = "100e53f"
"""The build before claims, beats and readings in pieces."""


def asked_for(function: Callable[..., Any], **values: Any) -> dict[str, Any]:
    """Those of the arguments that this build's function takes: an earlier one wants others."""
    asked = signature(function).parameters
    return {name: value for name, value in values.items() if name in asked}


def done_by(function: Callable[..., Any], actor: Any, guild_id: int, interaction_id: int) -> Callable[..., Any]:
    """The function with what this build's function asks of an act: as one value, or each by its name."""
    if "act" in signature(function).parameters:
        from bot.model.member import Act

        return partial(function, Act(guild_id, actor, interaction_id))
    named = {"actor": actor, "member_id": actor.member_id, "interaction_id": interaction_id}
    return partial(function, guild_id, **asked_for(function, **named))


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
