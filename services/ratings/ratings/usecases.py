"""What users of ratings do. Each loads, asks the domain, saves, publishes: in one transaction."""

import random
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from secrets import SystemRandom
from typing import Any, TypeVar

from chassis.errors import Refused
from chassis.plugins import Plugins
from chassis.store import Store
from piaojue_contracts.ratings import RATING_CONCLUDED_V1, RATING_OPENED_V1
from ratings.domain import (
    DEFAULT_VERDICT_RULE,
    CodeSpent,
    CodeUnknown,
    Form,
    OnForm,
    Rating,
    RatingState,
    Rules,
    VerdictRule,
    code_hash,
    new_code,
    normalise_code,
    telling,
    titles_of,
)
from ratings.store import Ratings

VerdictRules = Plugins[VerdictRule]
T = TypeVar("T")


def keep_projects(ratings: Ratings, data: Mapping[str, Any]) -> None:
    """Proposals says which projects of a body and year are now under implementation."""
    titles = {each["project"]: each["title"] for each in data["projects"]}
    ratings.save_projects(data["body"], data["year"], titles)


def show_projects(store: Store[Ratings], body: str) -> dict[str, Any]:
    """The projects that a rating of this body may name, as ratings knows them."""
    with store.reading() as ratings:
        return {"projects": ratings.rateable(body)}


def prepare_rating(
    store: Store[Ratings], body: str, given: Mapping[str, Any], verdict_rules: VerdictRules
) -> dict[str, Any]:
    """Prepares a rating of projects under implementation.

    Raises InvalidRules, InvalidRating, UnknownProject, AmbiguousProject, RatingExists, PluginFailed.
    """
    rating = Rating.prepared(
        id=given["rating"],
        body=body,
        title=given["title"],
        rules=_read_rules(given, verdict_rules),
        projects=given["projects"],
        members=given["members"],
    )
    with store.transaction() as ratings:
        titles = titles_of(rating.projects, ratings.rateable(body), given["year"])
        ratings.add_rating(rating, OnForm(given["body_name"], titles))
    return show_rating(store, body, rating.id)


def _read_rules(given: Mapping[str, Any], verdict_rules: VerdictRules) -> Rules:
    asked = {name: given[name] for name in ("scale", "verdict")}
    name = str(given["verdict"].get("rule", DEFAULT_VERDICT_RULE))
    return _by_plugin(verdict_rules, name, lambda: Rules.read(asked, verdict_rules))


def open_rating(
    store: Store[Ratings], body: str, rating_id: str, verdict_rules: VerdictRules, now: datetime
) -> dict[str, Any]:
    """Fixes the rules. Raises UnknownRating, RatingAlreadyOpened, RuleChanged."""
    with store.transaction() as ratings:
        rating = ratings.rating_to_change(body, rating_id).open(now, verdict_rules)
        ratings.save_rating(rating)
        ratings.publish(
            RATING_OPENED_V1,
            subject=_subject(rating),
            data=telling.rating_opened(rating, ratings.on_form(rating), now),
        )
    return show_rating(store, body, rating_id)


def issue_slips(
    store: Store[Ratings],
    body: str,
    rating_id: str,
    slips: int,
    key: bytes,
    source: random.Random | None = None,
) -> list[str]:
    """Makes codes, hands their slips out, and returns them this once. Not idempotent: each call makes new
    ones.

    ``source`` of randomness: the system's, unless told otherwise. Raises UnknownRating, RatingNotOpen,
    FormsExceedMembers.
    """
    drawn = source or SystemRandom()
    with store.transaction() as ratings:
        rating = ratings.rating_to_change(body, rating_id).issue(slips)
        codes: set[str] = set()
        while len(codes) < slips:
            codes.add(new_code(drawn))
        ratings.add_codes(rating, [code_hash(code, key) for code in codes])
        ratings.save_rating(rating)
    return sorted(codes)


@dataclass(frozen=True, slots=True)
class HandedIn:
    """One rater's form on its way in. ``code_hash`` stands for the code, which goes no further."""

    body: str
    rating: str
    code_hash: str
    grades: object


def read_form(body: str, rating: str, given: Mapping[str, Any], key: bytes) -> HandedIn:
    """Raises CodeUnknown for what no slip can say."""
    return HandedIn(body, rating, code_hash(normalise_code(given["code"]), key), given["grades"])


def hand_in_forms(
    store: Store[Ratings], handed_in: Sequence[HandedIn]
) -> Sequence[dict[str, Any] | Exception]:
    """Keeps all forms that are waiting, in one transaction; an outcome for each.

    Of two forms with one code the first is accepted. Outcomes: ``{"accepted": True}``, or UnknownRating,
    RatingNotOpen, CodeUnknown, CodeSpent, InvalidForm, SeveralGrades; of a refused one nothing is kept, and
    its code stays good.
    """
    groups: dict[tuple[str, str], list[int]] = defaultdict(list)
    for place, each in enumerate(handed_in):
        groups[each.body, each.rating].append(place)
    outcomes: dict[int, dict[str, Any] | Exception] = {}
    with store.transaction() as ratings:
        for (body, rating_id), places in sorted(groups.items()):
            group = [handed_in[place] for place in places]
            outcomes |= zip(places, _hand_in_to_rating(ratings, body, rating_id, group), strict=True)
    return [outcomes[place] for place in range(len(handed_in))]


def _hand_in_to_rating(
    ratings: Ratings, body: str, rating_id: str, handed_in: Sequence[HandedIn]
) -> list[dict[str, Any] | Exception]:
    try:
        rating = ratings.rating_to_hand_in(body, rating_id)
        rating.check_open()
    except Refused as refusal:
        return [refusal] * len(handed_in)
    spent = ratings.codes_to_spend(rating, {each.code_hash for each in handed_in})
    accepted: dict[str, Form] = {}
    outcomes: list[dict[str, Any] | Exception] = []
    for each in handed_in:
        try:
            form = _accepted(rating, each, spent)
        except Refused as refusal:
            outcomes.append(refusal)
            continue
        spent[each.code_hash] = True
        accepted[each.code_hash] = form
        outcomes.append({"accepted": True})
    if accepted:
        ratings.accept(rating, list(accepted), list(accepted.values()))
    return outcomes


def _accepted(rating: Rating, handed_in: HandedIn, spent: Mapping[str, bool]) -> Form:
    if handed_in.code_hash not in spent:
        raise CodeUnknown("No form of this rating has this code: compare it with the slip.", field="code")
    if spent[handed_in.code_hash]:
        raise CodeSpent("A form was handed in with this code before.", field="code")
    return rating.accept(handed_in.grades)


def conclude_rating(
    store: Store[Ratings], body: str, rating_id: str, verdict_rules: VerdictRules, now: datetime
) -> dict[str, Any]:
    """Judges each project and tells everybody; a form on its way is in or out. Seals the forms.

    Raises UnknownRating, RatingNotOpen, RuleChanged, PluginFailed; the rating then stays as it was.
    """
    with store.transaction() as ratings:
        opened = ratings.rating_to_change(body, rating_id)
        forms = ratings.forms(opened)
        rating = _by_plugin(
            verdict_rules, opened.rules.verdict, lambda: opened.conclude(forms, now, verdict_rules)
        )
        ratings.seal(rating)
        ratings.save_rating(rating)
        returned = ratings.returned(body, rating_id)
        ratings.publish(
            RATING_CONCLUDED_V1,
            subject=_subject(rating),
            data=telling.rating_concluded(
                rating, ratings.on_form(rating), returned, rating.concluded_at or now
            ),
        )
    store.forget_deleted("forms", "codes")
    return show_rating(store, body, rating_id)


def show_rating(store: Store[Ratings], body: str, rating_id: str) -> dict[str, Any]:
    """What everybody may see: how many forms are in while it is open, and nothing of what they say before
    the conclusion. Raises UnknownRating."""
    with store.reading() as ratings:
        rating = ratings.rating(body, rating_id)
        on_form = ratings.on_form(rating)
        return {
            "id": rating.id,
            "body": rating.body,
            "body_name": on_form.body_name,
            "title": rating.title,
            "state": rating.state.value,
            "projects": telling.projects_shown(rating, on_form),
            "members": rating.members,
            **rating.rules.as_json(),
            "issued": rating.issued,
            "returned": ratings.returned(body, rating_id),
            "results": telling.results_shown(rating) if rating.state is RatingState.CONCLUDED else None,
            "opened_at": rating.opened_at,
            "concluded_at": rating.concluded_at,
        }


def _by_plugin(plugins: Plugins[Any], name: str, call: Callable[[], T]) -> T:
    """Fails closed when the plugin of this name does; whether it is loaded is for the domain to see."""
    return plugins.decide(name, lambda _: call()) if name in plugins else call()


def _subject(rating: Rating) -> str:
    return f"ratings/{rating.body}/{rating.id}"
