"""What a rating sheet may and may not say, and what must hold of every rating."""

from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chassis.errors import Refused
from ratings.domain import HalfOfBaseRule, rate_sheet, share

SCALE = ["satisfied", "basically", "dissatisfied", "unknown"]


def forms_sheet(**changes):
    sheet = {
        "members": 9,
        "scale": SCALE[:3],
        "forms": [["satisfied"], ["basically"]],
        "verdict": {"of": "valid", "exactly_half": "fails"},
    }
    return {name: value for name, value in (sheet | changes).items() if value is not ...}


def counts_sheet(*counts, **changes):
    scale = SCALE[: len(counts)]
    counted = {"forms": ..., "scale": scale, "counts": dict(zip(scale, counts, strict=True)), "invalid": 0}
    return forms_sheet(**(counted | changes))


def refused(sheet):
    with pytest.raises(Refused) as refusal:
        rate_sheet(sheet)
    return refusal.value.slug, refusal.value.field


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"members": True}, "members"),
        ({"members": 0}, "members"),
        ({"members": "9"}, "members"),
        ({"scale": ...}, "scale"),
        ({"scale": ["good", "bad"]}, "scale"),
        ({"scale": ["good", "fair", "good"]}, "scale"),
        ({"scale": ["good", "fair", 3]}, "scale.2"),
        ({"verdict": {"of": "members"}}, "verdict.exactly_half"),
        ({"verdict": {"of": "forms", "exactly_half": "fails"}}, "verdict.of"),
        ({"verdict": {"of": "valid", "exactly_half": True}}, "verdict.exactly_half"),
        ({"verdict": {"rule": "lot"}}, "verdict.rule"),
        ({"verdict": []}, "verdict"),
        ({"forms": ...}, "forms"),
        ({"forms": ["satisfied"]}, "forms.0"),
        ({"forms": [["satisfied", "satisfied"]]}, "forms.0"),
        ({"forms": [{"times": -1, "marks": []}]}, "forms.0.times"),
        ({"forms": [{"times": 1}]}, "forms.0.marks"),
        ({"invalid": 0}, "invalid"),
        ({"member": 9}, "member"),
    ],
)
def test_sheet_malformed_is_refused_by_field(changes, field):
    assert refused(forms_sheet(**changes)) == ("invalid-sheet", field)


def test_counts_faulty_are_refused():
    assert refused(counts_sheet(1, 1, 1, invalid=...)) == ("invalid-sheet", "invalid")
    assert refused(counts_sheet(1, 1, 1, counts={"satisfied": 1})) == ("invalid-sheet", "counts.basically")
    assert refused(counts_sheet(1, 1, 1, counts={"superb": 1})) == ("unknown-grade", "counts")
    assert refused(counts_sheet(1, 1, -1)) == ("invalid-sheet", "counts.dissatisfied")


def test_form_with_unknown_grade_is_refused():
    assert refused(forms_sheet(forms=[[], ["superb"]])) == ("unknown-grade", "forms.1")


def test_fourth_grade_is_counted_and_never_the_verdict():
    result = rate_sheet(counts_sheet(0, 0, 1, 8))
    assert (result["verdict"], result["shares"]["unknown"]) == ("dissatisfied", "88.89")


def test_times_absurdly_large_is_counted_without_expanding():
    many = 10**15
    result = rate_sheet(forms_sheet(members=many, forms=[{"times": many, "marks": ["basically"]}]))
    assert (result["valid"], result["verdict"]) == (many, "basically")


@pytest.mark.parametrize("exactly_half", ["passes", "fails"])
def test_no_valid_form_allows_no_verdict_on_valid_forms(exactly_half):
    result = rate_sheet(forms_sheet(forms=[], verdict={"of": "valid", "exactly_half": exactly_half}))
    assert (result["verdict"], result["combined"]) == (None, "0.00")


@pytest.mark.parametrize(
    ("forms", "valid", "percent"),
    [(25, 28, "89.29"), (1, 8000, "0.01"), (1, 20000, "0.01"), (1, 20001, "0.00")],
)
def test_share_is_rounded_half_up(forms, valid, percent):
    assert share(forms, valid) == percent


@settings(deadline=None)
@given(st.integers(1, 10**6).flatmap(lambda valid: st.tuples(st.integers(0, valid), st.just(valid))))
def test_share_is_within_half_a_hundredth(figures):
    forms, valid = figures
    assert abs(Fraction(share(forms, valid)) - Fraction(100 * forms, valid)) <= Fraction(1, 200)


@settings(deadline=None)
@given(
    st.tuples(*[st.integers(0, 20)] * 3),
    st.sampled_from(["members", "valid"]),
    st.sampled_from(["passes", "fails"]),
)
def test_verdict_is_never_worse_for_a_better_form(counts, base, exactly_half):
    best, second, third = counts
    if not third:
        return
    verdict = {"of": base, "exactly_half": exactly_half}
    worse = rate_sheet(counts_sheet(best, second, third, members=60, verdict=verdict))
    better = rate_sheet(counts_sheet(best + 1, second, third - 1, members=60, verdict=verdict))
    assert SCALE.index(better["verdict"]) <= SCALE.index(worse["verdict"])


class Offhand(HalfOfBaseRule):
    def decide(self, figures, parameters):
        return "superb"


def test_rule_of_a_plugin_is_used_and_a_verdict_off_the_scale_is_stopped():
    with pytest.raises(ValueError, match="not on the scale"):
        rate_sheet(forms_sheet(), {"half-of-base": Offhand()})
