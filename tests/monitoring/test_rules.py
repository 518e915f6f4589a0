"""Rules and alerts: sound, tested case by case, and each alert with a page that says what to do."""

import re
import shlex
from itertools import pairwise

import pytest
import yaml
from typer.main import get_command

from ballots.service import BallotsService
from chassis.http import routes
from piaojue.command import app
from piaojue.operating.doctor import CHECKS
from tests.support.monitoring import FOLDER, RUNBOOKS, alerts, expressions, rules
from tests.support.region import SERVICES
from tests.support.running import TOP

SECTIONS = ["Meaning", "Impact", "Diagnosis", "Mitigation"]
TESTS = [
    case
    for file in sorted((FOLDER / "tests").glob("*.yml"))
    for case in yaml.safe_load(file.read_text())["tests"]
]


def runbook(alert):
    slug = re.sub(r"(?<!^)(?=[A-Z])", "-", alert.removeprefix("Piaojue")).lower()
    return RUNBOOKS / f"{slug}.md"


def test_the_configuration_is_sound(promtool):
    status, said = promtool("check", "config", "prometheus.yml", cwd=FOLDER)
    assert status == 0, said
    found = sum(int(number) for number in re.findall(r"SUCCESS: (\d+) rules found", said))
    assert found == len(rules())


def test_every_case_of_every_alert_comes_out_as_it_should(promtool):
    files = [file.name for file in sorted((FOLDER / "tests").glob("*.yml"))]
    status, said = promtool("test", "rules", *files, cwd=FOLDER / "tests")
    assert status == 0, said
    assert said.count("SUCCESS") == len(files)


def test_cases_fail_when_an_alert_is_changed(promtool, tmp_path):
    for part in ("rules", "tests"):
        (tmp_path / part).mkdir()
        for file in (FOLDER / part).glob("*.yml"):
            text = file.read_text().replace("piaojue_inbox_parked:max > 0", "piaojue_inbox_parked:max > 9")
            (tmp_path / part / file.name).write_text(text)
    status, said = promtool("test", "rules", "events.yml", cwd=tmp_path / "tests")
    assert status != 0
    assert "EventParked" in said


@pytest.mark.parametrize("alert", alerts())
def test_an_alert_has_a_case_in_which_it_fires_and_one_in_which_it_does_not(alert):
    cases = {case["name"]: case for case in TESTS}
    fires = cases[f"{alert} fires"]["promql_expr_test"][0]
    assert fires["exp_samples"]
    assert f'alertname="{alert}"' in fires["expr"]
    if alert != "PiaojueWatchdog":
        not_so = cases[f"{alert} does not fire"]["promql_expr_test"][0]
        assert (not_so["exp_samples"], not_so["expr"]) == ([], fires["expr"])


@pytest.mark.parametrize(("alert", "rule"), alerts().items())
def test_an_alert_leads_to_its_page(alert, rule):
    page = runbook(alert)
    assert rule["annotations"]["runbook_url"] == f"{{{{ $externalLabels.runbooks }}}}/{page.name}"
    text = page.read_text(encoding="utf-8")
    assert text.startswith(f"# {alert}\n")
    assert f"Severity: **{rule['labels']['severity']}**" in text
    assert re.findall(r"(?m)^## (.*)$", text) == SECTIONS
    assert re.search(r"`(piaojue|promtool|journalctl|runuser|ss|GET) ", text), "the exact commands"


@pytest.mark.parametrize(("alert", "rule"), alerts().items())
def test_an_alert_says_what_is_the_matter_in_words(alert, rule):
    assert rule["labels"]["severity"] in {"page", "ticket", "heartbeat"}
    assert rule["annotations"].keys() == {"summary", "description", "runbook_url"}
    assert len(rule["annotations"]["description"]) > 40


def test_no_page_is_left_without_its_alert_and_all_are_listed():
    pages = {file.name for file in RUNBOOKS.glob("*.md")} - {"README.md"}
    assert pages == {runbook(alert).name for alert in alerts()}
    listed = re.findall(r"\[(Piaojue\w+)\]\(([\w-]+\.md)\)", (RUNBOOKS / "README.md").read_text())
    assert listed == [(alert, runbook(alert).name) for alert in alerts()]


def command_of(words):
    """The command that these words of the command line are for, and what follows it."""
    found, rest = get_command(app), list(words)
    while rest and rest[0] in getattr(found, "commands", {}):
        found = found.commands[rest.pop(0)]
    return found, rest


@pytest.mark.parametrize("page", sorted(RUNBOOKS.glob("*.md")), ids=lambda page: page.stem)
def test_a_page_names_commands_and_options_that_there_are(page):
    for span in re.findall(r"`piaojue ([^`]+)`", page.read_text(encoding="utf-8")):
        command, rest = command_of(shlex.split(span))
        assert not getattr(command, "commands", {}), f"there is no command: piaojue {span}"
        options = {name for parameter in command.params for name in parameter.opts}
        assert {word for word in rest if word.startswith("-")} <= {*options, "--help"}, span
        assert {after for word, after in pairwise(rest) if word == "--only"} <= set(CHECKS), span
        assert {after for word, after in pairwise(rest) if word == "--service"} <= set(SERVICES), span


def test_what_a_page_looks_for_in_the_journal_is_what_services_log():
    sources = [file for part in ("libs", "services") for file in (TOP / part).rglob("*.py")]
    logged = "\n".join(file.read_text(encoding="utf-8") for file in sources)
    for page in RUNBOOKS.glob("*.md"):
        for sought in re.findall(
            r"`journalctl[^`]*\| grep ([^`|]+|'[^']+')", page.read_text(encoding="utf-8")
        ):
            for word in re.findall(r"[a-z]+_[a-z_]*", sought):
                assert word in logged, f"{page.name} looks for {word}"


def test_a_page_asks_the_database_as_who_may():
    """root is nobody to a PostgreSQL of Debian's."""
    for page in RUNBOOKS.glob("*.md"):
        for span in re.findall(r"`([^`]*psql [^`]*)`", page.read_text(encoding="utf-8")):
            assert span.startswith("runuser -u postgres -- psql "), f"{page.name}: {span}"


def test_a_page_leads_to_pages_that_there_are():
    for page in RUNBOOKS.glob("*.md"):
        for link in re.findall(r"\]\(([^)#:]+)\)", page.read_text(encoding="utf-8")):
            assert (page.parent / link).exists(), f"{page.name} leads to {link}"


def test_a_route_that_is_watched_is_a_route_of_the_service():
    watched = {route for each in expressions() for route in re.findall(r'route="([^"]+)"', each.text)}
    assert watched
    assert watched <= {route.path for route in routes(BallotsService)}


def test_a_recorded_name_says_its_level_its_metric_and_what_was_done():
    names = [rule["record"] for rule in rules() if "record" in rule]
    assert all(re.fullmatch(r"[a-z_]+:piaojue_[a-z_]+:[a-z0-9_]+", name) for name in names)
    assert len(set(names)) == len(names)
