"""Rule profiles: shown to everybody, and what polls take from them."""

from collections.abc import Mapping
from typing import Any

from ballots.domain import InvalidRules, OutsideProfile, Poll, Profile, Rules, Situation, UnknownProfile
from ballots.store import Ballots
from ballots.usecases.common import AdoptionRules, MarkingSchemes

Profiles = Mapping[str, Profile]


def show_profiles(profiles: Profiles) -> dict[str, Any]:
    """All of them, by name."""
    return {"profiles": [_shown(profiles[name]) for name in sorted(profiles)]}


def show_profile(profiles: Profiles, name: str) -> dict[str, Any]:
    """Raises UnknownProfile."""
    return _shown(named_profile(profiles, name))


def named_profile(profiles: Profiles, name: str) -> Profile:
    """Raises UnknownProfile."""
    try:
        return profiles[name]
    except KeyError:
        raise UnknownProfile("No profile of this name is loaded.", field="profile") from None


def read_rules(
    given: object,
    profile: Profile | None,
    level: str,
    adoption_rules: AdoptionRules,
    marking_schemes: MarkingSchemes,
) -> Rules:
    """The rules of a poll: as given, by the profile, or both. Raises InvalidRules, OutsideProfile."""
    try:
        if profile is not None:
            return profile.rules(given, level, adoption_rules, marking_schemes)
        if given is None:
            raise InvalidRules("rules: must be given where no profile is named", field="rules")
        return Rules.read(given, adoption_rules, marking_schemes)
    except OutsideProfile:
        raise
    except InvalidRules as refusal:
        inside = refusal.field or "rules"
        field = inside if inside.split(".")[0] == "rules" else f"rules.{inside}"
        raise InvalidRules(refusal.detail, field=field) from None


def situation_of(ballots: Ballots, poll: Poll) -> Situation:
    """What the profile of a poll is about, at its opening."""
    return Situation(
        level=ballots.body(poll.body).level,
        scrutineers=len(ballots.officers(poll).scrutineers),
        noticed_at=ballots.list_published_at(poll.body, ballots.on_paper(poll).year),
        further_round=ballots.round_of(poll.body, poll.id).number > 1,
    )


def shown_of(poll: Poll) -> dict[str, Any]:
    """Of the profile of a poll, and of where it is outside of that."""
    profile = poll.profile
    return {
        "profile": {**profile.identity, "title": dict(profile.title)} if profile else None,
        "warnings": poll.warnings,
    }


def _shown(profile: Profile) -> dict[str, Any]:
    return {**profile.as_json(), "hash": profile.hash}
