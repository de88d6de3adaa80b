"""Ctrl-C and SIGTERM at commands: both end what is under way in the same way, and the status says which it was."""

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import NoReturn

INTERRUPTED = "Interrupted: what this command had begun to write is rolled back, what it had claimed is free again."
SIGNALS = (signal.SIGINT, signal.SIGTERM)


@contextmanager
def noted_interruptions() -> Iterator[Callable[[], int | None]]:
    """Within, SIGTERM raises KeyboardInterrupt as Ctrl-C does; yields what says which of the two came first, if any.

    Signals are noted whoever handles them: Dagster has handlers of its own while a run is executed.
    """
    read, write = os.pipe()
    os.set_blocking(read, False)
    os.set_blocking(write, False)
    handler = signal.signal(signal.SIGTERM, _interrupt)
    before = signal.set_wakeup_fd(write, warn_on_full_buffer=False)
    seen = bytearray()

    def first() -> int | None:
        with suppress(BlockingIOError):
            seen.extend(os.read(read, 4_096))
        return next((number for number in seen if number in SIGNALS), None)

    try:
        yield first
    finally:
        signal.set_wakeup_fd(before)
        signal.signal(signal.SIGTERM, handler)
        os.close(read)
        os.close(write)


def _interrupt(_signal: int, _frame: FrameType | None) -> NoReturn:
    raise KeyboardInterrupt
