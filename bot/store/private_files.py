"""Files with votes, senders and keys in them: made for their owner alone, and which of them others can reach."""

import stat
from collections.abc import Iterator
from pathlib import Path

_BESIDE = ("-wal", "-shm", "-journal", ".lock")
# How copies of a database are mostly called.
_COPIES = frozenset({".db", ".sqlite", ".sqlite3", ".sql", ".dump", ".bak", ".backup"})


def make_private_folder(folder: Path) -> None:
    """Make the folder, and those above it that are not there, for their owner alone; what is there stays as it is."""
    missing = [each for each in (folder, *folder.parents) if not each.exists()]
    for each in reversed(missing):
        each.mkdir(mode=0o700, exist_ok=True)


def open_to_others(database: Path) -> Iterator[Path]:
    """What others can read or write of a SQLite database: the file, what SQLite and the bot keep beside it, copies."""
    yield from filter(is_open_to_others, [database, *(Path(f"{database}{ending}") for ending in _BESIDE)])
    if database.parent.is_dir():
        for each in sorted(database.parent.iterdir()):
            if _is_copy(each, database) and is_open_to_others(each):
                yield each


def is_open_to_others(path: Path) -> bool:
    """Another user of this machine may read or write the file."""
    return path.is_file() and bool(stat.S_IMODE(path.stat().st_mode) & 0o077)


def may_be_written_by_others(path: Path) -> bool:
    """Another user of this machine may write the file, or into the folder."""
    mode = path.stat().st_mode
    return bool(mode & 0o022) and not (stat.S_ISDIR(mode) and mode & stat.S_ISVTX)


def _is_copy(path: Path, database: Path) -> bool:
    if path.name == database.name or path.name.removeprefix(database.name) in _BESIDE:
        return False
    name = path.name.lower()
    return not _COPIES.isdisjoint(Path(name).suffixes) or "backup" in name or name.startswith(database.name.lower())
