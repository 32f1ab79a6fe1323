"""Ctrl-C, SIGTERM and SIGHUP as one exception, raised once and at no bad moment."""

from __future__ import annotations  # the installer is read by any Python 3

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


class Interrupted(BaseException):
    """Somebody asked us to end."""

    def __init__(self, number: int) -> None:
        self.number = number

    @property
    def status(self) -> int:
        """The exit status that shells use for an end by this signal."""
        return 128 + self.number


class _Moment:
    held = False
    waiting = 0


def listen() -> None:
    """Make the first signal raise `Interrupted` in the main thread, and ignore the later ones while we tidy up.

    A signal that whoever started us wants ignored (nohup) stays ignored.
    """
    for number in SIGNALS:
        if signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, _receive)


def listen_no_more() -> None:
    """Let signals do again what they do to any program."""
    for number in SIGNALS:
        if signal.getsignal(number) == _receive:
            signal.signal(number, signal.SIG_DFL if number != signal.SIGINT else signal.default_int_handler)


@contextmanager
def held() -> Iterator[None]:
    """Put a signal off until the block is over: something half started could not be stopped."""
    _Moment.held = True
    try:
        yield
    finally:
        _Moment.held = False
    if _Moment.waiting:
        raise Interrupted(_Moment.waiting)


def terminal_tells_our_group() -> bool:
    """Say whether Ctrl-C reaches our children by itself, because we are the terminal's foreground group."""
    try:
        return os.tcgetpgrp(sys.stdin.fileno()) == os.getpgrp()
    except (OSError, ValueError):
        return False


def _receive(number: int, _frame: FrameType | None) -> None:
    for other in SIGNALS:
        signal.signal(other, signal.SIG_IGN)
    if _Moment.held:
        _Moment.waiting = number
        return
    raise Interrupted(number)
