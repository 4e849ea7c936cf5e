"""How much longer a document of 10 MB takes to understand than one of 1 MB, of each kind that is tested.

Processor seconds, each document in a process of its own. The kinds are those of
`tests/hostile/test_no_document_takes_more_than_its_length.py`, which grows smaller ones.
"""

import gc
import os
import resource
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context

from _processes import ROOT, report

SMALL, TIMES = int(os.environ.get("BYTES", "1_000_000")), 10
MOST_SECONDS = 300


def seconds(kind: str, size: int) -> float:
    """How long a document of this kind and size takes, with what is imported for it left out."""
    sys.path.insert(0, str(ROOT))
    from tests.hostile.test_no_document_takes_more_than_its_length import KINDS, much
    from tests.hostile.test_no_document_takes_more_than_its_length import seconds as taken

    resource.setrlimit(resource.RLIMIT_CPU, (MOST_SECONDS, MOST_SECONDS))
    understand, piece = KINDS[kind]
    taken(understand, much(piece, SMALL // 20))
    text = much(piece, size)
    gc.disable()
    began = time.process_time()
    taken(understand, text)
    return time.process_time() - began


def measured(kind: str, size: int) -> float:
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as process:
        return process.submit(seconds, kind, size).result()


def main() -> None:
    """Measure each kind and print."""
    sys.path.insert(0, str(ROOT))
    from tests.hostile.test_no_document_takes_more_than_its_length import KINDS

    for kind in KINDS:
        small = measured(kind, SMALL)
        try:
            large = measured(kind, SMALL * TIMES)
        except BrokenProcessPool:
            large = float(MOST_SECONDS)  # or its memory
        name = f"seconds to understand {SMALL * TIMES / 1e6:g} MB of {kind}, against a tenth of it"
        report(name, value=large, reference=small, ratio=large / small)


if __name__ == "__main__":
    main()
