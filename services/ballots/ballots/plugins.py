"""The hooks of ballots, and its settings."""

from typing import Final

from ballots.domain import AdoptionRule, MarkingScheme
from chassis.config import Listed, Setting, Text, settings_for
from chassis.plugins import PluginGroup

ADOPTION_RULES: Final = PluginGroup[AdoptionRule](
    "piaojue.ballots.adoption_rules", AdoptionRule, decides=True
)
MARKING_SCHEMES: Final = PluginGroup[MarkingScheme](
    "piaojue.ballots.marking_schemes", MarkingScheme, decides=True
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
        "code_key",
        Text(r".{16,}", "text of at least 16 characters"),
        None,
        "The key under which codes are hashed; every process of the service needs the same one. Without it, "
        "one is made in the data folder.",
        secret=True,
    ),
)
settings_for("ballots", SETTINGS)
