"""``piaojue doctor`` of an embedded suite: each fault is found, named and given its cure."""

import json
import os
import socket
import sqlite3
import ssl
import stat
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from threading import Event, Thread

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from chassis.clock import now
from chassis.store.audit import Action, note
from piaojue.operating import doctor
from piaojue.operating.checks.finding import ERROR, OK, WARNING, Finding
from piaojue.operating.checks.processes import peers
from piaojue.operating.checks.stores import skew
from piaojue.operating.places import place_of
from piaojue.own_key import own_key
from tests.command.stores import as_json, command
from tests.command.suites import up

NOT_ASKED = {"disk", "clock"}
"""They are of the machine that runs the tests."""


def found(folder, *words, level=None):
    told = as_json("doctor", *words, folder=folder)["findings"]
    return [
        each for each in told if each["check"] not in NOT_ASKED and each["level"] == (level or each["level"])
    ]


def only(folder, check, level=ERROR):
    """The one finding of a check and level."""
    (finding,) = [each for each in found(folder, "--only", check) if each["level"] == level]
    return finding


def change(stores, service, statement):
    with sqlite3.connect(stores.folder / f"{service}.db") as connection:
        connection.execute(statement)
    connection.close()


def test_a_running_suite_is_well(start_process, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    process = up(start_process, tmp_path / "data")
    assert {each["level"] for each in found(tmp_path / "data")} == {OK}
    run = command("doctor", "--only", "process", "--only", "database", folder=tmp_path / "data")
    assert (run.exit_code, run.stdout.splitlines()[-1]) == (0, "8 ok")
    quiet = command("doctor", "--only", "process", "--quiet", folder=tmp_path / "data")
    assert quiet.stdout == "4 ok\n"
    assert process.terminate(30) == 0


def test_where_there_is_nothing_every_check_says_so_and_makes_nothing(tmp_path, monkeypatch):
    monkeypatch.setenv("PIAOJUE_HTTP_ADDRESS", "127.0.0.1:1")
    run = command("doctor", folder=tmp_path / "none")
    assert run.exit_code == 2
    assert "Traceback" not in run.output
    assert not (tmp_path / "none").exists()
    errors = found(tmp_path / "none", level=ERROR)
    assert {each["check"] for each in errors} == {"process", "database", "keys"}
    assert all(each["cure"] for each in errors)


def test_every_fault_of_the_configuration_is_a_finding(stores, monkeypatch):
    monkeypatch.setenv("PIAOJUE_WORKERS", "many")
    monkeypatch.setenv("PIAOJUE_BALLOTS_COLOUR", "red")
    errors = found(stores.folder, "--only", "configuration", level=ERROR)
    assert len(errors) == 5
    assert any("PIAOJUE_BALLOTS_COLOUR" in each["what"] for each in errors)
    assert command("doctor", folder=stores.folder).exit_code == 2


def test_what_is_parked_is_an_error_with_the_command_that_lists_it(stores):
    stores.parked("notifications", stores.told("ballots"))
    finding = only(stores.folder, "inbox")
    assert "parked" in finding["what"]
    assert finding["cure"] == "piaojue dead-letters list --service notifications"


def test_events_that_nobody_handles_are_told_by_their_age(stores):
    stores.parked("notifications", stores.told("ballots"))
    change(stores, "notifications", "UPDATE inbox SET state = 'waiting', next_try_at = '2022-04-16 01:30:00'")
    finding = only(stores.folder, "inbox")
    assert "nobody handles them" in finding["what"]


def test_events_that_are_not_published_are_told_by_their_age(stores):
    stores.told("ballots")
    change(stores, "ballots", "UPDATE relay_state SET published = 1")
    finding = only(stores.folder, "outbox", WARNING)
    assert "no process leads its relay" in finding["what"]
    change(stores, "ballots", 'UPDATE event_log SET body = replace(body, \'"time":"20\', \'"time":"19\')')
    assert "the oldest for" in only(stores.folder, "outbox")["what"]


@pytest.mark.parametrize(
    ("values", "told"),
    [("sequence = 99", "the log does not have it"), ("forked = 'set back'", "it follows no more: set back")],
)
def test_a_consumer_that_does_not_fit_its_source_is_an_error(stores, values, told):
    stores.taken("proposals", stores.told("ballots"))
    change(stores, "proposals", f"UPDATE inbox_cursor SET {values}")
    finding = only(stores.folder, "sequence")
    assert finding["about"] == "proposals of ballots"
    assert told in finding["what"]
    assert "piaojue events verify" in finding["cure"]


def test_a_consumer_that_is_behind_for_long_is_an_error_also_when_it_never_heard_anything(stores):
    stores.told("ballots")
    change(stores, "ballots", 'UPDATE event_log SET body = replace(body, \'"time":"20\', \'"time":"19\')')
    errors = found(stores.folder, "--only", "sequence", level=ERROR)
    assert {each["about"] for each in errors} == {"proposals of ballots", "notifications of ballots"}
    assert all("behind, for" in each["what"] for each in errors)


def test_a_log_whose_end_was_altered_is_an_error(stores):
    stores.told("ballots")
    change(stores, "ballots", "UPDATE event_log SET subject = 'other' WHERE sequence = 2")
    assert "event 2" in only(stores.folder, "chain")["what"]


def test_an_audit_that_was_altered_is_an_error(stores):
    with stores.places["ballots"].store.begin() as transaction:
        note(transaction, Action(now(), "someone", None, "restore", "ballots", None))
    change(stores, "ballots", "DROP TRIGGER operator_actions_no_update")
    change(stores, "ballots", "UPDATE operator_actions SET body = '{}'")
    assert "the audit: entry 1" in only(stores.folder, "chain")["what"]


def test_tables_of_an_older_release_are_told_with_the_command_that_migrates(stores):
    change(stores, "ballots", "UPDATE alembic_version SET version_num = '0001'")
    finding = only(stores.folder, "database")
    assert "0001" in finding["what"]
    assert finding["cure"] == "piaojue migrate ballots"


def test_a_file_that_is_no_database_is_an_error_of_its_own(stores):
    (stores.folder / "ratings.db").write_bytes(b"not a database at all, of some length" * 40)
    run = command("doctor", folder=stores.folder)
    assert run.exit_code == 2
    assert "ratings: could not be checked: DatabaseError" in run.stdout


@pytest.mark.parametrize(
    ("name", "mode", "level"),
    [
        ("signing-key.pem", 0o644, ERROR),
        ("ballots-code_key", 0o604, ERROR),
        ("ballots-code_key", 0o660, WARNING),
    ],
)
def test_a_secret_that_others_can_use_is_told_with_its_cure(stores, name, mode, level):
    (stores.folder / name).touch()
    (stores.folder / name).chmod(mode)
    finding = only(stores.folder, "secrets", level)
    assert finding["about"] == str(stores.folder / name)
    os.system(finding["cure"])
    assert stat.S_IMODE((stores.folder / name).stat().st_mode) & 0o027 == 0
    assert {each["level"] for each in found(stores.folder, "--only", "secrets")} == {OK}


def test_a_secret_that_its_group_may_read_is_well(stores):
    (stores.folder / "ballots-code_key").touch()
    (stores.folder / "ballots-code_key").chmod(0o440)
    assert {each["level"] for each in found(stores.folder, "--only", "secrets")} == {OK}


@pytest.mark.parametrize("how", ["file of settings", "file of a secret"])
def test_files_that_settings_name_are_among_the_secrets(stores, tmp_path, monkeypatch, how):
    if how == "file of settings":
        secret = tmp_path / "region.yaml"
        secret.write_text("ballots:\n  code_key: sixteen-or-more-letters\n")
        monkeypatch.setenv("PIAOJUE_CONFIG", str(secret))
    else:
        secret = tmp_path / "code-key"
        secret.write_text("sixteen-or-more-letters")
        monkeypatch.setenv("PIAOJUE_BALLOTS_CODE_KEY_FILE", str(secret))
    secret.chmod(0o644)
    assert only(stores.folder, "secrets")["about"] == str(secret)


def test_a_key_set_without_the_own_key_is_told_and_cured(stores):
    own_key(stores.folder)
    assert {each["level"] for each in found(stores.folder, "--only", "keys")} == {OK}
    (stores.folder / "jwks.json").write_text(json.dumps({"keys": []}))
    errors = found(stores.folder, "--only", "keys", level=ERROR)
    assert [each["about"] for each in errors] == [
        str(stores.folder / "jwks.json"),
        str(stores.folder / "signing-key.pem"),
    ]
    token = command("token", "--role", "operator", "--body", "*", folder=stores.folder)
    assert token.exit_code == 0
    assert {each["level"] for each in found(stores.folder, "--only", "keys")} == {OK}


def test_a_key_that_is_none_is_an_error(stores):
    own_key(stores.folder)
    (stores.folder / "signing-key.pem").write_text("no key")
    assert "it is no signing key" in only(stores.folder, "keys")["what"]


def signed(days):
    """A key, and a certificate of its own that ends in so many days, both in PEM."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    end = datetime.now(UTC) + timedelta(days=days)
    made = x509.CertificateBuilder(name, name, key.public_key(), 1, end - timedelta(days=400), end)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return private, made.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


def certificate(days):
    return signed(days)[1]


@contextmanager
def showing(folder, days, *, postgresql=False):
    """The port of a server that shows such a certificate to the first who asks."""
    private, public = signed(days)
    (folder / "server.pem").write_bytes(private + public)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "server.pem")

    def serve():
        connection, _ = listening.accept()
        connection.settimeout(20)
        if postgresql:
            assert connection.recv(8)[-4:] == (80877103).to_bytes(4, "big")
            connection.sendall(b"S")
        with suppress(OSError), context.wrap_socket(connection, server_side=True) as wrapped:
            wrapped.recv(1)

    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.settimeout(20)
        serving = Thread(target=serve, daemon=True)
        serving.start()
        yield listening.getsockname()[1]
        serving.join(20)


@pytest.mark.parametrize(("days", "level"), [(-5, ERROR), (20, WARNING), (90, OK)])
def test_the_end_of_a_brokers_certificate_is_told_whoever_has_signed_it(
    stores, tmp_path, monkeypatch, days, level
):
    with showing(tmp_path, days) as port:
        monkeypatch.setenv("PIAOJUE_BROKER_URL", f"amqps://someone:secret@127.0.0.1:{port}/here")
        (finding,) = peers([place_of("ballots", None, stores.folder)])
    assert (finding.level, finding.about) == (level, "broker 127.0.0.1")


def test_the_end_of_a_databases_certificate_is_told(stores, tmp_path, monkeypatch):
    with showing(tmp_path, 20, postgresql=True) as port:
        (tmp_path / "ca.pem").write_bytes(certificate(90))
        monkeypatch.setenv("PIAOJUE_STORE_CA", str(tmp_path / "ca.pem"))
        monkeypatch.setenv("PIAOJUE_STORE_URL", f"postgresql://someone:secret@127.0.0.1:{port}/ballots")
        (finding,) = peers([place_of("ballots", None, stores.folder)])
    assert (finding.level, finding.about) == (WARNING, "database of ballots")


@pytest.mark.parametrize(
    ("days", "level", "told"),
    [(-1, ERROR, "ended on"), (2, ERROR, "ends on"), (20, WARNING, "ends on"), (200, OK, "ends on")],
)
def test_a_certificate_is_told_of_before_it_ends(stores, tmp_path, monkeypatch, days, level, told):
    (tmp_path / "ca.pem").write_bytes(certificate(300) + certificate(days))
    monkeypatch.setenv("PIAOJUE_BROKER_CA", str(tmp_path / "ca.pem"))
    finding = only(stores.folder, "certificates", level)
    assert told in finding["what"]
    assert bool(finding["cure"]) is (level != OK)


@pytest.mark.parametrize(
    ("seconds", "uncertainty", "level"),
    [(0.5, 0, OK), (-5, 0, WARNING), (5, 4.5, OK), (60, 1, ERROR), (-60, 1, ERROR)],
)
def test_a_clock_is_judged_by_how_far_it_is_off_for_certain(seconds, uncertainty, level):
    assert skew("clock", "broker", seconds, uncertainty).level == level


def test_a_check_that_hangs_or_breaks_keeps_no_other_from_being_told(stores, monkeypatch):
    from piaojue.operating.checks import stores as checks

    never = Event()
    monkeypatch.setattr(checks, "outbox", lambda place: never.wait(60))
    monkeypatch.setattr(checks, "inbox", lambda place: 1 // 0)
    told = found(stores.folder, "--seconds", 3)
    never.set()
    kinds = {(each["check"], each["what"]) for each in told}
    assert ("outbox", "could not be checked: no answer within 3 s") in kinds
    assert ("inbox", "could not be checked: ZeroDivisionError") in kinds
    assert {each["level"] for each in told if each["check"] == "database"} == {OK}


def test_cures_come_in_the_order_in_which_they_help():
    told = [
        Finding(ERROR, "process", "ballots", "nobody answers", "start it"),
        Finding(ERROR, "queues", "ballots.inbox", "nobody takes from it", "start it"),
        Finding(ERROR, "process", "ratings", "nobody answers", "start it"),
        Finding(ERROR, "database", "ballots", "cannot be reached", "start the server"),
        Finding(ERROR, "broker", "ballots", "cannot be reached", "start the broker"),
        Finding(WARNING, "process", "proposals", "the broker is away", "look"),
        Finding(ERROR, "broker", "proposals", "cannot be reached", "start the broker"),
        Finding(OK, "process", "notifications", "answers"),
    ]
    assert [each.cure for each in doctor._causes_first(told)] == [
        *("the database first", "the database first", "start it", "start the server"),
        *("start the broker", "the broker first", "start the broker", None),
    ]
    assert doctor.CHECKS.index("database") < doctor.CHECKS.index("broker") < doctor.CHECKS.index("process")


def test_it_looks_again_until_all_is_well_or_the_time_is_over(stores, monkeypatch):
    looks = []

    def mended(checks, seconds):
        looks.append(seconds)
        return [Finding(OK if len(looks) == 3 else ERROR, "broker", "ballots", "told", "start it")]

    monkeypatch.setattr(doctor, "_findings", mended)
    monkeypatch.setattr(doctor, "PAUSE", 0.01)
    only_broker = ("doctor", "--only", "broker", "--wait")
    assert command(*only_broker, "60", folder=stores.folder).exit_code == 0
    assert len(looks) == 3
    assert command(*only_broker, "0", folder=stores.folder).exit_code == 2
    assert len(looks) == 4
    assert command(*only_broker, "0.1", folder=stores.folder).exit_code == 2
    assert len(looks) > 5


def test_a_password_on_the_command_line_is_refused(stores):
    url = "http://someone:secret@127.0.0.1:15672"
    run = command("doctor", "--management-url", url, folder=stores.folder)
    assert run.exit_code == 2
    assert "RABBITMQ_MANAGEMENT_URL" in run.stderr
    assert "secret" not in run.output


def test_a_check_that_does_not_exist_is_refused(stores):
    run = command("doctor", "--only", "weather", folder=stores.folder)
    assert run.exit_code == 2
    assert "configuration" in run.stderr
    assert doctor.CHECKS[0] == "configuration"
