"""Reading YAML so that every fault can be told with its line."""

import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

import yaml

LARGEST: Final = 4 << 20
Where = tuple[str | int, ...]


class Fault(NamedTuple):
    """What is wrong at a place in the file, such as ``("poll", "papers", 3)``."""

    where: Where
    detail: str


class FileFaulty(Exception):
    """The file cannot be used; its text names every fault, by line."""

    def __init__(self, name: str, lines: Iterable[str]) -> None:
        self.name = name
        self.lines = tuple(lines)
        super().__init__("\n".join(self.lines))


class Document:
    """The plain values of a file, and the line of each."""

    def __init__(self, name: str, content: Any, lines: Mapping[Where, int]) -> None:
        self.name = name
        self.content = content
        self._lines = lines

    def refuse(self, faults: Iterable[Fault]) -> FileFaulty:
        """All the faults, in the order of their lines; a place that is not there is that of what lacks it."""
        placed = sorted((self._line(fault.where), fault) for fault in faults)
        return FileFaulty(self.name, [self._told(line, fault) for line, fault in placed])

    def _line(self, where: Where) -> int:
        return next(
            self._lines[where[:end]] for end in range(len(where), -1, -1) if where[:end] in self._lines
        )

    def _told(self, line: int, fault: Fault) -> str:
        place = ".".join(map(str, fault.where))
        return f"{self.name}:{line}: {place}: {fault.detail}" if place else f"{self.name}: {fault.detail}"


class _Loader(yaml.SafeLoader):
    """Only true, false, null and whole numbers are not texts: a date, 2/3 and 96.70 stay as they are."""

    yaml_implicit_resolvers: dict[str, Any] = {}  # noqa: RUF012  # pyyaml's own convention


for _tag, _shape, _first in (
    ("bool", r"true|false", "tf"),
    ("int", r"-?(?:0|[1-9][0-9]{0,30})", "-0123456789"),
    ("null", r"null|~|", "n~"),
):
    _Loader.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(rf"(?:{_shape})\Z"), [*_first, ""])


def read(path: Path) -> Document:
    """Raises FileFaulty."""
    name = str(path)
    try:
        with path.open("rb") as file:
            text = file.read(LARGEST + 1)
    except OSError as error:
        raise FileFaulty(name, [f"{name}: cannot be read: {error.strerror or error}"]) from error
    if len(text) > LARGEST:
        raise FileFaulty(name, [f"{name}: is larger than {LARGEST >> 20} MiB"])
    return parse(text, name)


def parse(text: bytes, name: str) -> Document:
    """Raises FileFaulty."""
    try:
        return _parsed(text.decode(), name)
    except UnicodeDecodeError as error:
        line = text[: error.start].count(b"\n") + 1
        raise FileFaulty(name, [f"{name}:{line}: is not text in UTF-8"]) from error
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise FileFaulty(name, [f"{name}:{line}: is not YAML: {error.problem or error.context}"]) from error
    except yaml.YAMLError as error:
        raise FileFaulty(name, [f"{name}: is not YAML: {str(error).splitlines()[0]}"]) from error
    except RecursionError:
        raise FileFaulty(name, [f"{name}: is nested too deeply"]) from None


def _parsed(text: str, name: str) -> Document:
    loader = _Loader(text)
    try:
        node = loader.get_single_node()
        walk = _Walk(loader)
        content = walk.value(node, ()) if node is not None else None
    finally:
        loader.dispose()
    document = Document(name, content, {(): 1, **walk.lines})
    if walk.faults:
        raise document.refuse(walk.faults)
    return document


class _Walk:
    """From YAML's nodes to plain values, noting lines."""

    def __init__(self, loader: _Loader) -> None:
        self._loader = loader
        self._seen: set[int] = set()
        self.lines: dict[Where, int] = {}
        self.faults: list[Fault] = []

    def value(self, node: yaml.Node, where: Where) -> Any:
        self.lines.setdefault(where, node.start_mark.line + 1)
        if id(node) in self._seen:
            self.faults.append(Fault(where, "is an alias, which is not taken here: write it out"))
            return None
        self._seen.add(id(node))
        if isinstance(node, yaml.MappingNode):
            return dict(self._items(node, where))
        if isinstance(node, yaml.SequenceNode):
            return [self.value(each, (*where, place)) for place, each in enumerate(node.value)]
        return self._scalar(node, where)

    def _items(self, node: yaml.MappingNode, where: Where) -> Iterator[tuple[str, Any]]:
        names: set[str] = set()
        for key, value in node.value:
            name = str(key.value) if isinstance(key, yaml.ScalarNode) else "?"
            place = (*where, name)
            if name in names:
                self.lines[place] = key.start_mark.line + 1
                self.faults.append(Fault(place, "is there twice"))
                continue
            names.add(name)
            self.lines[place] = key.start_mark.line + 1
            yield name, self.value(value, place)

    def _scalar(self, node: yaml.Node, where: Where) -> Any:
        try:
            return self._loader.construct_object(node)
        except (yaml.YAMLError, ValueError):
            self.faults.append(Fault(where, "has a tag that is not taken here"))
            return None
