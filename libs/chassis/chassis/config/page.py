"""The page ``docs/configuration.md``, from the declarations."""

from collections.abc import Iterable

from chassis.config.common import COMMON
from chassis.config.declared import Derived, Setting, declared_services

_HEAD = """\
# Configuration

Written by `make docs` from the declarations in the code; do not edit.

Every setting has a default, so nothing needs to be set to try Piaojue. A value is looked for in this order;
the last one found wins:

1. the default,
2. the YAML file named by `PIAOJUE_CONFIG` or given to the command: common settings at the top, and a section
   for each service, under its name, which overrides them for that service,
3. the environment: `PIAOJUE_<KEY>`, and `PIAOJUE_<SERVICE>_<KEY>` for one service alone.

```yaml
region: yongan
broker_url_file: /run/secrets/broker-url
log_format: json
ballots:
  http_address: 0.0.0.0:8001
  store_url_file: /run/secrets/ballots-store-url
```

Settings are read once, at start. Whatever is wrong is listed at once, by key, with the place it came from and
the rule it breaks, and nothing starts; a key or a `PIAOJUE_*` variable that does not exist is wrong too.
Lists are YAML lists, in a variable separated by commas.

A secret (🔒) is masked wherever it is shown. It may be kept in a file of its own: `<key>_file` in the YAML
file, `PIAOJUE_<KEY>_FILE` in the environment.

A relative path in the YAML file is relative to the folder of that file; one in a variable, to where the
process starts.
"""


def configuration_page() -> str:
    """The page, with the own settings of every service that was imported so far."""
    parts = [_HEAD, "## Every service\n", *_table(COMMON, "PIAOJUE_")]
    for declared in declared_services():
        if declared.own:
            parts += [
                f"## {declared.service}\n",
                *_table(declared.own, f"PIAOJUE_{declared.service.upper()}_"),
            ]
    return "\n".join(parts).rstrip("\n") + "\n"


def _table(settings: Iterable[Setting], prefix: str) -> list[str]:
    lines = ["| Key | Variable | Value | Default | Meaning |", "| --- | --- | --- | --- | --- |"]
    for s in settings:
        value = s.field.rule + (f", {s.unit}" if s.unit else "") + (" 🔒" if s.secret else "")
        cells = (
            f"`{s.key}`",
            f"`{prefix}{s.key.upper()}`",
            value,
            _default(s.default),
            " ".join(s.doc.split()),
        )
        lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return [*lines, ""]


def _default(default: object) -> str:
    if isinstance(default, Derived):
        return default.doc
    if default is None:
        return "none"
    if isinstance(default, bool):
        return f"`{str(default).lower()}`"
    return f"`{','.join(map(str, default))}`" if isinstance(default, list | tuple) else f"`{default}`"
