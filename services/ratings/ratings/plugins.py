"""The hook of ratings, and its settings."""

from typing import Final

from chassis import guessing
from chassis.config import Listed, Setting, Text, settings_for
from chassis.plugins import PluginGroup
from ratings.domain import VerdictRule

VERDICT_RULES: Final = PluginGroup[VerdictRule]("piaojue.ratings.verdict_rules", VerdictRule, decides=True)

SETTINGS: Final = (
    Setting(
        "verdict_rules",
        Listed(Text()),
        ["half-of-base"],
        "Verdict rules that ratings may name: plugins of the group `piaojue.ratings.verdict_rules`.",
    ),
    Setting(
        "code_key",
        Text(r".{16,}", "text of at least 16 characters"),
        None,
        "The key under which codes are hashed; every process of the service needs the same one. Without it, "
        "one is made in the data folder.",
        secret=True,
    ),
    *guessing.SETTINGS,
)
settings_for("ratings", SETTINGS)
