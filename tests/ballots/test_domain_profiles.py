"""Rule profiles: what their files may say, the rules they give, and what is outside of them."""

import copy
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import yaml

import ballots
from ballots.domain import (
    BUILT_IN_ADOPTION_RULES,
    BUILT_IN_MARKING_SCHEMES,
    InvalidProfile,
    InvalidRules,
    Meeting,
    NoFurtherRound,
    OutsideProfile,
    Poll,
    Profile,
    Situation,
    next_round,
    rules_hash,
)

PLUGINS = (BUILT_IN_ADOPTION_RULES, BUILT_IN_MARKING_SCHEMES)
BUILT_IN = {
    file.stem: yaml.safe_load(file.read_text("utf-8"))
    for file in (Path(ballots.__file__).parent / "profiles").glob("*.yaml")
}
NOW = datetime(2022, 4, 16, 1, 30, tzinfo=UTC)
DEPUTIES = frozenset(f"d{number}" for number in range(79))
CANDIDATES = ("water", "road", "clinic", "school", "bridge")


def read(**changes):
    given = copy.deepcopy(BUILT_IN["hengyang"]) | changes
    return Profile.read({key: value for key, value in given.items() if value is not ...}, *PLUGINS)


def faults(**changes):
    with pytest.raises(InvalidProfile) as refusal:
        read(**changes)
    return [fault.field for fault in refusal.value.faults]


def test_the_built_in_profiles_are_there():
    assert set(BUILT_IN) == {"township", "county", "present-base", "plurality", "hengyang"}


@pytest.mark.parametrize("name", sorted(BUILT_IN))
def test_profile_shown_or_stored_is_the_profile_again(name):
    profile = Profile.read(BUILT_IN[name], *PLUGINS)
    assert profile.name == name
    assert Profile.read(profile.as_json(), *PLUGINS) == profile
    assert Profile.restored(profile.as_json()) == profile
    assert len({profile.hash, replace(profile, version="2").hash, replace(profile, notice_days=9).hash}) == 3


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"name": "Heng yang"}, "name"),
        *(({"version": version}, "version") for version in (1.5, 0, -1, True, "0", "\u200b", "1\u202e")),
        ({"title": {"zh": "\u200b\u3000", "en": "Hengyang"}}, "title.zh"),
        ({"title": {"zh": "衡阳", "en": "Heng\u2066yang"}}, "title.en"),
        ({"title": {"zh": "衡阳"}}, "title.en"),
        ({"levels": []}, "levels"),
        ({"levels": ["township", "village"]}, "levels.1"),
        ({"marking": {"scheme": "choose"}}, "marking.at_most"),
        ({"marking": {"scheme": "rank"}}, "marking.scheme"),
        ({"marking": [{"scheme": "for-against"}, {"scheme": "choose", "at_most": 0}]}, "marking.1.at_most"),
        ({"marking": []}, "marking"),
        ({"adoption": {"rule": "majority", "of": "deputies"}}, "adoption.more_than"),
        ({"adoption": {"rule": "lot"}}, "adoption.rule"),
        ({"seats": "3-1"}, "seats"),
        ({"seats": 0}, "seats"),
        ({"seats": True}, "seats"),
        ({"seats": {"township": "1-3"}}, "seats.county"),
        ({"seats": {"township": "1-3", "county": "5-10", "city": 5}}, "seats.city"),
        ({"differential": "0/1"}, "differential"),
        ({"differential": 0.2}, "differential"),
        ({"quorum": "0/1"}, "quorum"),
        ({"quorum": "4/3"}, "quorum"),
        ({"after_tie": "lot"}, "after_tie"),
        ({"after_shortfall": "runoff"}, "after_shortfall"),
        ({"scrutineers": -1}, "scrutineers"),
        ({"notice_days": "7"}, "notice_days"),
        ({"objection_days": ...}, "objection_days"),
        ({"on_breach": {"seats": "shrug"}}, "on_breach.seats"),
        ({"on_breach": {"objection_days": "warn"}}, "on_breach.objection_days"),
        ({"differencial": "none"}, "differencial"),
    ],
)
def test_profile_with_a_fault_is_refused_by_key(changes, field):
    assert faults(**changes) == [field]


def test_profile_with_several_faults_is_told_all_of_them():
    said = faults(levels=["village"], quorum=2, after_tie=..., marking={"scheme": 1}, extra=1)
    assert set(said) == {"levels.0", "quorum", "after_tie", "marking.scheme", "extra"}


def test_faults_of_one_key_are_told_all_and_hide_no_others():
    said = faults(
        levels=["village", "township", "hamlet"],
        title={"zh": "", "de": "Hengyang"},
        marking=[{"scheme": "nope"}, {"scheme": "choose", "at_most": 0}, {"at_most": 2}],
        adoption={"rule": "majority", "of": "nobody", "more_than": "3/2", "extra": 1},
        on_breach={"quorum": "maybe", "seats": "shrug", "x": "warn"},
        seats=0,
    )
    assert sorted(said) == sorted(
        [
            *("levels.0", "levels.2", "title.zh", "title.de", "title.en", "seats"),
            *("marking.0.scheme", "marking.1.at_most", "marking.2.scheme"),
            *("adoption.extra", "adoption.of", "adoption.more_than"),
            *("on_breach.x", "on_breach.quorum", "on_breach.seats"),
        ]
    )
    assert faults(levels=["township", "county"], seats={"township": 0, "city": 2}) == [
        *("seats.city", "seats.county", "seats.township")
    ]


@pytest.mark.parametrize("given", [None, [], "hengyang", 7])
def test_profile_that_is_no_object_is_refused(given):
    with pytest.raises(InvalidProfile):
        Profile.read(given, *PLUGINS)


def rules(profile, given=None, level="township"):
    return profile.rules(given, level, *PLUGINS)


def outside(profile, given=None, level="township"):
    with pytest.raises(OutsideProfile) as refusal:
        rules(profile, given, level)
    return refusal.value.field


def test_rules_come_from_the_profile_and_seats_of_a_range_from_the_poll():
    made = rules(read(), {"seats": 3})
    assert made.as_json() == {
        "seats": 3,
        "marking": {"scheme": "choose", "at_most": 3},
        "adoption": {"rule": "majority", "of": "deputies", "more_than": "1/2"},
        "quorum": "2/3",
        "differential": False,
    }
    with pytest.raises(InvalidRules, match="the profile allows 1-3") as refusal:
        rules(read())
    assert refusal.value.field == "seats"
    assert rules(read(seats=2)).seats == 2
    with pytest.raises(InvalidRules):
        rules(read(), {"seats": "two"})


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"seats": 4}, "rules.seats"),
        ({"seats": 2, "marking": {"scheme": "choose", "at_most": 1}}, "rules.marking"),
        ({"seats": 2, "marking": {"scheme": "for-against"}}, "rules.marking"),
        ({"seats": 2, "adoption": {"rule": "plurality"}}, "rules.adoption"),
        (
            {"seats": 2, "adoption": {"rule": "majority", "of": "present", "more_than": "1/2"}},
            "rules.adoption",
        ),
        ({"seats": 2, "quorum": "1/2"}, "rules.quorum"),
    ],
)
def test_rules_given_beside_a_profile_agree_with_it_or_are_refused(given, field):
    assert outside(read(), given) == field


def test_rules_that_say_the_same_in_other_words_agree():
    given = {"seats": 2, "adoption": {"rule": "majority", "of": "deputies", "more_than": "2/4"}}
    assert rules(read(), given).adoption == rules(read(), {"seats": 2}).adoption


def test_poll_may_choose_among_several_markings():
    township = Profile.read(BUILT_IN["township"], *PLUGINS)
    assert rules(township, {"seats": 2, "marking": {"scheme": "for-against"}}).marking.name == "for-against"
    assert rules(township, {"seats": 2}).marking.name == "choose"
    assert outside(township, {"seats": 2, "marking": {"scheme": "choose", "at_most": 1}}) == "rules.marking"


def test_profile_is_for_its_levels_and_its_seats_are_by_level():
    assert outside(read(), {"seats": 5}, level="city") == "profile"
    assert rules(read(), {"seats": 5}, level="county").seats == 5
    assert outside(read(), {"seats": 3}, level="county") == "rules.seats"


def test_more_candidates_than_seats_are_asked_for_by_the_rules_themselves():
    differing = read(differential="1/5")
    assert rules(differing, {"seats": 2}).differential
    assert outside(differing, {"seats": 2, "differential": False}) == "rules.differential"
    assert not rules(read(differential="1/5", on_breach={"differential": "warn"}), {"seats": 2}).differential


def opened(profile, seats=2, candidates=CANDIDATES, given=None, **situation):
    meeting = Meeting("m1", "yongan", DEPUTIES).called(sorted(DEPUTIES)).open(NOW)
    poll = Poll.prepared(
        id="p1",
        body="yongan",
        meeting="m1",
        title="票决",
        rules=rules(profile, given or {"seats": seats}),
        candidates=candidates,
        profile=profile,
    )
    fit = {"level": "township", "scrutineers": 2, "noticed_at": NOW - timedelta(days=7)}
    return poll.open(meeting, NOW, situation=Situation(**(fit | situation)))


STRICT = {"on_breach": {}}
WARN = {
    "on_breach": dict.fromkeys(("seats", "differential", "scrutineers", "notice_days", "marking"), "warn")
}


def test_poll_within_its_profile_opens_without_a_warning_and_carries_it():
    poll = opened(read(**STRICT))
    assert poll.warnings == []
    without = replace(poll, profile=None)
    assert poll.rules_hash == rules_hash(poll.rules, poll.candidates, poll.versions, poll.profile.identity)
    assert poll.rules_hash != rules_hash(without.rules, without.candidates, without.versions)
    assert Poll.restored(poll.as_stored()) == poll


def test_poll_without_a_profile_keeps_the_hash_that_it_always_had():
    made = rules(read(), {"seats": 2})
    assert (
        rules_hash(made, ["water", "road"], {"adoption": "1", "marking": "1"})
        == "56592cd422b1c9a298d1d2a39b4ea41b043294e4e34cac3dc768ac2c02df1769"
    )


@pytest.mark.parametrize(
    ("changes", "situation", "rule", "said"),
    [
        ({"differential": 4}, {}, "differential", "5 candidates for 2 seats; 4 more than seats"),
        ({"differential": "1/1", "seats": "3-9"}, {"seats": 3}, "differential", "3 more than seats"),
        ({}, {"scrutineers": 1}, "scrutineers", "1 scrutineer appointed; at least 2"),
        ({}, {"noticed_at": NOW - timedelta(days=6)}, "notice_days", "6 days before the meeting; at least 7"),
        ({}, {"noticed_at": NOW + timedelta(days=2)}, "notice_days", "0 days before"),
    ],
)
def test_poll_outside_its_profile_is_refused_or_opened_with_a_warning(changes, situation, rule, said):
    with pytest.raises(OutsideProfile, match=said):
        opened(read(**STRICT | changes), **situation)
    warnings = opened(read(**WARN | changes), **situation).warnings
    assert [each["rule"] for each in warnings] == [rule]
    assert said in warnings[0]["detail"]


def test_seats_beyond_the_range_are_recorded_where_the_profile_says_warn():
    assert [each["rule"] for each in opened(read(**WARN), seats=4).warnings] == ["seats"]
    mixed = opened(read(**WARN), seats=4, scrutineers=0).warnings
    assert [each["rule"] for each in mixed] == ["seats", "scrutineers"]


def test_level_that_has_changed_since_the_preparation_is_seen_at_the_opening():
    with pytest.raises(OutsideProfile, match="2 seats; a county has 5-10"):
        opened(read(**STRICT), level="county")


def test_notice_is_counted_in_days_of_the_country():
    late, early = datetime(2022, 4, 8, 15, 59, tzinfo=UTC), datetime(2022, 4, 8, 16, 0, tzinfo=UTC)
    assert opened(read(notice_days=8, **STRICT), noticed_at=late).warnings == []
    with pytest.raises(OutsideProfile, match="7 days before the meeting"):
        opened(read(notice_days=8, **STRICT), noticed_at=early)


def test_notice_of_an_unknown_time_is_recorded_and_never_refused():
    assert [each["rule"] for each in opened(read(**STRICT), noticed_at=None).warnings] == ["notice_days"]
    assert opened(read(notice_days=0, **STRICT), noticed_at=None).warnings == []


def declared(profile, papers):
    poll = opened(profile).issue(79).close(NOW).count(papers)
    return poll.declare(NOW)


TIE = [(30, ["water", "road"]), (30, ["water", "clinic"]), (10, ["road", "clinic"]), (9, [])]
SHORTFALL = [(50, ["water"]), (29, [])]


@pytest.mark.parametrize(
    ("rule", "follows", "papers", "outcome"),
    [
        ("after_tie", "runoff", TIE, "runoff"),
        ("after_shortfall", "next-round", SHORTFALL, "shortfall"),
    ],
)
def test_what_follows_is_what_the_profile_says(rule, follows, papers, outcome):
    poll = opened(read(**{rule: follows})).issue(79).close(NOW).count(papers).declare(NOW)
    assert poll.result["outcome"] == outcome
    assert next_round(poll, id="p2", title="再次投票").profile == poll.profile
    none = replace(poll, profile=read(**{rule: "none"}))
    with pytest.raises(NoFurtherRound, match="by the profile"):
        next_round(none, id="p2", title="再次投票")


def test_further_round_is_not_measured_by_what_an_earlier_one_left_of_it():
    left = read(seats="2-3", differential="1/1", **STRICT)
    with pytest.raises(OutsideProfile):
        opened(left, seats=3)
    assert opened(left, seats=3, further_round=True, noticed_at=NOW).warnings == []
    with pytest.raises(OutsideProfile, match="scrutineer"):
        opened(left, seats=3, further_round=True, scrutineers=0)
