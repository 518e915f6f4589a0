"""The papers of a poll, as the file has them."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from piaojue.rehearsal.reading import LARGEST, Fault, Where

Part = Mapping[str, Any]


def papers_of(poll: Part) -> list[Any]:
    """The marks of every paper that is cast by code."""
    return [paper["marks"] for paper in poll["papers"] or () for _ in range(paper["times"])]


def slips_of(poll: Part) -> int:
    """How many slips are handed out, without those that come back spoiled."""
    issued: int = poll["slips"]["issued"] or len(papers_of(poll))
    return issued


def issued_of(poll: Part) -> int:
    """How many papers are handed out, by code and by other channels."""
    return slips_of(poll) + sum(channel["issued"] or 0 for channel in poll["channels"])


def is_held(poll: Part) -> bool:
    """Whether it opens at all."""
    return poll["papers"] is not None or bool(poll["channels"])


def chief_of(poll: Part) -> str | None:
    """The chief scrutineer, where scrutineers are appointed."""
    return poll["officers"]["chief"] if poll["officers"] else None


def read_entries(polls: Sequence[Part], folder: Path) -> Iterator[Fault]:
    """Whatever is to be entered from files beside this one is put in the place of their names."""
    for number, poll in enumerate(polls):
        for place, channel in enumerate(poll["channels"]):
            for batch_number, batch in enumerate(channel["batches"]):
                where = ("polls", number, "channels", place, "batches", batch_number, "entries")
                yield from _read(batch["entries"], where, folder)


def _read(entries: Sequence[dict[str, Any]], where: Where, folder: Path) -> Iterator[Fault]:
    for place, entry in enumerate(entries):
        if "file" not in entry:
            continue
        path = folder / entry.pop("file")
        try:
            with path.open("rb") as file:
                octets = file.read(LARGEST + 1)
            if len(octets) > LARGEST:
                raise ValueError(f"is larger than {LARGEST >> 20} MiB")
            entry["content"] = octets.decode("utf-8-sig")
        except UnicodeDecodeError:
            yield Fault((*where, place, "file"), f"{path}: is not text in UTF-8")
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or str(error)
            yield Fault((*where, place, "file"), f"{path}: cannot be read: {reason}")
