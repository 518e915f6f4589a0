"""What else a service's methods need: its settings, its plugins."""

import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from secrets import token_bytes, token_hex
from typing import Any, Generic, TypeVar

from nameko.exceptions import ConfigurationError
from nameko.extensions import DependencyProvider

from chassis.config import Settings
from chassis.plugins import PluginFaults, PluginGroup, Plugins

P = TypeVar("P")


class Configured(DependencyProvider):  # type: ignore[misc]
    """``settings = Configured()``: the service's settings."""

    def get_dependency(self, worker_ctx: Any) -> Settings:
        settings: Settings = self.container.config["settings"]
        return settings


class Made(DependencyProvider):  # type: ignore[misc]
    """``templates = Made(templates_for)``: what a function makes of the settings, before the service
    starts."""

    def __init__(self, make: Callable[[Settings], Any]) -> None:
        self.make = make
        super().__init__()

    def setup(self) -> None:
        """ConfigurationError: the function's ValueError."""
        self.settings: Settings = self.container.config["settings"]
        try:
            self.made = self.make(self.settings)
        except ValueError as fault:
            raise ConfigurationError(str(fault)) from fault

    def get_dependency(self, worker_ctx: Any) -> Any:
        return self.made


class Secret(DependencyProvider):  # type: ignore[misc]
    """``code_key = Secret("code_key")``: the bytes of a secret setting, or of a key of one's own.

    Without the setting, a random key is made once and kept in the data folder, readable by its owner alone.
    """

    def __init__(self, setting: str) -> None:
        self.setting = setting
        self.secret = b""
        super().__init__()

    def setup(self) -> None:
        settings: Settings = self.container.config["settings"]
        given: str | None = getattr(settings, self.setting)
        if given is not None:
            self.secret = given.encode()
        else:
            self.secret = own_secret(settings.data_folder / f"{settings.service}-{self.setting}")

    def get_dependency(self, worker_ctx: Any) -> bytes:
        return self.secret


def own_secret(file: Path) -> bytes:
    """What is in the file; 32 random bytes, put there first, when there is none. Safe when several do it."""
    file.parent.mkdir(parents=True, exist_ok=True)
    if not file.exists():
        made = file.with_name(f"{file.name}.{token_hex(8)}")
        with os.fdopen(os.open(made, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as new:
            new.write(token_bytes(32))
            new.flush()
            os.fsync(new.fileno())
        with suppress(FileExistsError):
            os.link(made, file)
        made.unlink()
    return file.read_bytes()


class Plugged(DependencyProvider, Generic[P]):  # type: ignore[misc]
    """``rules = Plugged(ADOPTION_RULES, "adoption_rules")``: the plugins of a group that the setting names.

    The setting is a list of names, or None for all that are installed.
    """

    def __init__(self, group: PluginGroup[P], setting: str) -> None:
        self.group = group
        self.setting = setting
        self.plugins: Plugins[P] | None = None
        super().__init__()

    def setup(self) -> None:
        """ConfigurationError: with all that is wrong with them."""
        settings: Settings = self.container.config["settings"]
        try:
            self.plugins = self.group.load(getattr(settings, self.setting))
        except PluginFaults as faults:
            raise ConfigurationError(str(faults)) from faults

    def get_dependency(self, worker_ctx: Any) -> Plugins[P]:
        assert self.plugins is not None
        return self.plugins
