"""Projects, and the money and dates that they are read from."""

from datetime import date, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proposals.domain import (
    Fault,
    InvalidProject,
    Project,
    ProjectListedTwice,
    read_amount,
    read_date,
    read_projects,
    write_amount,
)
from tests.proposals.samples import project


@pytest.mark.parametrize(
    ("given_", "written"),
    [
        ("1200000.00", "1200000.00"),
        ("1200000", "1200000.00"),
        ("0.5", "0.50"),
        (0, "0.00"),
        (999_999_999_999_999, "999999999999999.00"),
        ("999999999999999.99", "999999999999999.99"),
    ],
)
def test_amount_is_read_exactly(given_, written):
    assert write_amount(read_amount(given_, "budget")) == written


@pytest.mark.parametrize(
    "given_",
    [
        1.5,
        True,
        None,
        -1,
        10**15,
        pytest.param(10**5000, id="huge"),
        "-1",
        "1e6",
        "1,200",
        "01.00",
        "1.005",
        ".5",
        "１２",
        "NaN",
        " 1",
        "1\n",
        "",
        Decimal(1),
    ],
)
def test_amount_unclear_is_refused(given_):
    with pytest.raises(Fault) as refusal:
        read_amount(given_, "budget")
    assert refusal.value.field == "budget"


@given(st.integers(0, 10**17 - 1))
def test_amount_written_is_read_back(fen):
    amount = Decimal(fen).scaleb(-2)
    assert read_amount(write_amount(amount), "budget") == amount


@pytest.mark.parametrize(
    "given_", ["2022-02-30", "20221031", "2022-W01-1", "2022-10-31T00:00", 20221031, None]
)
def test_date_unclear_is_refused(given_):
    with pytest.raises(Fault):
        read_date(given_, "finish_by")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("id", "-water"),
        ("title", "两\n行"),
        ("content", ""),
        ("content", "x" * 4001),
        ("implementing_unit", " "),
        ("budget", 12.0),
        ("fund_source", None),
        ("finish_by", "31.10.2022"),
        ("finish_by", datetime(2022, 10, 31)),
    ],
)
def test_project_invalid_cannot_be_built(field, value):
    with pytest.raises(InvalidProject) as refusal:
        project(**({"id": "water"} | {field: value}))
    assert refusal.value.field == field


@pytest.mark.parametrize("budget", [Decimal("NaN"), Decimal("1.005"), Decimal(-1), Decimal(10**15), 5, 1.5])
def test_project_budget_inexact_cannot_be_built(budget):
    with pytest.raises(InvalidProject):
        Project("water", "题", "内容", "单位", budget, "财政", date(2022, 10, 31))


def test_project_read_back_is_the_same():
    assert Project.read(project().as_json()) == project()


def test_project_with_wrong_fields_is_refused_by_their_path():
    fields = project().as_json()
    for wrong in (fields | {"colour": "red"}, {"id": "water"}, [], None, {1: 2}):
        with pytest.raises(InvalidProject):
            Project.read(wrong)
    with pytest.raises(InvalidProject) as refusal:
        read_projects([fields, fields | {"id": "roads", "budget": 0.5}])
    assert refusal.value.field == "projects.1.budget"
    assert refusal.value.detail.startswith("projects.1.budget: ")


def test_projects_listed_twice_are_refused():
    with pytest.raises(ProjectListedTwice) as refusal:
        read_projects([project().as_json()] * 2)
    assert refusal.value.field == "projects.1.id"
    with pytest.raises(InvalidProject):
        read_projects({"0": project().as_json()})
