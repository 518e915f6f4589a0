"""Reading settings: three layers, every fault at once."""

import difflib
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, NamedTuple

import yaml
from marshmallow import ValidationError

from chassis.config.declared import Declared, Derived, Setting, Settings, settings_for
from chassis.sensitive import masked

PREFIX: Final = "PIAOJUE_"
FILE_VARIABLE: Final = "PIAOJUE_CONFIG"
DEFAULT: Final = "default"


class Fault(NamedTuple):
    """One thing that is wrong: the key (in a section: ``ballots.store_url``), its source, and the rule."""

    key: str
    source: str
    detail: str

    def __str__(self) -> str:
        return f"{self.key} ({self.source}): {self.detail}"


class ConfigurationFaults(Exception):
    """The configuration cannot be used; ``faults`` is all that is wrong with it. Holds no secret's value."""

    def __init__(self, service: str, faults: Iterable[Fault]) -> None:
        self.service = service
        self.faults = tuple(faults)
        lines = "\n".join(f"  {fault}" for fault in self.faults)
        super().__init__(f"the configuration of {service} cannot be used:\n{lines}")


@dataclass
class _Raw:
    """What a layer says of a key, not yet parsed."""

    value: object
    source: str
    folder: Path | None = None
    """Of the file that says it."""


@dataclass
class _Reading:
    """The work of reading one service's settings. Later layers are written over earlier ones."""

    declared: Declared
    raw: dict[str, _Raw] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)

    def take(
        self,
        given: Mapping[str, tuple[object, str]],
        *,
        source: str,
        allowed: Sequence[Setting],
        folder: Path | None = None,
    ) -> None:
        """Take a layer: by key, the value and the name under which it was given there.

        A fault for each key that is not allowed in this place, and for a secret given twice.
        """
        by_key = {setting.key: setting for setting in allowed}
        for key, (value, name) in given.items():
            where = f"{source} {name}" if source == "environment" else source
            plain = key.removesuffix("_file")
            if key in by_key:
                self.raw[key] = _Raw(value, where, folder)
            elif key != plain and plain in by_key and by_key[plain].secret:
                if plain in given:
                    self.faults.append(Fault(name, where, f"give {plain} or {key}, not both"))
                self._take_file(plain, value, where, folder or Path())
            else:
                self.faults.append(Fault(name, source, self._unknown(key, name, by_key)))

    def _take_file(self, key: str, path: object, where: str, folder: Path) -> None:
        try:
            file = folder / Path(str(path)).expanduser()
            text = file.read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError, RuntimeError, ValueError) as error:
            reason = getattr(error, "strerror", None) or "not UTF-8 text"
            self.faults.append(Fault(f"{key}_file", where, f"cannot read {path}: {reason}"))
            self.raw.pop(key, None)
        else:
            self.raw[key] = _Raw(text, f"{where}: file {file}")

    def _unknown(self, key: str, name: str, allowed: Mapping[str, Setting]) -> str:
        service = self.declared.service
        if key in {setting.key for setting in self.declared.own}:
            inside = f"{PREFIX}{service.upper()}_{key.upper()}" if name.isupper() else f"{service}: {key}: …"
            return f"belongs to {service} alone: write {inside}"
        candidates = [f"{PREFIX}{k.upper()}" if name.isupper() else k for k in allowed]
        if name.isupper():
            candidates += [f"{PREFIX}{service.upper()}_{s.key.upper()}" for s in self.declared.settings]
        near = difflib.get_close_matches(name.rsplit(".", 1)[-1], candidates, n=1, cutoff=0.75)
        return "there is no such setting" + (f"; did you mean {near[0]}?" if near else "")

    def parsed(self) -> Settings:
        values: dict[str, Any] = {}
        sources: dict[str, str] = {}
        for setting in self.declared.settings:
            raw = self.raw.get(setting.key) or self._default(setting, values)
            sources[setting.key] = raw.source
            if raw.value is None and setting.default is None:
                values[setting.key] = None
                continue
            try:
                value = setting.field.deserialize(raw.value)
                values[setting.key] = setting.field.within(value, raw.folder) if raw.folder else value
            except ValidationError as error:
                self.faults.append(Fault(setting.key, raw.source, _reason(error)))
        if self.faults:
            raise ConfigurationFaults(self.declared.service, self.faults)
        secrets = frozenset(setting.key for setting in self.declared.settings if setting.secret)
        return Settings(self.declared.service, values, sources, secrets)

    def _default(self, setting: Setting, values: Mapping[str, Any]) -> _Raw:
        default = setting.default
        if isinstance(default, Derived):
            return _Raw(default.of(self.declared.service, values), DEFAULT)
        return _Raw(default, DEFAULT)


def _reason(error: ValidationError) -> str:
    messages = error.messages if isinstance(error.messages, list) else [str(error.messages)]
    return masked("; ".join(str(message) for message in messages))


def load_settings(
    service: str,
    extra: Sequence[Setting] = (),
    *,
    file: Path | None = None,
    environ: Mapping[str, str],
    neighbours: Collection[str] | None = None,
    ignored: Collection[str] = (),
) -> Settings:
    """The settings of a service, with ``extra`` for its own.

    ``file`` is a YAML file; without it, the one that ``PIAOJUE_CONFIG`` names, if any. ``neighbours`` are the
    services whose sections and variables are left for them to check (all producers of the contracts, unless
    told). ``ignored`` are variables that the caller reads for itself.

    ConfigurationFaults: with all that is wrong, unknown keys and ``PIAOJUE_*`` variables included.
    """
    others = (_producers() if neighbours is None else frozenset(neighbours)) - {service}
    reading = _Reading(settings_for(service, extra))
    if file is None and FILE_VARIABLE in environ:
        if environ[FILE_VARIABLE].strip():
            file = Path(environ[FILE_VARIABLE])
        else:  # whoever set it meant some file; what would start instead is an empty suite of its own
            reading.faults.append(Fault(FILE_VARIABLE, "environment", "must name a file, or not be set"))
    if file is not None:
        _take_file(reading, file, others)
    _take_environment(reading, environ, others, {FILE_VARIABLE, *ignored})
    return reading.parsed()


class _GivenTwice(Exception):
    def __init__(self, key: str, line: int) -> None:
        self.key, self.line = key, line
        super().__init__()


class _Loader(yaml.SafeLoader):
    """Refuses a key that is there twice: which one counts would be a guess."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[str] = set()
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode):
                if key.value in seen:
                    raise _GivenTwice(key.value, key.start_mark.line + 1)
                seen.add(key.value)
        return super().construct_mapping(node, deep)


def _producers() -> frozenset[str]:
    from piaojue_contracts.events import all_event_types

    return frozenset(event_type.producer for event_type in all_event_types())


def _take_file(reading: _Reading, file: Path, others: Collection[str]) -> None:
    declared, source = reading.declared, f"file {file}"
    try:
        content = yaml.load(file.read_text(encoding="utf-8"), _Loader)
    except _GivenTwice as twice:
        reading.faults.append(Fault(twice.key, f"{source}, line {twice.line}", "is there twice"))
        return
    except yaml.MarkedYAMLError as error:  # its own text would quote the line, which may be a secret's
        line = f", line {error.problem_mark.line + 1}" if error.problem_mark else ""
        reading.faults.append(Fault("-", source + line, "is not YAML"))
        return
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        reading.faults.append(Fault("-", source, getattr(error, "strerror", None) or "is not text in UTF-8"))
        return
    except RecursionError:
        reading.faults.append(Fault("-", source, "is nested too deeply"))
        return
    except ValueError:
        reading.faults.append(Fault("-", source, "has a date or number that does not exist"))
        return
    if not isinstance(content if content is not None else {}, dict):
        reading.faults.append(Fault("-", source, "must be a mapping of keys to values"))
        return
    top = {str(key): value for key, value in (content or {}).items() if key not in others}
    section = top.pop(declared.service, None)
    reading.take(
        {k: (v, k) for k, v in top.items()}, source=source, allowed=declared.common, folder=file.parent
    )
    if section is not None and not isinstance(section, dict):
        reading.faults.append(Fault(declared.service, source, "must be a mapping of keys to values"))
        return
    named = {str(key): (value, f"{declared.service}.{key}") for key, value in (section or {}).items()}
    reading.take(named, source=source, allowed=declared.settings, folder=file.parent)


def _take_environment(
    reading: _Reading, environ: Mapping[str, str], others: Collection[str], ignored: Collection[str]
) -> None:
    own_prefix = f"{PREFIX}{reading.declared.service.upper()}_"
    foreign = tuple(f"{PREFIX}{other.upper()}_" for other in others)
    common: dict[str, tuple[object, str]] = {}
    own: dict[str, tuple[object, str]] = {}
    for name, value in sorted(environ.items()):
        if name in ignored or not name.startswith(PREFIX) or name.startswith(foreign):
            continue
        prefix, layer = (own_prefix, own) if name.startswith(own_prefix) else (PREFIX, common)
        layer[name.removeprefix(prefix).lower()] = (value, name)
    reading.take(common, source="environment", allowed=reading.declared.common)
    reading.take(own, source="environment", allowed=reading.declared.settings)
