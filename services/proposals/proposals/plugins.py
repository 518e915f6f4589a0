"""The hook of proposals, and its setting."""

from typing import Final

from chassis.config import Listed, Setting, Text, settings_for
from chassis.plugins import PluginGroup
from proposals.domain import Source

SOURCES: Final = PluginGroup[Source]("piaojue.proposals.sources", Source, decides=True)

SETTINGS: Final = (
    Setting(
        "sources",
        Listed(Text()),
        ["deputies", "residents", "hotline"],
        "Where suggestions may come from: plugins of the group `piaojue.proposals.sources`.",
    ),
)
settings_for("proposals", SETTINGS)
