"""The files of a region, all thought out before the first one is written; and their writing."""

import json
import os
import secrets
import shutil
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path, PurePosixPath
from typing import Any, Final

import yaml

from chassis.auth import issue_token, jwks, new_key
from piaojue.own_key import JWKS_FILE, KEY_FILE
from piaojue.region import broker, database
from piaojue.region.certificates import Authority
from piaojue.region.plan import Plan, address_of, own_settings

CONFIGURATION: Final = "piaojue.yaml"
TARGETS: Final = "monitoring/targets/piaojue.yml"
TOKEN_LIFETIME: Final = timedelta(days=90)

Files = dict[str, bytes]
"""By path in the folder."""

_HEAD: Final = (
    "# {what}, of the region {region}. Relative paths are relative to this file.\n"
    "# docs/configuration.md explains each setting; a variable PIAOJUE_… goes before what is here.\n"
)


class FolderInUse(Exception):
    """The folder is there already, and is not empty."""


def files_of(plan: Plan, servers: Authority | None = None) -> Files:
    """All files of a new region, with new secrets. ``servers`` signs the certificates of its servers."""
    services = [*plan.sources]
    at_broker = {name: secrets.token_urlsafe(32) for name in [*services, broker.OPERATOR]}
    at_database = {name: secrets.token_urlsafe(32) for name in services}
    users = {plan.user(name): password for name, password in at_broker.items()}
    files: Files = {
        "broker/definitions.json": broker.definitions(plan, users).encode(),
        "broker/rabbitmq.conf": broker.configuration(plan).encode(),
        "database/roles.sql": database.script(plan, at_database).encode(),
        "database/superuser-password": f"{secrets.token_urlsafe(32)}\n".encode(),
        "database/postgresql.conf": database.configuration(plan).encode(),
        **_operator(plan, at_broker[broker.OPERATOR]),
        CONFIGURATION: _whole_region(plan).encode(),
        TARGETS: _targets(plan).encode(),
    }
    for name in services:
        files |= _service(plan, name, at_broker[name], at_database[name], files[f"operator/{JWKS_FILE}"])
    if servers is not None:
        for folder, peer in (("broker", plan.broker), ("database", plan.database)):
            signed = servers.sign(peer.host)
            files |= {f"{folder}/server.pem": signed.certificate, f"{folder}/server-key.pem": signed.key}
    if plan.ca is not None:
        folders = [*services, "operator", "broker", "database"]
        files |= {f"{folder}/ca.pem": plan.ca for folder in folders}
    return files


def _operator(plan: Plan, password: str) -> Files:
    key = new_key()
    token = issue_token(
        key,
        issuer="piaojue",
        audience="piaojue",
        subject="operator",
        roles=["operator"],
        bodies=["*"],
        lifetime=TOKEN_LIFETIME,
    )
    return {
        f"operator/{KEY_FILE}": _pem(key),
        f"operator/{JWKS_FILE}": (json.dumps(jwks(key), indent=2) + "\n").encode(),
        "operator/token": f"{token}\n".encode(),
        "operator/broker-url": f"{broker.url(plan, plan.user(broker.OPERATOR), password)}\n".encode(),
    }


def _pem(key: Any) -> bytes:
    from cryptography.hazmat.primitives import serialization

    pem: bytes = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return pem


def _service(plan: Plan, name: str, at_broker: str, at_database: str, key_set: bytes) -> Files:
    user, own = plan.user(name), own_settings(name)
    files = {
        CONFIGURATION: _configured(f"Settings of {name}", plan, _common(plan, "") | _own(plan, name, "")),
        "broker-url": f"{broker.url(plan, user, at_broker)}\n".encode(),
        "store-url": f"{database.url(plan, user, at_database)}\n".encode(),
        JWKS_FILE: key_set,
    }
    if "code_key" in own:
        files["code-key"] = f"{secrets.token_urlsafe(32)}\n".encode()
    if "record_key" in own:
        files["record-key.pem"] = _pem(new_key())
    return {f"{name}/{file}": content for file, content in files.items()}


def _common(plan: Plan, folder: str) -> dict[str, Any]:
    settings: dict[str, Any] = {
        "region": plan.name,
        "data_folder": "data",
        "jwks": f"{folder}{JWKS_FILE}",
        "migrate": False,
        "log_format": "json",
    }
    if plan.tls:
        settings |= {"broker_ca": f"{folder}ca.pem", "store_ca": f"{folder}ca.pem"}
    return settings


def _own(plan: Plan, name: str, folder: str) -> dict[str, Any]:
    own: dict[str, Any] = {
        "http_address": address_of(name),
        "store_url_file": f"{folder}store-url",
        "broker_url_file": f"{folder}broker-url",
    }
    if "code_key" in own_settings(name):
        own["code_key_file"] = f"{folder}code-key"
    if "record_key" in own_settings(name):
        own["record_key"] = f"{folder}record-key.pem"
    return {name: own}


def _whole_region(plan: Plan) -> str:
    settings = _common(plan, "operator/")
    for name in plan.sources:
        settings |= _own(plan, name, f"{name}/")
    return _configured("Settings of all services, for the operator's commands", plan, settings).decode()


def _targets(plan: Plan) -> str:
    """Prometheus' file of targets: one entry for each process of each service."""
    targets = [
        {"labels": {"service": name, "region": plan.name}, "targets": [address_of(name)]}
        for name in plan.sources
    ]
    head = f"# Where the services of the region {plan.name} answer, for Prometheus: docs/monitoring.md.\n"
    return head + yaml.safe_dump(targets, sort_keys=False)


def _configured(what: str, plan: Plan, settings: Mapping[str, Any]) -> bytes:
    written = yaml.safe_dump(dict(settings), sort_keys=False, allow_unicode=True)
    return (_HEAD.format(what=what, region=plan.name) + written).encode()


def write(files: Files, folder: Path) -> None:
    """Makes the folder, wholly or not at all; nobody but its owner may read what is in it.

    FolderInUse: there is something in it already, and that stays as it is. OSError.
    """
    folder = folder.absolute()
    if not folder.name:
        raise FolderInUse
    folder.parent.mkdir(parents=True, exist_ok=True)
    draft = folder.with_name(f".{folder.name}.{secrets.token_hex(8)}")
    draft.mkdir(mode=0o700)
    try:
        for path, content in files.items():
            _write(draft / PurePosixPath(path), content)
        _sync(draft)
        try:
            draft.rename(folder)  # takes the place of an empty folder, and of no other
        except (FileExistsError, NotADirectoryError) as there:
            raise FolderInUse from there
        except OSError as error:
            if folder.exists() and any(folder.iterdir()):
                raise FolderInUse from error
            raise
        _sync(folder.parent)
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def _write(path: Path, content: bytes) -> None:
    for above in reversed(path.parents):
        if not above.exists():
            above.mkdir(mode=0o700)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    _sync(path.parent)


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
