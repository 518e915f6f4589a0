"""Channels that need nothing but this machine: the console and a file."""

import json
import os
import sys

from chassis.config import Settings
from notifications.domain import PUBLIC, Outgoing


class ConsoleChannel:
    """Prints each as a block on standard output."""

    name = "console"
    version = "1"

    def open(self, settings: Settings) -> None:
        pass

    def takes(self, role: str | None) -> bool:
        return True

    def send(self, outgoing: Outgoing) -> None:
        audience = " · ".join(each for each in (outgoing.role or PUBLIC, outgoing.unit) if each)
        head = f"──── {outgoing.body} · {audience} · {outgoing.kind} "
        block = f"{head:─<72}\n{outgoing.texts[0].title}\n\n{outgoing.as_paragraphs()}\n{'─' * 72}\n"
        sys.stdout.write(block)
        sys.stdout.flush()


class FileChannel:
    """Appends each as a line of JSON to ``notifications.jsonl`` in the data folder; it is on disk before
    ``send`` returns.

    Several processes may write to one file. A crash may leave a part of a line: the next one begins anew.
    """

    name = "file"
    version = "1"

    def open(self, settings: Settings) -> None:
        settings.data_folder.mkdir(parents=True, exist_ok=True)
        self._path = settings.data_folder / "notifications.jsonl"
        os.close(self._opened())
        folder = os.open(settings.data_folder, os.O_RDONLY)
        os.fsync(folder)
        os.close(folder)

    def takes(self, role: str | None) -> bool:
        return True

    def send(self, outgoing: Outgoing) -> None:
        line = json.dumps(outgoing.as_json(), ensure_ascii=False).encode() + b"\n"
        file = self._opened()
        try:
            size = os.fstat(file).st_size
            if size and os.pread(file, 1, size - 1) != b"\n":
                line = b"\n" + line
            if os.write(file, line) != len(line):  # in one piece, or else another process's is in between
                raise OSError("the file system is full")
            os.fsync(file)
        finally:
            os.close(file)

    def _opened(self) -> int:
        return os.open(self._path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o640)
