"""The codes on printed slips, which stand in the PDF and nowhere else: a rehearsal reads them there."""

import re
import subprocess
from typing import Final

from piaojue.rehearsal.client import RehearsalFailed

READ_SECONDS: Final = 60
_SLIP: Final = re.compile(r"(?<![\w-])(\d{4,7})(?![\w-])|\b([0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]{5})\b")


def codes_of(pdf: bytes, slips: int) -> dict[int, str]:
    """Number → code, of slips with numbers from 1. Raises RehearsalFailed."""
    command = ["pdftotext", "-layout", "-", "-"]
    try:
        read = subprocess.run(command, input=pdf, capture_output=True, timeout=READ_SECONDS, check=True)
    except FileNotFoundError:
        raise RehearsalFailed(
            "the slips are printed, and their codes can be read by a program alone with pdftotext: install "
            "it (on Debian poppler-utils), or leave slips.printed out of the file."
        ) from None
    except (subprocess.SubprocessError, OSError) as error:
        raise RehearsalFailed(f"pdftotext could not read the slips: {type(error).__name__}") from None
    return _by_number(read.stdout.decode(errors="replace"), slips)


def _by_number(text: str, slips: int) -> dict[int, str]:
    """Slips stand two in a row: their numbers come in one line, their codes in a later one."""
    numbers, codes = [], []
    for number, code in _SLIP.findall(text):
        if code:
            codes.append(code)
        elif int(number) <= slips:  # others are of the title: a year, say
            numbers.append(int(number))
    if len(codes) != slips or sorted(numbers) != list(range(1, slips + 1)):
        raise RehearsalFailed("the codes could not be read from the printed slips")
    return dict(zip(numbers, codes, strict=True))
