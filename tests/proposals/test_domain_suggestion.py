"""Suggestions and the reply that is owed."""

from datetime import timedelta

import pytest

from proposals.domain import (
    AlreadyReplied,
    AlreadyTakenUp,
    InvalidSuggestion,
    Proposer,
    Suggestion,
    suggestion_received,
)
from tests.proposals.samples import LATER, NOW, suggestion


def test_suggestion_is_owed_a_reply_until_it_has_one():
    received = suggestion()
    replied = received.replied("已列入候选项目。", LATER)
    assert received.reply_owed
    assert not replied.reply_owed
    assert replied.replied_at == LATER


def test_reply_by_a_clock_that_was_set_back_is_not_before_what_it_replies_to():
    received = suggestion()
    assert received.replied("好。", NOW - timedelta(hours=1)).replied_at == received.received_at


def test_reply_is_given_once():
    replied = suggestion().replied("已列入候选项目。", NOW)
    assert replied.replied("已列入候选项目。", LATER) == replied
    with pytest.raises(AlreadyReplied):
        replied.replied("又改了。", LATER)


@pytest.mark.parametrize("text", ["", "  ", "x" * 4001, "a\0b"])
def test_reply_unfit_is_refused(text):
    with pytest.raises(InvalidSuggestion) as refusal:
        suggestion().replied(text, NOW)
    assert refusal.value.field == "reply"


def test_suggestion_is_taken_up_into_one_project():
    taken_up = suggestion().taken_up("water")
    assert taken_up.taken_up("water") == taken_up
    with pytest.raises(AlreadyTakenUp):
        taken_up.taken_up("roads")
    with pytest.raises(InvalidSuggestion):
        suggestion().taken_up("Water 1")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("id", "S 1"),
        ("body", ""),
        ("year", 1948),
        ("year", True),
        ("year", "2022"),
        ("title", "a\nb"),
        ("title", "x" * 301),
        ("title", "\ud800"),
        ("content", " \n"),
        ("source", "x" * 64),
    ],
)
def test_suggestion_invalid_cannot_be_built(field, value):
    with pytest.raises(InvalidSuggestion) as refusal:
        suggestion(**{field: value})
    assert refusal.value.field == field


@pytest.mark.parametrize("person", [("", None), ("王" * 101, None), ("王某某", ""), ("王某某", 13800000000)])
def test_proposer_invalid_cannot_be_built(person):
    with pytest.raises(InvalidSuggestion) as refusal:
        Proposer(*person)
    assert "王" not in refusal.value.detail


def test_proposer_shows_neither_in_what_is_told_nor_in_a_repr():
    received = suggestion()
    for text in (repr(received), str(suggestion_received(received))):
        assert "王某某" not in text
        assert "13800000000" not in text


def test_proposer_erased_leaves_the_suggestion():
    erased = suggestion().without_proposer()
    assert erased.proposer is None
    assert erased.content == suggestion().content
    assert erased.without_proposer() == erased


@pytest.mark.parametrize(
    "kept",
    [
        suggestion(),
        suggestion(proposer=None),
        suggestion(proposer=Proposer("李某")).replied("好。", LATER).taken_up("water"),
    ],
)
def test_suggestion_restored_is_the_same(kept):
    assert Suggestion.restored(kept.as_stored()) == kept
