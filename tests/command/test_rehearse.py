"""``piaojue rehearse`` and ``piaojue demo``: a year through a suite, told to people and to machines."""

import json
import os
import signal
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from rich.cells import cell_len

from piaojue.own_key import KEY_FILE
from piaojue.rehearsal.afterwards import check_logs
from piaojue.rehearsal.client import RehearsalFailed, Suite, SuiteRefused, profiles_of, tokens_of, until
from piaojue.rehearsal.showing import Silent
from piaojue.rehearsal.year import Year
from piaojue.versions import SERVICES
from piaojue_contracts import Event
from piaojue_contracts.envelope import FIRST_PREVIOUS_HASH
from tests.command.suites import PIAOJUE, suite, up, url
from tests.support.processes import Process, descendants
from tests.support.waiting import eventually

SMALL = Path(__file__).parent / "small-year.yaml"
SECONDS = 90


@pytest.fixture(autouse=True)
def unconfigured(monkeypatch, tmp_path):
    for name in [name for name in os.environ if name.startswith("PIAOJUE_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setenv("COLUMNS", "100")


@pytest.fixture(scope="module")
def running(tmp_path_factory):
    """The folder of a suite that runs for all the tests here; each rehearses as a body of its own."""
    folder = tmp_path_factory.mktemp("suite")
    started = []

    def start(command, **options):
        started.append(Process(command, output=folder / "log", **options))
        return started[-1]

    up(start, folder)
    yield folder
    started[0].terminate()


def run(*arguments, **options):
    command = [PIAOJUE, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, **options)


def there(folder):
    return ["--url", url(folder), "--key", folder / KEY_FILE]


def changed(folder, *changes):
    text = SMALL.read_text(encoding="utf-8")
    for old, new in changes:
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    file = folder / "year.yaml"
    file.write_text(text, encoding="utf-8")
    return file


def rehearsed(running, file, body, *arguments):
    """Exit status, story, and what was said on standard error."""
    done = run("rehearse", file, *there(running), "--as", body, "--json", *arguments)
    return done.returncode, json.loads(done.stdout), done.stderr


def test_demo_takes_yongan_through_its_year(tmp_path):
    done = run("demo", "--no-stay", "--json")
    assert (done.returncode, done.stderr) == (0, "")
    story = json.loads(done.stdout)
    assert (story["as_expected"], story["failures"]) == (True, [])
    (poll,), rating = story["polls"], story["rating"]
    assert poll["turnout"] == {"present": 79, "issued": 79, "returned": 79}
    assert poll["result"]["adopted"] == ["lighting", "daycare"]
    assert poll["result"]["pass_mark"] == 40
    assert poll["cast_twice"] == rating["handed_in_twice"] == "code-spent"
    assert rating["results"]["water-2021"]["shares"]["satisfied"] == "96.70"
    assert rating["results"]["traffic-2021"]["counts"]["satisfied"] == 89
    assert "illustrative" in poll["note"]
    assert "票决结果的公告" in poll["notice"]["zh-CN"]["title"]
    assert "adopted these 2 livelihood projects" in poll["notice"]["en"]["text"]
    assert set(story["under_implementation"]) == {"lighting", "daycare"}
    assert poll["signed"] == {"count_hash": poll["signed"]["count_hash"], "signed": 3, "of": 3}
    assert poll["record"]["verified"]
    assert poll["record"]["receipts"] == 79
    assert set(story["logs"]) == set(SERVICES)
    assert all(log["verified"] and log["events"] for log in story["logs"].values())
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
@pytest.mark.parametrize("columns", ["80", "100"])
def test_demo_reads_well_in_a_terminal_of_columns(columns):
    done = run("demo", "--no-stay", env={**os.environ, "COLUMNS": columns})
    assert (done.returncode, done.stderr) == (0, "")
    assert max(cell_len(line) for line in done.stdout.splitlines()) <= int(columns)
    for told in ("计票报告单", "通过 adopted", "illustrative", "96.70 %", "intact", "1 record verified"):
        assert told in done.stdout


@pytest.mark.slow
def test_demo_stays_up_until_it_is_asked_to_end_and_leaves_nothing(start_process, tmp_path):
    process = start_process([PIAOJUE, "demo", "--stay"], output=tmp_path / "out" / "log")
    process.wait_for_line("the demonstration.s and ends with it", SECONDS)
    folder = next(tmp_path.glob("piaojue-*"))
    assert suite(folder).get("/ballots/bodies/yongan/polls/projects-2022")["state"] == "declared"
    assert len(descendants(process.pid)) == 1
    assert process.terminate(30, signal.SIGINT) == 0
    assert not folder.exists()


@pytest.mark.slow
def test_suite_of_a_demo_that_is_killed_ends_too(start_process, tmp_path):
    process = start_process([PIAOJUE, "demo", "--stay"], output=tmp_path / "out" / "log")
    process.wait_for_line("the demonstration.s and ends with it", SECONDS)
    folder = next(tmp_path.glob("piaojue-*"))
    at = url(folder)
    (child,) = descendants(process.pid)
    os.kill(process.pid, signal.SIGKILL)
    eventually(lambda: not Path(f"/proc/{child}").exists(), 20, "the suite ends")
    with pytest.raises(RehearsalFailed, match="no suite answers"):
        Suite(at, lambda *_: "").get("/ballots/docs")


def test_file_of_the_demo_can_be_printed_and_rehearsed():
    done = run("demo", "--file")
    assert done.returncode == 0
    assert done.stdout.startswith("# A year of the people's congress of Yong'an")


@pytest.mark.slow
def test_own_suite_keeps_its_data_in_a_folder_that_is_named(tmp_path):
    done = run("rehearse", SMALL, "--data-folder", tmp_path / "kept", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["polls"][0]["result"]["adopted"] == ["lamp"]
    assert {f"{service}.db" for service in SERVICES} <= {each.name for each in (tmp_path / "kept").iterdir()}


@pytest.mark.slow
def test_own_suite_touches_nothing_that_this_shell_is_configured_for(tmp_path):
    configured = {**os.environ, "PIAOJUE_STORE_URL": "postgresql://nobody@127.0.0.1:1/x"}
    done = run("rehearse", SMALL, "--json", env=configured)
    assert done.returncode == 0, done.stderr


def test_rehearsal_in_a_running_suite_leaves_it_running(running):
    status, story, said = rehearsed(running, SMALL, "daxi-a")
    assert (status, said) == (0, "")
    assert story["body"]["id"] == "daxi-a"
    assert story["polls"][0]["result"] == {
        **story["polls"][0]["result"],
        **{"adopted": ["lamp"], "votes": {"lamp": 2, "well": 0}, "blank": 1, "pass_mark": 2},
    }
    assert [each["step"] for each in story["steps"]][-1] == "Logs of events verified"
    assert suite(running).get("/ballots/bodies/daxi-a/polls/p")["state"] == "declared"


def test_rehearsal_of_a_body_that_is_there_changes_nothing_and_says_what_to_do(running, tmp_path):
    assert rehearsed(running, SMALL, "daxi-b")[0] == 0
    more = changed(tmp_path, ("roll: 3", "roll: 5"))
    status, story, said = rehearsed(running, more, "daxi-b")
    assert status == 1
    assert "the body daxi-b is there already" in said
    assert "--as ID" in said
    assert story["as_expected"] is False
    assert suite(running).get("/ballots/bodies/daxi-b", role="clerk")["deputies"] == 3


def test_outcome_that_is_not_expected_is_told_with_1(running, tmp_path):
    file = changed(
        tmp_path,
        ("      - []\n", "      - []\n    expect: {adopted: [well], votes: {lamp: 2}}\n"),
        ("  members: 2\n", "  members: 2\n  expect: {road: {shares: {satisfied: 90.00}}}\n"),
    )
    status, story, said = rehearsed(running, file, "daxi-c")
    assert status == 1
    assert story["failures"] == [
        "polls.p.adopted: expected ['well'], and it is ['lamp']",
        "rating.road.shares.satisfied: expected 90.00, and it is 100.00",
    ]
    assert all(failure in said for failure in story["failures"])


def test_meeting_without_its_quorum_is_told_with_the_rule(running, tmp_path):
    papers = ("      - {times: 2, marks: [lamp]}\n      - []\n", "      - [lamp]\n")
    file = changed(tmp_path, ("present: 3", "present: 1"), papers)
    status, story, said = rehearsed(running, file, "daxi-d")
    assert status == 1
    assert "quorum-not-met" in said
    assert "polls" not in story


def test_tie_goes_to_a_runoff_and_is_announced_as_one(running, tmp_path):
    papers = (
        "      - {times: 2, marks: [lamp]}\n      - []\n",
        "      - {times: 2, marks: [lamp]}\n      - [well]\n      - [well]\n",
    )
    file = changed(tmp_path, ("roll: 3", "roll: 4"), ("present: 3", "present: 4"), papers)
    file.write_text(
        file.read_text().replace("rule: majority, of: deputies, more_than: 1/2", "rule: plurality")
    )
    status, story, _ = rehearsed(running, file, "daxi-e")
    assert status == 0
    assert story["polls"][0]["result"]["tied"] == ["lamp", "well"]
    assert "再次投票" in story["polls"][0]["notice"]["zh-CN"]["text"]
    assert "under_implementation" not in story


def test_token_that_is_not_good_for_all_bodies_is_told_what_the_logs_need(running):
    roles = ("--role", "clerk", "--role", "scrutineer")
    token = run("token", "--data-folder", running, *roles, "--body", "daxi-f").stdout.strip()
    done = run("rehearse", SMALL, "--url", url(running), "--token", token, "--as", "daxi-f")
    assert done.returncode == 1
    assert "--body '*'" in done.stderr
    assert "Rating concluded" in done.stdout


def test_scrutineers_who_sign_need_the_key_and_nothing_has_begun(running, tmp_path):
    line = "    officers: {scrutineers: ['1', '2'], chief: '2'}\n"
    file = changed(tmp_path, ("    papers:\n", f"{line}    papers:\n"))
    roles = ("--role", "clerk", "--role", "scrutineer", "--body", "*")
    token = run("token", "--data-folder", running, *roles).stdout.strip()
    done = run("rehearse", file, "--url", url(running), "--token", token, "--as", "daxi-signed")
    assert done.returncode == 1
    assert "--key FILE" in done.stderr
    status, story, _ = rehearsed(running, file, "daxi-signed")
    assert status == 0
    assert story["polls"][0]["signed"]["of"] == 2


def test_profiles_of_a_running_suite_are_the_ones_that_hold(running):
    known = profiles_of(suite(running))
    assert {"township", "hengyang"} <= set(known)
    assert known["hengyang"].seats["township"].as_text() == "1-3"
    with pytest.raises(RehearsalFailed, match="no suite answers"):
        profiles_of(Suite("http://127.0.0.1:1", lambda *_: ""))


def test_token_that_may_not_close_the_poll_is_told_before_anything_has_begun(running):
    token = run("token", "--data-folder", running, "--role", "clerk", "--body", "*").stdout.strip()
    done = run("rehearse", SMALL, "--url", url(running), "--token", token, "--as", "daxi-clerk")
    assert done.returncode == 1
    assert "This needs a role of: scrutineer. (role-not-allowed" in done.stderr
    assert rehearsed(running, SMALL, "daxi-clerk")[0] == 0


def test_expected_shares_are_compared_as_numbers(running, tmp_path):
    file = tmp_path / "year.yaml"
    expected = "  expect:\n    road: {verdict: satisfied, shares: {satisfied: %s}}\n"
    file.write_text(SMALL.read_text(encoding="utf-8") + expected % "100.0", encoding="utf-8")
    assert rehearsed(running, file, "daxi-share")[0] == 0
    file.write_text(SMALL.read_text(encoding="utf-8") + expected % "99.99", encoding="utf-8")
    status, story, _ = rehearsed(running, file, "daxi-other-share")
    assert (status, story["failures"]) == (
        1,
        ["rating.road.shares.satisfied: expected 99.99, and it is 100.00"],
    )


def test_texts_that_look_like_markup_are_shown_as_they_are(running, tmp_path):
    file = changed(
        tmp_path, ("title: 灯", "title: '灯[/nope][red]:smile:'"), ("title: 路", "title: '[b]路[/i]'")
    )
    done = run("rehearse", file, *there(running), "--as", "daxi-markup")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.count("│ 灯[/nope][red]:smile:") == 2
    assert "│ [b]路[/i]" in done.stdout


def test_data_folder_that_cannot_be_made_is_told(tmp_path):
    (tmp_path / "file").touch()
    for folder, reason in ((tmp_path / "file", "it is no folder"), (tmp_path / "file/in", "Not a directory")):
        done = run("rehearse", SMALL, "--data-folder", folder)
        assert (done.returncode, done.stdout) == (1, "")
        assert done.stderr == f"piaojue: the data folder {folder} cannot be used: {reason}\n"


def test_token_of_another_key_is_refused(running, tmp_path):
    token = run("token", "--data-folder", tmp_path, "--role", "clerk", "--body", "*").stdout.strip()
    done = run("rehearse", SMALL, "--url", url(running), "--token", token)
    assert done.returncode == 1
    assert "token-unknown-key" in done.stderr
    assert "Traceback" not in done.stderr


def test_suite_that_does_not_answer_is_told(running):
    done = run("rehearse", SMALL, "--url", "http://127.0.0.1:1", "--key", running / KEY_FILE)
    assert done.returncode == 1
    assert "http://127.0.0.1:1: no suite answers there" in done.stderr


def test_faulty_file_is_told_by_line_with_2_and_no_suite_is_troubled(tmp_path):
    file = changed(tmp_path, ("roll: 3", "roll: none"), ("marks: [lamp]}", "marks: [lamp], colour: red}"))
    done = run("rehearse", file)
    assert (done.returncode, done.stdout) == (2, "")
    assert f"{file}:4: roll: must be a number" in done.stderr
    assert f"{file}:18: polls.0.papers.0.colour: is not a field here" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--url", "http://127.0.0.1:1"], "needs --token or --key"),
        (["--url", "http://127.0.0.1:1", "--region", "region"], "give one of them"),
        (["--region", "region", "--data-folder", "data"], "not for one that runs"),
        (["--token", "x"], "name it with --url"),
        (["--url", "http://127.0.0.1:1", "--key", "k", "--data-folder", "f"], "--data-folder is for a suite"),
        (["--as", "Daxi"], "--as takes at most 63"),
    ],
)
def test_options_that_do_not_fit_are_refused(arguments, told):
    done = run("rehearse", SMALL, *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert told in " ".join(done.stderr.replace("│", " ").split())


class _Accepting(Suite):
    """A suite that takes everything."""

    def __init__(self):
        super().__init__("http://127.0.0.1:1", lambda *_: "")

    def ask(self, *_, **__):
        return {"accepted": True}


def test_what_must_be_refused_and_is_taken_ends_the_rehearsal():
    year = Year(plan=None, suite=_Accepting(), watcher=None)
    with pytest.raises(RehearsalFailed, match="a code cast twice: accepted, where it must be refused as"):
        year.refused("a code cast twice", "code-spent", lambda: year.suite.post("/ballots/papers", {}))


def test_what_is_refused_otherwise_is_a_failure():
    def refuse():
        raise SuiteRefused(404, "code-unknown", "", "POST /")

    year = Year(plan=None, suite=None, watcher=None)
    assert year.refused("a code cast twice", "code-spent", refuse) == "code-unknown"
    assert year.failures == ["a code cast twice: refused as code-unknown, where code-spent was due"]


class _Told(Suite):
    """A suite whose services all tell this log."""

    def __init__(self, *events):
        super().__init__("http://127.0.0.1:1", lambda *_: "")
        self.events = events

    def log(self, service):
        return iter(self.events)


def _event(sequence, previous):
    return Event(
        id=str(sequence),
        source="/regions/demo/ballots",
        type="piaojue.ballots.poll_closed.v1",
        subject="polls/b/p",
        time="2022-04-01T00:00:00Z",
        sequence=sequence,
        previous_hash=previous,
        data={},
    ).sealed()


def test_log_that_was_altered_is_a_failure():
    first = _event(1, FIRST_PREVIOUS_HASH)
    second = _event(2, first.hash)
    good = Year(plan=None, suite=_Told(first, second), watcher=Silent())
    check_logs(good)
    assert good.failures == []
    assert good.story["logs"]["ballots"] == {"events": 2, "hash": second.hash, "verified": True}
    altered = Year(plan=None, suite=_Told(first, replace(second, subject="polls/b/q")), watcher=Silent())
    check_logs(altered)
    assert altered.failures[1] == "the log of ballots: event 2: it is not what was hashed"
    assert altered.story["logs"]["ballots"]["verified"] is False


def test_waiting_ends_at_its_deadline():
    with pytest.raises(RehearsalFailed, match=r"the list: not within 0\.05 s"):
        until("the list", lambda: None, 0.05)


def test_key_that_is_none_is_told(tmp_path):
    (tmp_path / "key").write_text("no key")
    with pytest.raises(RehearsalFailed, match="is not a signing key"):
        tokens_of(tmp_path / "key")
