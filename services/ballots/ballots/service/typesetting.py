"""PDF, made by a program of its own: bounded in time and memory, one at a time."""

import json
import os
import sys
from collections import OrderedDict
from collections.abc import Mapping
from hashlib import sha256
from typing import Any, Final

from eventlet.green import subprocess
from eventlet.semaphore import Semaphore
from eventlet.timeout import Timeout

from ballots.service import pages
from chassis.config import Settings
from chassis.errors import Unavailable
from chassis.http import Answer

PDF: Final = "application/pdf"

KEPT: Final = 16
"""Public documents that are asked for again and again are made once."""


class PdfUnavailable(Unavailable):
    """What makes PDF is not installed here; HTML works without it."""

    slug = "pdf-unavailable"
    retry_after = 3600


class PdfBusy(Unavailable):
    """Others wait for their PDF already, or this one took too long; HTML works meanwhile."""

    slug = "pdf-busy"
    retry_after = 10


class Typesetter:
    """Makes PDF from templates. ``seconds``: how long one may take, and how long others may wait for it."""

    def __init__(
        self, seconds: int, program: tuple[str, ...] = (sys.executable, "-P", pages.__file__)
    ) -> None:
        self._seconds = seconds
        self._program = program
        self._one = Semaphore(1)
        self._kept: OrderedDict[bytes, bytes] = OrderedDict()

    def pdf(self, template: str, facts: Mapping[str, Any], *, keep: bool = False) -> bytes:
        """The PDF. ``keep``: everybody may see it, so the same one may be given again.

        Raises PdfUnavailable, PdfBusy.
        """
        request = json.dumps({"template": template, "facts": facts}, ensure_ascii=False).encode()
        key = sha256(request).digest()
        if key in self._kept:
            self._kept.move_to_end(key)
            return self._kept[key]
        if not self._one.acquire(timeout=self._seconds):
            raise PdfBusy("Others wait for their PDF already.")
        try:
            made = self._made(request)
        finally:
            self._one.release()
        if keep:
            self._kept[key] = made
            while len(self._kept) > KEPT:
                self._kept.popitem(last=False)
        return made

    def _made(self, request: bytes) -> bytes:
        """What the program says on its standard error is dropped: it could quote the document."""
        environ = {name: value for name, value in os.environ.items() if not name.startswith("PIAOJUE_")}
        program = subprocess.Popen(
            [*self._program, str(self._seconds)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environ,
        )
        try:
            with Timeout(self._seconds, PdfBusy("The PDF took too long.")):
                made, _ = program.communicate(request)
        finally:
            if program.poll() is None:
                program.kill()
                program.wait()
        if program.returncode == pages.MISSING:
            raise PdfUnavailable(pages.HOW_TO_INSTALL)
        if program.returncode != 0 or not made.startswith(b"%PDF-"):
            raise RuntimeError(f"the program that makes PDF ended with {program.returncode}")
        return bytes(made)


def typesetter_for(settings: Settings) -> Typesetter:
    """What makes PDF in this process."""
    return Typesetter(settings.pdf_seconds)


def attached(file: bytes, name: str) -> Answer:
    """A PDF to keep."""
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Answer(file, media_type=PDF, headers=headers)
