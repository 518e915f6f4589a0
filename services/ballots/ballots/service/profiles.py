"""Rule profiles."""

from typing import Any

from ballots import usecases
from ballots.domain import UnknownProfile
from ballots.schemas import ProfileAnswerSchema, ProfilesAnswerSchema
from chassis.http import PUBLIC, Call, http


class ProfileRoutes:
    """Rule profiles."""

    profiles: Any

    @http("GET", "/profiles", who=PUBLIC, answer=ProfilesAnswerSchema())
    def show_profiles(self, call: Call) -> dict[str, Any]:
        """The rule profiles that polls may name."""
        return usecases.show_profiles(self.profiles)

    @http("GET", "/profiles/<profile>", who=PUBLIC, answer=ProfileAnswerSchema(), refuses=(UnknownProfile,))
    def show_profile(self, call: Call) -> dict[str, Any]:
        """A rule profile."""
        return usecases.show_profile(self.profiles, call.path["profile"])
