"""The hooks of ballots, its rule profiles, and its settings."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

import yaml

from ballots.domain import AdoptionRule, BallotChannel, InvalidProfile, MarkingScheme, Profile
from chassis import guessing
from chassis.config import Listed, Location, Setting, Text, Whole, settings_for
from chassis.plugins import PluginFaults, PluginGroup

ADOPTION_RULES: Final = PluginGroup[AdoptionRule](
    "piaojue.ballots.adoption_rules", AdoptionRule, decides=True
)
MARKING_SCHEMES: Final = PluginGroup[MarkingScheme](
    "piaojue.ballots.marking_schemes", MarkingScheme, decides=True
)
BALLOT_CHANNELS: Final = PluginGroup[BallotChannel](
    "piaojue.ballots.ballot_channels", BallotChannel, decides=True
)

SETTINGS: Final = (
    Setting(
        "adoption_rules",
        Listed(Text()),
        ["majority", "plurality"],
        "Adoption rules that polls may name: plugins of the group `piaojue.ballots.adoption_rules`.",
    ),
    Setting(
        "marking_schemes",
        Listed(Text()),
        ["choose", "for-against"],
        "Marking schemes that polls may name: plugins of the group `piaojue.ballots.marking_schemes`.",
    ),
    Setting(
        "ballot_channels",
        Listed(Text()),
        ["hand-papers", "hand-tallies", "keypad"],
        "Kinds of channels for papers that are not cast by code: plugins of the group "
        "`piaojue.ballots.ballot_channels`.",
    ),
    Setting(
        "profiles_folder",
        Location(),
        None,
        "Rule profiles of this region: `*.yaml`. One of a built-in profile's name takes its place.",
    ),
    Setting(
        "code_key",
        Text(r".{16,}", "text of at least 16 characters"),
        None,
        "The key under which codes are hashed; every process of the service needs the same one. Without it, "
        "one is made in the data folder.",
        secret=True,
    ),
    Setting(
        "record_key",
        Location(),
        None,
        "File with the key that counts and records are signed with: Ed25519, PEM; every process of the "
        "service needs the same one. Without it, one is made in the data folder.",
    ),
    *guessing.SETTINGS,
    Setting(
        "pdf_seconds",
        Whole(1, 600),
        60,
        "Seconds that making one PDF may take, and that others may wait for it: one is made at a time.",
    ),
)
settings_for("ballots", SETTINGS)

_OWN: Final = Path(__file__).parent / "profiles"


class ProfileFaults(ValueError):
    """Profiles that cannot be used; ``faults`` is all that is wrong with them, by file and key."""

    def __init__(self, faults: Iterable[str]) -> None:
        self.faults = tuple(faults)
        super().__init__("rule profiles cannot be used:\n" + "\n".join(f"  {each}" for each in self.faults))


def profiles_for(settings: Any) -> dict[str, Profile]:
    """The profiles that polls may name: the built-in ones and the region's. ValueError: with all faults.

    A built-in one whose rules are not enabled is left out.
    """
    try:
        rules = ADOPTION_RULES.load(settings.adoption_rules)
        schemes = MARKING_SCHEMES.load(settings.marking_schemes)
    except PluginFaults as faults:
        raise ValueError(str(faults)) from faults
    profiles: dict[str, Profile] = {}
    for file in sorted(_OWN.glob("*.yaml")):
        try:
            profiles |= load_profiles([file], rules, schemes)
        except ProfileFaults:
            continue
    folder: Path | None = settings.profiles_folder
    if folder is None:
        return profiles
    if not folder.is_dir():
        raise ProfileFaults([f"{folder}: is no folder"])
    return profiles | load_profiles(sorted(folder.glob("*.yaml")), rules, schemes)


def load_profiles(
    files: Iterable[Path], rules: Mapping[str, AdoptionRule], schemes: Mapping[str, MarkingScheme]
) -> dict[str, Profile]:
    """Of each file its profile, by name. ProfileFaults: with every fault of every file."""
    profiles: dict[str, Profile] = {}
    faults: list[str] = []
    for file in files:
        try:
            profile = Profile.read(_plain(file), rules, schemes)
        except InvalidProfile as refusal:
            faults += [f"{file}: {fault.detail}" for fault in refusal.faults]
        except ValueError as fault:
            faults.append(f"{file}: {fault}")
        else:
            if profile.name in profiles:
                faults.append(f"{file}: name: {profile.name} is the name of another file's profile")
            profiles[profile.name] = profile
    if faults:
        raise ProfileFaults(faults)
    return profiles


class _Loader(yaml.SafeLoader):
    """Does not take a key twice, which YAML would pass over."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        keys = [each.value for each, _ in node.value if isinstance(each, yaml.ScalarNode)]
        if twice := sorted({key for key in keys if keys.count(key) > 1}):
            problem = f"{twice[0]} is there twice"
            raise yaml.constructor.ConstructorError(None, None, problem, node.start_mark)
        return super().construct_mapping(node, deep)


def _plain(file: Path) -> Any:
    """What a file says. ValueError: it cannot be read, or is no YAML."""
    try:
        return yaml.load(file.read_text(encoding="utf-8"), Loader=_Loader)
    except yaml.MarkedYAMLError as error:
        line = f"line {error.problem_mark.line + 1}: " if error.problem_mark else ""
        raise ValueError(f"{line}is not YAML that can be taken: {error.problem}") from error
    except RecursionError:
        raise ValueError("is nested too deeply") from None
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        reason = getattr(error, "strerror", None) or "is not YAML in UTF-8"
        raise ValueError(f"cannot be read: {reason}") from error
