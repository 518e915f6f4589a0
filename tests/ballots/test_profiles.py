"""Rule profiles over HTTP: built-in ones, a region's own, and polls that are held by them."""

import pytest

from ballots.domain import BUILT_IN_ADOPTION_RULES, BUILT_IN_MARKING_SCHEMES
from ballots.plugins import ProfileFaults, load_profiles, profiles_for
from chassis.clock import now, rfc3339
from chassis.config import load_settings
from tests.ballots.polls_over_http import appoint, open_poll, prepare, with_meeting
from tests.support.running import running

OWN = """
name: zhuzhou
version: 3
title: {zh: 株洲市, en: Zhuzhou}
levels: [township]
marking: {scheme: choose, at_most: seats}
adoption: {rule: majority, of: deputies, more_than: 1/2}
seats: 1-3
differential: 1/5
quorum: 2/3
after_tie: runoff
after_shortfall: none
scrutineers: 0
notice_days: 7
objection_days: 5
on_breach: {seats: warn, notice_days: warn}
"""


@pytest.fixture(scope="module")
def region(tmp_path_factory):
    folder = tmp_path_factory.mktemp("profiles")
    (folder / "zhuzhou.yaml").write_text(OWN, encoding="utf-8")
    settings = {"PIAOJUE_BALLOTS_PROFILES_FOLDER": str(folder)}
    with running("ballots", played=("proposals",), settings=settings) as made:
        yield made


def test_profiles_are_shown_to_everybody(region):
    shown = region.call("GET", "/ballots/profiles").json["profiles"]
    names = [each["name"] for each in shown]
    assert names == ["county", "hengyang", "plurality", "present-base", "township", "zhuzhou"]
    hengyang = region.call("GET", "/ballots/profiles/hengyang")
    assert hengyang.json == shown[1]
    assert hengyang.json["seats"] == {"township": "1-3", "county": "5-10"}
    missing = region.call("GET", "/ballots/profiles/elsewhere")
    assert (missing.status, missing.json["slug"]) == (404, "unknown-profile")


def test_poll_is_held_by_a_profile(region):
    base = with_meeting(region, "held")
    made = prepare(region, base, profile="hengyang", rules={"seats": 2})
    assert made.status == 201, made.body
    assert made.json["rules"]["marking"] == {"scheme": "choose", "at_most": 2}
    assert made.json["warnings"] is None
    appoint(region, base)
    opened = open_poll(region, base)
    assert opened.status == 200, opened.body
    profile = region.call("GET", "/ballots/profiles/hengyang").json
    assert opened.json["profile"] == {name: profile[name] for name in ("name", "version", "hash", "title")}
    assert opened.json["warnings"] == []
    data = region.event("ballots", "poll_opened")["data"]
    told = (data["profile"], data["profile_version"], data["profile_hash"], data["warnings"])
    assert told == ("hengyang", "1", profile["hash"], [])
    assert data["rules_hash"] == opened.json["rules_hash"]


def test_poll_outside_its_profile_is_refused_where_it_is_strict(region):
    base = with_meeting(region, "strict")

    def refused(**given):
        answer = prepare(region, base, **given)
        return answer.status, answer.json["slug"], answer.json["field"]

    four = refused(profile="hengyang", rules={"seats": 4})
    assert four == (422, "outside-profile", "rules.seats")
    plurality = {"seats": 2, "adoption": {"rule": "plurality"}}
    assert refused(profile="hengyang", rules=plurality) == (422, "outside-profile", "rules.adoption")
    assert refused(profile="county", rules={"seats": 2}) == (422, "outside-profile", "profile")
    assert refused(profile="hengyang") == (422, "invalid-rules", "rules.seats")
    assert refused(profile="elsewhere") == (404, "unknown-profile", "profile")
    assert refused() == (422, "invalid-rules", "rules")
    assert refused(profile="hengyang", rules={"seat": 2}) == (422, "invalid-rules", "rules.seat")
    few = {"profile": "zhuzhou", "rules": {"seats": 2}, "candidates": ["water", "road"]}
    assert prepare(region, base, **few).status == 201
    assert open_poll(region, base).json["slug"] == "not-differential"


def test_poll_outside_its_profile_is_opened_with_warnings_where_it_only_warns(region):
    base = with_meeting(region, "warned", published_at=rfc3339(now()))
    assert prepare(region, base, profile="zhuzhou", rules={"seats": 4}).status == 201
    opened = open_poll(region, base)
    assert opened.status == 200, opened.body
    assert [each["rule"] for each in opened.json["warnings"]] == ["seats", "notice_days"]
    told = region.event("ballots", "poll_opened")["data"]
    assert (told["body"], told["warnings"]) == ("warned", opened.json["warnings"])


def settings(folder, **own):
    environ = {f"PIAOJUE_BALLOTS_{key.upper()}": value for key, value in own.items()}
    from ballots.plugins import SETTINGS

    return load_settings("ballots", SETTINGS, environ={"PIAOJUE_DATA_FOLDER": str(folder), **environ})


def test_every_fault_of_a_regions_profiles_keeps_the_service_from_starting(tmp_path):
    folder = tmp_path / "profiles"
    folder.mkdir()
    (folder / "a.yaml").write_text(OWN.replace("runoff", "lot").replace("1-3", "3-1"), encoding="utf-8")
    (folder / "b.yaml").write_text(OWN, encoding="utf-8")
    (folder / "c.yaml").write_text(OWN, encoding="utf-8")
    (folder / "d.yaml").write_text(OWN + "name: again\n", encoding="utf-8")
    (folder / "e.yaml").write_text("name: [", encoding="utf-8")
    (folder / "f.yaml").write_bytes(b"name: \xff")
    with pytest.raises(ValueError, match="rule profiles cannot be used") as refusal:
        profiles_for(settings(tmp_path, profiles_folder=str(folder)))
    said = [each.strip().removeprefix(f"{folder}/") for each in str(refusal.value).splitlines()[1:]]
    assert said[0].startswith("a.yaml: seats: must be")
    assert said[1].startswith("a.yaml: after_tie: must be one of runoff, none")
    assert said[2].startswith("c.yaml: name: zhuzhou is the name of another")
    assert said[3].startswith("d.yaml: line 2: ")
    assert "name is there twice" in said[3]
    assert said[4].startswith("e.yaml: line ")
    assert said[5].startswith("f.yaml: cannot be read")
    assert len(said) == 6


def test_profiles_folder_that_is_not_there_is_a_fault(tmp_path):
    with pytest.raises(ProfileFaults, match="is no folder"):
        profiles_for(settings(tmp_path, profiles_folder=str(tmp_path / "nowhere")))


def test_built_in_profile_whose_rule_is_not_enabled_is_left_out_and_a_regions_is_a_fault(tmp_path):
    assert "plurality" not in profiles_for(settings(tmp_path, adoption_rules="majority"))
    (tmp_path / "own.yaml").write_text(
        OWN.replace("majority, of: deputies, more_than: 1/2", "plurality"), encoding="utf-8"
    )
    with pytest.raises(ProfileFaults, match=r"own.yaml: adoption.rule: must be one of majority"):
        profiles_for(settings(tmp_path, adoption_rules="majority", profiles_folder=str(tmp_path)))


def test_region_may_put_its_own_in_the_place_of_a_built_in_one(tmp_path):
    (tmp_path / "own.yaml").write_text(OWN.replace("zhuzhou", "township"), encoding="utf-8")
    loaded = profiles_for(settings(tmp_path, profiles_folder=str(tmp_path)))
    assert loaded["township"].version == "3"
    one = load_profiles([tmp_path / "own.yaml"], BUILT_IN_ADOPTION_RULES, BUILT_IN_MARKING_SCHEMES)
    assert one["township"] == loaded["township"]
