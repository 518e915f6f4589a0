"""Plugins: found by the entry points of installed distributions, checked before a service starts.

A service declares a :class:`PluginGroup` for each of its hooks. An entry point names a plugin, or a class
that makes one when called without arguments. A plugin has a ``name``, which is its entry point's, and a
``version``, both text, and all that the group's Protocol asks for.
"""

import inspect
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import EntryPoint, entry_points
from typing import Any, Final, Generic, Protocol, TypeVar

from chassis.errors import Refused, Unavailable
from chassis.logging import get_logger
from chassis.metrics import PLUGIN_FAILURES

P = TypeVar("P")
R = TypeVar("R")

_log = get_logger("chassis.plugins")


class PluginFailed(Unavailable):
    """A plugin that decides has failed, so nothing was decided."""

    slug = "plugin-failed"


class PluginFaults(Exception):
    """A group's plugins cannot be used; ``faults`` is all that is wrong with them."""

    def __init__(self, group: str, faults: Iterable[str]) -> None:
        self.group = group
        self.faults = tuple(faults)
        super().__init__(
            f"the plugins of {group} cannot be used:\n" + "\n".join(f"  {f}" for f in self.faults)
        )


@dataclass(frozen=True)
class PluginGroup(Generic[P]):
    """A hook: its entry points' group ``piaojue.<service>.<hook>``, and the Protocol of its plugins.

    ``decides``: the plugin's answer counts, so its failure refuses the operation (fails closed). Otherwise it
    only looks on, and its failure is logged and counted and nothing else (fails open).
    """

    group: str
    protocol: type[Any]
    decides: bool

    def __post_init__(self) -> None:
        if len(self.group.split(".")) != 3 or not self.group.startswith("piaojue."):
            raise ValueError(f"{self.group}: a group is called piaojue.<service>.<hook>")

    @property
    def service(self) -> str:
        return self.group.split(".")[1]

    def load(
        self, enabled: Sequence[str] | None = None, *, offered: Iterable[EntryPoint] | None = None
    ) -> "Plugins[P]":
        """The enabled plugins, in the order of ``enabled``; all that are installed when it is None.

        Plugins that are not enabled are not even imported. PluginFaults: with all that is wrong at once.
        """
        found = list(entry_points(group=self.group) if offered is None else offered)
        names = sorted({entry.name for entry in found}) if enabled is None else list(enabled)
        faults = [f"{name}: enabled twice" for name, times in Counter(names).items() if times > 1]
        loaded: dict[str, P] = {}
        for name in dict.fromkeys(names):
            entries = [entry for entry in found if entry.name == name]
            if len(entries) == 1:
                plugin, wrong = _load(entries[0], self.protocol)
                loaded[name] = plugin
                faults += [f"{name} ({_origin(entries[0])}): {fault}" for fault in wrong]
            elif entries:
                faults.append(f"{name}: offered by {' and '.join(sorted(map(_origin, entries)))}; enable one")
            else:
                known = ", ".join(sorted({entry.name for entry in found})) or "none"
                faults.append(f"{name}: not installed; there is: {known}")
        if faults:
            raise PluginFaults(self.group, faults)
        for name in loaded:
            PLUGIN_FAILURES.of(self.service, self.group, name)  # seen at 0 before the first
        return Plugins(self, loaded)


def _origin(entry: EntryPoint) -> str:
    return f"{entry.dist.name} {entry.dist.version}" if entry.dist else entry.value


def _load(entry: EntryPoint, protocol: type[Any]) -> tuple[Any, list[str]]:
    try:
        loaded = entry.load()
        plugin: Any = loaded() if inspect.isclass(loaded) else loaded
        faults = nonconformities(plugin, protocol)
    except Exception as error:
        return None, [f"cannot be loaded from {entry.value}: {type(error).__name__}: {error}"]
    if not faults and plugin.name != entry.name:
        faults = [f"calls itself {plugin.name!r}"]
    return plugin, faults


def nonconformities(plugin: object, protocol: type[Any]) -> list[str]:
    """What keeps an object from being a plugin of this Protocol; empty when nothing does.

    Looks at the presence of members and at the parameters of methods, which is what can be known without
    calling.
    """
    faults = []
    for label in ("name", "version"):
        value = getattr(plugin, label, None)
        if not isinstance(value, str) or not value:
            faults.append(f"{label} must be a text")
    for member, asked in sorted(_members(protocol).items()):
        if member in ("name", "version"):
            continue
        if not hasattr(plugin, member):
            faults.append(f"{member} is missing")
        elif inspect.isfunction(asked):
            faults += _uncallable(member, getattr(plugin, member), asked)
    return faults


def _members(protocol: type[Any]) -> dict[str, object]:
    found: dict[str, object] = {}
    for base in reversed(protocol.__mro__):
        if base in (object, Protocol, Generic):
            continue
        found.update(dict.fromkeys(inspect.get_annotations(base)))
        found.update({name: value for name, value in vars(base).items() if not name.startswith("_")})
    return {name: value for name, value in found.items() if not name.startswith("_")}


_BY_NAME: Final = inspect.Parameter.KEYWORD_ONLY
_VARIADIC: Final = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)


def _uncallable(member: str, method: object, asked: Callable[..., object]) -> list[str]:
    if not callable(method):
        return [f"{member} must be a method"]
    parameters = [
        p for p in list(inspect.signature(asked).parameters.values())[1:] if p.kind not in _VARIADIC
    ]
    try:
        inspect.signature(method).bind(
            *(None for p in parameters if p.kind is not _BY_NAME),
            **{p.name: None for p in parameters if p.kind is _BY_NAME},
        )
    except TypeError as error:
        return [f"{member} takes other parameters than ({', '.join(p.name for p in parameters)}): {error}"]
    except ValueError:  # of something written in C nothing is known
        return []
    return []


@dataclass(frozen=True)
class Plugins(Mapping[str, P]):
    """The loaded plugins of a group, by name."""

    group: PluginGroup[P]
    _loaded: Mapping[str, P] = field(repr=False)

    def __getitem__(self, name: str) -> P:
        return self._loaded[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._loaded)

    def __len__(self) -> int:
        return len(self._loaded)

    def decide(self, name: str, call: Callable[[P], R]) -> R:
        """What ``call`` gets from the plugin of this name; its refusals (:class:`chassis.errors.Refused`)
        pass.

        KeyError: no such plugin is loaded. PluginFailed: it raised anything else.
        """
        if not self.group.decides:
            raise TypeError(f"{self.group.group} only observes")
        plugin = self._loaded[name]
        try:
            return call(plugin)
        except Refused:
            raise
        except Exception as error:
            self._failed(name)
            raise PluginFailed(f"the plugin {name} of {self.group.group} has failed") from error

    def observe(self, call: Callable[[P], object]) -> None:
        """Show something to every plugin; one that raises is logged and counted, and the next is called."""
        if self.group.decides:
            raise TypeError(f"{self.group.group} decides, so its failures must not be passed over")
        for name, plugin in self._loaded.items():
            try:
                call(plugin)
            except Exception:
                self._failed(name)

    def _failed(self, name: str) -> None:
        group = self.group
        PLUGIN_FAILURES.of(group.service, group.group, name).inc()
        _log.exception("plugin_failed", service=group.service, group=group.group, plugin=name)
