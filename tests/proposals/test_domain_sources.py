"""What the built-in sources accept, and how they keep it."""

import pytest

from chassis.plugins import nonconformities
from proposals.domain import (
    DeputiesSource,
    HotlineSource,
    Incoming,
    InvalidSuggestion,
    Proposer,
    ResidentsSource,
    Source,
)

SOURCES = [DeputiesSource(), ResidentsSource(), HotlineSource()]
PERSON = Proposer("王某某", "13800000000")


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.name)
def test_source_is_a_plugin(source):
    assert nonconformities(source, Source) == []


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.name)
def test_source_tidies_a_suggestion_once_and_for_all(source):
    untidy = Incoming(
        " 改善\n饮水　", "\r\n第一。\r第二。\u2028第三。\n", Proposer(" 王某某 ", " 13800000000")
    )
    tidy = source.accept(untidy)
    assert tidy == Incoming("改善 饮水", "第一。\n第二。\n第三。", PERSON)
    assert source.accept(tidy) == tidy


def test_deputies_suggestion_without_a_name_is_refused():
    with pytest.raises(InvalidSuggestion) as refusal:
        DeputiesSource().accept(Incoming("题", "文"))
    assert refusal.value.field == "proposer"


@pytest.mark.parametrize("source", [ResidentsSource(), HotlineSource()], ids=lambda source: source.name)
def test_suggestion_without_a_name_is_accepted_from(source):
    assert source.accept(Incoming("题", "文")).proposer is None


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("138-0000 0000", "13800000000"),
        ("１３８００００００００", "13800000000"),
        ("（0731）8366 0000", "073183660000"),
        ("+86 13800000000", "+8613800000000"),
        ("12345", "12345"),
    ],
)
def test_hotline_keeps_numbers_in_one_way(given, kept):
    accepted = HotlineSource().accept(Incoming("题", "文", Proposer("王某某", given)))
    assert accepted.proposer == Proposer("王某某", kept)


@pytest.mark.parametrize("contact", [None, "住在村口", "12", "1" * 16, "138+0000"])
def test_hotline_refuses_a_name_that_cannot_be_called_back(contact):
    with pytest.raises(InvalidSuggestion) as refusal:
        HotlineSource().accept(Incoming("题", "文", Proposer("王某某", contact)))
    assert refusal.value.field == "proposer.contact"
    assert "王某某" not in str(refusal.value)
