"""Each service can be installed without the others, and starts and answers."""

import json
import subprocess

import pytest

from chassis.auth import jwks, new_key
from tests.support.environments import environment
from tests.support.processes import Process
from tests.support.region import SERVICES
from tests.support.servers import free_ports

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_starts_and_answers_where_no_other_is_installed(service, tmp_path):
    members = ["libs/contracts", "libs/chassis", "libs/verify", f"services/{service}", "deploy"]
    python = environment(tmp_path / "alone", members=members)
    for other in set(SERVICES) - {service}:
        missing = subprocess.run([python, "-c", f"import {other}"], capture_output=True, timeout=60)
        assert missing.returncode != 0
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "jwks.json").write_text(json.dumps(jwks(new_key())))
    (port,) = free_ports(1)
    environ = {"PIAOJUE_DATA_FOLDER": str(tmp_path / "data"), "PIAOJUE_HTTP_ADDRESS": f"127.0.0.1:{port}"}
    command = [str(python.parent / "piaojue"), "run", service]
    process = Process(command, output=tmp_path / "service.log", env=environ)
    try:
        process.wait_for_http(f"http://127.0.0.1:{port}/{service}/health/ready", 60)
        process.wait_for_http(f"http://127.0.0.1:{port}/{service}/openapi.json", 60)
        assert process.terminate() == 0
    finally:
        process.kill()
