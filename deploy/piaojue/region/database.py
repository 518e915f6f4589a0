"""What the database server is to have: a role and a database for each service, which reaches no other one."""

import hashlib
import hmac
import secrets
from base64 import b64encode
from collections.abc import Mapping
from typing import Final
from urllib.parse import quote

from piaojue.region.plan import Plan

FILES_AT: Final = "/etc/piaojue/database"
"""Where the folder is for the database server, in a container as on a machine."""
UNLOGGED: Final = {
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
    "log_statement": "none",
    "log_min_duration_statement": "-1",
}
"""Settings of PostgreSQL with which it logs nothing of what a role says."""
_ITERATIONS: Final = 4096

_HEAD: Final = (
    "-- Roles and databases of the region {region}, for psql, as a superuser of the server. It may be run\n"
    "-- again. The passwords are here as verifiers only.\n"
    "\\set ON_ERROR_STOP on\n"
)

_SERVICE: Final = """
SELECT 'CREATE ROLE "{name}"' WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{name}') \\gexec
ALTER ROLE "{name}" LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION PASSWORD '{verifier}';
-- Where a statement fails, on a full disk for one, the server would log it: with papers, and when they came.
{unlogged}
SELECT 'CREATE DATABASE "{name}" OWNER "{name}" ENCODING ''UTF8'' TEMPLATE template0'
  WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = '{name}') \\gexec
ALTER DATABASE "{name}" OWNER TO "{name}";
REVOKE ALL ON DATABASE "{name}" FROM PUBLIC;
"""


def url(plan: Plan, user: str, password: str) -> str:
    """Where a service finds its database."""
    named = quote(user, safe="")
    return f"postgresql://{named}:{quote(password, safe='')}@{plan.database}/{named}"


def script(plan: Plan, passwords: Mapping[str, str]) -> str:
    """For psql. Idempotent; passwords are by service."""
    services = [_of(plan.user(service), password) for service, password in passwords.items()]
    return _HEAD.format(region=plan.name) + "".join(services)


def _of(name: str, password: str) -> str:
    unlogged = (f"ALTER ROLE \"{name}\" SET {setting} = '{value}';" for setting, value in UNLOGGED.items())
    return _SERVICE.format(name=name, verifier=scram(password), unlogged="\n".join(unlogged))


def scram(password: str, salt: bytes | None = None) -> str:
    """As PostgreSQL keeps a password (RFC 5803): nobody can log in with what can be read here."""
    salt = secrets.token_bytes(16) if salt is None else salt
    salted = hashlib.pbkdf2_hmac("sha256", password.encode(), salt, _ITERATIONS)
    client = hmac.digest(salted, b"Client Key", "sha256")
    server = hmac.digest(salted, b"Server Key", "sha256")
    stored = hashlib.sha256(client).digest()
    keys = ":".join(b64encode(key).decode() for key in (stored, server))
    return f"SCRAM-SHA-256${_ITERATIONS}:{b64encode(salt).decode()}${keys}"


def configuration(plan: Plan) -> str:
    """Settings of the server, as its only file of settings, or included by it."""
    lines = [
        "listen_addresses = '*'",
        f"port = {plan.database.port}",
        "max_connections = 200",
        "password_encryption = 'scram-sha-256'",
        "lc_messages = 'C'",  # the services know from them why they are refused
    ]
    if plan.tls:
        lines += [
            "ssl = on",
            f"ssl_cert_file = '{FILES_AT}/server.pem'",
            f"ssl_key_file = '{FILES_AT}/server-key.pem'",
            "ssl_min_protocol_version = 'TLSv1.2'",
        ]
    return "\n".join(lines) + "\n"
