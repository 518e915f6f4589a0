"""``piaojue region init``: a folder that holds a region's settings and secrets, made once."""

import json
import stat
import subprocess
from base64 import b64decode
from hashlib import sha256
from pathlib import Path

import jwt
import pytest
import yaml
from cryptography import x509

from chassis.auth import load_key
from chassis.auth.keys import public_keys
from chassis.config import load_settings
from piaojue.operating.checks import files
from piaojue.operating.places import place_of
from piaojue.region import broker, plan
from piaojue.region.database import scram
from tests.support.deployed import PIAOJUE, piaojue, plain
from tests.support.region import SERVICES


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("made") / "region"
    piaojue(
        "region", "init", "yongan", "--folder", folder, "--tls", "--broker", "mq.example", "--database", "db"
    )
    return folder


def init(*words):
    return subprocess.run(
        [PIAOJUE, "region", "init", *words], capture_output=True, text=True, timeout=60, env=plain()
    )


def settings_of(service, file, **variables):
    own = __import__(f"{service}.plugins", fromlist=["SETTINGS"]).SETTINGS
    return load_settings(service, own, file=file, environ=variables)


def test_nobody_but_the_owner_may_read_anything_of_it(made):
    for path in (made, *made.rglob("*")):
        mode = stat.S_IMODE(path.stat().st_mode)
        assert mode == (0o700 if path.is_dir() else 0o600), path


@pytest.mark.parametrize("service", SERVICES)
def test_each_service_finds_its_settings_and_secrets_wherever_the_folder_is(made, service, tmp_path):
    elsewhere = tmp_path / "etc"
    elsewhere.symlink_to(made)
    for file in (
        made / service / "piaojue.yaml",
        elsewhere / service / "piaojue.yaml",
        made / "piaojue.yaml",
    ):
        settings = settings_of(service, file)
        assert settings.region == "yongan"
        assert settings.store_url.startswith(f"postgresql://yongan-{service}:")
        assert settings.store_url.endswith(f"@db:5432/yongan-{service}")
        assert settings.broker_url.startswith(f"amqps://yongan-{service}:")
        assert settings.broker_url.endswith("@mq.example:5671/yongan")
        assert settings.migrate is False
        assert settings.broker_ca.read_bytes() == settings.store_ca.read_bytes()
        assert public_keys(Path(settings.jwks).read_bytes())


def test_a_service_has_no_secret_of_another(made):
    secrets = {}
    for service in SERVICES:
        for path in (made / service).iterdir():
            if path.name not in ("piaojue.yaml", "jwks.json", "ca.pem"):
                secrets.setdefault(path.read_bytes(), []).append(path)
    assert all(len(paths) == 1 for paths in secrets.values())
    assert load_key(made / "ballots/record-key.pem")
    assert (made / "ballots/code-key").exists()
    assert not (made / "proposals/code-key").exists()


def test_the_token_and_the_key_are_good_for_the_services(made):
    keys = public_keys((made / "ballots/jwks.json").read_bytes())
    token = (made / "operator/token").read_text().strip()
    claims = jwt.decode(token, next(iter(keys.values())), ["EdDSA"], audience="piaojue", issuer="piaojue")
    assert claims["roles"] == ["operator"]
    asked = ("token", "--role", "clerk", "--body", "yongan")
    another = piaojue(*asked, "--data-folder", made / "operator").strip()
    assert jwt.decode(another, next(iter(keys.values())), ["EdDSA"], audience="piaojue")["roles"] == ["clerk"]


def test_a_token_is_signed_with_the_regions_key_once_its_settings_are_named(made):
    keys = public_keys((made / "operator/jwks.json").read_bytes())
    asked = ("token", "--role", "clerk", "--body", "yongan")
    token = piaojue(*asked, env={"PIAOJUE_CONFIG": str(made / "piaojue.yaml")}).strip()
    assert jwt.decode(token, next(iter(keys.values())), ["EdDSA"], audience="piaojue")["roles"] == ["clerk"]
    assert not (made / "data").exists()


def test_prometheus_finds_each_service_where_it_is_configured_to_answer(made):
    targets = yaml.safe_load((made / "monitoring/targets/piaojue.yml").read_text())
    assert [each["labels"] for each in targets] == [
        {"service": service, "region": "yongan"} for service in SERVICES
    ]
    for service, each in zip(SERVICES, targets, strict=True):
        settings = settings_of(service, made / service / "piaojue.yaml")
        assert each["targets"] == [str(settings.http_address)]


def test_files_with_secrets_are_known_to_the_doctor_wherever_it_is_called_from(made):
    place = place_of("ballots", made / "piaojue.yaml", None)
    known = files.secret_files([place], made)
    own = {f"ballots/{name}" for name in ("store-url", "broker-url", "code-key", "record-key.pem")}
    operators = {f"operator/{name}" for name in ("signing-key.pem", "token", "broker-url")}
    assert {str(file.relative_to(made)) for file in known} == own | operators


def test_broker_and_database_get_no_password_in_the_clear(made):
    told = "".join(
        path.read_text() for folder in ("broker", "database") for path in (made / folder).iterdir()
    )
    for service in SERVICES:
        for file in ("broker-url", "store-url"):
            password = (made / service / file).read_text().split("@")[0].rpartition(":")[2]
            assert len(password) > 30
            assert password not in told


def test_hashes_of_passwords_are_salted_and_of_the_form_that_the_servers_know():
    salted = b64decode(broker.password_hash("geheim", b"salt"))
    assert salted == b"salt" + sha256(b"saltgeheim").digest()
    assert broker.password_hash("geheim") != broker.password_hash("geheim")
    # RFC 7677's example, in PostgreSQL's form
    known = scram("pencil", b64decode("W22ZaJ0SNY7soEsUEjb6gQ=="))
    assert known == (
        "SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY="
        ":wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU="
    )


def test_certificates_are_for_the_hosts_and_signed_by_the_ca_whose_key_is_gone(made):
    ca = x509.load_pem_x509_certificate((made / "ballots/ca.pem").read_bytes())
    for folder, host in (("broker", "mq.example"), ("database", "db")):
        certificate = x509.load_pem_x509_certificate((made / folder / "server.pem").read_bytes())
        certificate.verify_directly_issued_by(ca)
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        assert names.get_values_for_type(x509.DNSName) == [host]
        assert ca.public_key() != certificate.public_key()
    keys = [path for path in made.rglob("*") if path.is_file() and b"PRIVATE KEY" in path.read_bytes()]
    assert {str(path.relative_to(made)) for path in keys} == {
        *("broker/server-key.pem", "database/server-key.pem"),
        *("ballots/record-key.pem", "operator/signing-key.pem"),
    }


def test_definitions_know_every_exchange_and_queue_that_a_right_is_for(made):
    told = json.loads((made / "broker/definitions.json").read_text())
    names = {each["name"] for kind in ("exchanges", "queues") for each in told[kind]}
    for permission in told["permissions"]:
        for pattern in (permission[right] for right in ("configure", "write", "read")):
            assert (pattern[0], pattern[-1]) == ("^", "$")
    assert names == {
        f"{service}.{what}"
        for service in SERVICES
        for what in ("events", "pages.questions", "answers", "pages")
    } | {f"{service}.inbox" for service in SERVICES}
    assert len(told["users"]) == len(told["permissions"]) == len(SERVICES) + 1


def test_sources_are_those_whose_events_are_handled():
    sources = plan.sources_of_all()
    assert set(sources["notifications"]) == {"proposals", "ballots", "ratings"}
    assert "notifications" not in {each for service in sources for each in sources[service]}


def test_dry_run_tells_every_file_and_makes_none(tmp_path):
    told = piaojue("region", "init", "yongan", "--folder", tmp_path / "region", "--dry-run").split()
    assert list(tmp_path.iterdir()) == []
    piaojue("region", "init", "yongan", "--folder", tmp_path / "region")
    assert sorted(told) == sorted(str(path) for path in (tmp_path / "region").rglob("*") if path.is_file())


def test_what_is_there_already_is_never_touched(made, tmp_path):
    before = {path: path.read_bytes() for path in made.rglob("*") if path.is_file()}
    done = init("yongan", "--folder", str(made))
    assert done.returncode == 1
    assert "stays as it is" in done.stderr
    assert before == {path: path.read_bytes() for path in made.rglob("*") if path.is_file()}
    file = tmp_path / "file"
    file.write_text("mine")
    assert init("yongan", "--folder", str(file)).returncode == 1
    assert file.read_text() == "mine"
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_the_top_of_the_file_system_is_no_folder_for_a_region():
    done = init("yongan", "--folder", "/")
    assert (done.returncode, "stays as it is" in done.stderr) == (1, True)


def test_an_empty_folder_is_taken(tmp_path):
    folder = tmp_path / "region"
    folder.mkdir()
    piaojue("region", "init", "yongan", "--folder", folder)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert yaml.safe_load((folder / "piaojue.yaml").read_text())["region"] == "yongan"
    assert not list(folder.rglob("ca.pem"))


@pytest.mark.parametrize(
    "words",
    [
        ["Yong'an"],
        ["y" * 41],
        ["yongan", "--broker", "amqp://user:password@host"],
        ["yongan", "--database", "host:port"],
        ["yongan", "--database", "host:70000"],
        ["yongan", "--broker", ""],
        ["yongan", "--broker", "mq..example"],
        ["yongan", "--broker", "-mq.example"],
        ["yongan", "--broker", "m" * 64],
        ["yongan", "--broker", ".".join(["mq"] * 85)],
        ["yongan", "--broker", "999.1.1.1"],
        ["yongan", "--broker", "::1"],
        ["yongan", "--broker", "[1.2:3]"],
        ["yongan", "--tls", "--tls-ca", "ca.pem"],
        ["yongan", "--tls-ca", "/none"],
    ],
)
def test_what_cannot_be_a_region_is_refused_with_2(tmp_path, words):
    done = init(*words, "--folder", str(tmp_path / "region"))
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "region").exists()


@pytest.mark.parametrize("host", ["[fe80::1]", "10.0.0.4", "rabbit_mq", "MQ-1.example.org", "m" * 63])
def test_hosts_are_addresses_and_names(tmp_path, host):
    piaojue("region", "init", "yongan", "--folder", tmp_path / "region", "--broker", host, "--tls")
    assert f"@{host}:5671/yongan" in (tmp_path / "region/ballots/broker-url").read_text()


def test_a_ca_of_ones_own_is_given_to_all_and_certificates_are_not_made(made, tmp_path):
    ca = made / "ballots/ca.pem"
    piaojue("region", "init", "yongan", "--folder", tmp_path / "region", "--tls-ca", ca)
    assert (tmp_path / "region/ratings/ca.pem").read_bytes() == ca.read_bytes()
    assert not (tmp_path / "region/broker/server.pem").exists()
    assert (tmp_path / "region/ballots/broker-url").read_text().startswith("amqps://")


def test_a_place_where_nothing_can_be_made_is_told_with_1(tmp_path):
    (tmp_path / "file").write_text("mine")
    done = init("yongan", "--folder", str(tmp_path / "file/region"))
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
