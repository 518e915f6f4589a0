"""Rating sheets: one project's forms in one JSON object, judged without a service."""

from collections.abc import Iterator, Mapping, Sequence

from chassis.reading import read_integer, read_list, read_object, shown
from ratings.domain.errors import Fault, InvalidSheet, UnknownGrade
from ratings.domain.grading import Grading, Tally, grade, read_forms, read_rules
from ratings.domain.verdict import BUILT_IN_VERDICT_RULES, VerdictRule

_ALWAYS = ("members", "scale", "verdict")


def rate_sheet(sheet: object, verdict_rules: Mapping[str, VerdictRule] | None = None) -> dict[str, object]:
    """The result of an untrusted rating sheet, ready for JSON; without a mapping, by the built-in rules.

    Raises FormsExceedMembers, UnknownGrade, and InvalidSheet, naming the field, for whatever is malformed.
    """
    known = BUILT_IN_VERDICT_RULES if verdict_rules is None else verdict_rules
    try:
        return _graded(sheet, known).as_json()
    except Fault as fault:
        raise InvalidSheet(fault.detail, field=fault.field) from fault


def _graded(sheet: object, verdict_rules: Mapping[str, VerdictRule]) -> Grading:
    fields = read_object(sheet, "sheet", required=_ALWAYS, optional=("forms", "counts", "invalid"))
    members = read_integer(fields["members"], "members", least=1)
    rules = read_rules(fields, verdict_rules)
    if "forms" in fields:
        for name in ("counts", "invalid"):
            if name in fields:
                raise Fault(name, "is given instead of forms, not beside them")
        tally = read_forms(_each_form(read_list(fields["forms"], "forms")), rules.scale)
    else:
        tally = _read_counts(fields, rules.scale)
    return grade(rules, members, tally, verdict_rules[rules.verdict])


def _each_form(forms: Sequence[object]) -> Iterator[tuple[int, object]]:
    for place, form in enumerate(forms):
        if not isinstance(form, Mapping):
            yield 1, form
            continue
        field = f"forms.{place}"
        several = read_object(form, field, required=("times", "marks"))
        yield read_integer(several["times"], f"{field}.times", least=1), several["marks"]


def _read_counts(fields: Mapping[str, object], scale: Sequence[str]) -> Tally:
    if "counts" not in fields:
        raise Fault("forms", "is missing, and so are counts: one of the two must be given")
    if "invalid" not in fields:
        raise Fault("invalid", "is missing")
    given = read_object(fields["counts"], "counts", optional=None)
    for name in given:
        if name not in scale:
            raise UnknownGrade(f"counts.{shown(name)}: is not a grade of the scale", field="counts")
    read_object(given, "counts", required=scale)
    counts = {name: read_integer(given[name], f"counts.{name}") for name in scale}
    return Tally(counts, read_integer(fields["invalid"], "invalid"))
