"""How the command meets its standard streams: closed, full, of any encoding, read by somebody who left."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from io import TextIOWrapper
from typing import NoReturn

FAILED = 1
MISUSED = 2
"""What the command was given cannot be used."""


def fail(message: str, code: int = FAILED) -> NoReturn:
    """Ends the command with 1 and a message, which says what to do, on standard error."""
    warn(message)
    raise SystemExit(code)


def warn(message: str) -> None:
    """A line on standard error, if there is one."""
    if sys.stderr is not None:
        print(f"piaojue: {message}", file=sys.stderr)


def say(text: str) -> None:
    """Prints a line to standard output at once; ends the command if that cannot be done."""
    try:
        print(text, flush=True)
    except OSError as error:
        fail_to_write(error)


def fail_to_write(error: OSError) -> NoReturn:
    """Ends the command whose output cannot be written: quietly if its reader has left, as ``head`` does."""
    _forget_output()
    if isinstance(error, BrokenPipeError):
        raise SystemExit(FAILED)
    fail(f"the output cannot be written: {error.strerror or error}")


@contextmanager
def prepared() -> Iterator[None]:
    """Makes standard output fit for any text, and writes all of it before the command ends."""
    if sys.stdout is None:
        fail("standard output is closed")
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    try:
        yield
    finally:
        try:
            sys.stdout.flush()
        except OSError as error:
            fail_to_write(error)


def _forget_output() -> None:
    """What is still buffered goes nowhere; else Python would try again at its end, and complain again."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.__stdout__.fileno() if sys.__stdout__ else 1)
    os.close(nowhere)
