"""Stopped from outside: Ctrl-C and SIGTERM take the same orderly way out, which says how to go on."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType


class Interrupted(KeyboardInterrupt):
    """Work that was stopped by a signal; the message says what is kept, ``code`` is the exit code that tells of it."""

    def __init__(self, message: str, code: int) -> None:
        super().__init__(message)
        self.code = code


class _Terminated(KeyboardInterrupt):
    """SIGTERM came."""


@contextmanager
def stoppable(message: Callable[[], str]) -> Iterator[None]:
    """Turn Ctrl-C and, in the main thread, SIGTERM into Interrupted with the message of that moment."""

    def stop(number: int, frame: FrameType | None) -> None:
        raise _Terminated

    main = threading.current_thread() is threading.main_thread()
    before = signal.signal(signal.SIGTERM, stop) if main else None
    try:
        yield
    except KeyboardInterrupt as error:
        number = signal.SIGTERM if isinstance(error, _Terminated) else signal.SIGINT
        raise Interrupted(message(), 128 + number) from error
    finally:
        if main:
            signal.signal(signal.SIGTERM, before)
