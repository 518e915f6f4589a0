"""The files by which a region is deployed: of the form that their schemas have, and as closed as they say."""

import re
import subprocess
import sys
from importlib import import_module
from inspect import getmembers, isclass
from pathlib import Path

import pytest
import yaml

from chassis.http import INTERNAL, routes
from chassis.service import Service
from chassis.service.running import SPARE_SECONDS
from tests.support.deployed import piaojue
from tests.support.manifests import (
    COMPOSE,
    DEPLOY,
    KUBERNETES,
    SYSTEMD,
    by_compose,
    by_kubernetes,
    by_systemd,
    composed,
    kubernetes,
    unit,
)
from tests.support.region import SERVICES

BIN = Path(sys.executable).parent
OVERLAY = DEPLOY / "kubernetes/overlays/example"
UNITS = ("piaojue@.service", "piaojue-migrate.service", "piaojue.target")
LONGEST_STOP = 2 * 10 + SPARE_SECONDS
"""With the setting ``drain`` as it is by default."""
EXPOSED_AT_MOST = 2.0
"""Of systemd's measure, from 0 (closed) to 10."""


def run(*words):
    return subprocess.run(words, capture_output=True, text=True, timeout=120)


def workloads():
    """Every Deployment and Job of ours."""
    for file in sorted(KUBERNETES.glob("*.yaml")):
        for each in yaml.safe_load_all(file.read_text()):
            if each["kind"] in ("Deployment", "Job"):
                yield pytest.param(each, id=f"{each['kind']}-{each['metadata']['name']}")


def test_compose_is_what_its_schema_says():
    done = run(BIN / "check-jsonschema", "--builtin-schema", "vendor.compose-spec", COMPOSE)
    assert done.returncode == 0, done.stdout + done.stderr


def test_manifests_are_what_kubernetes_knows():
    files = [file for file in sorted(KUBERNETES.glob("*.yaml")) if file.name != "kustomization.yaml"]
    done = run(
        BIN / "kubernetes-validate", "--strict", *files, DEPLOY / "kubernetes/overlays/example/namespace.yaml"
    )
    said = done.stdout + done.stderr
    assert done.returncode == 0, said
    assert said.count(" passed for resource ") >= 20
    unknown = set(re.findall(r"find schema for kind (\w+)", said))
    assert unknown == {"Cluster", "RabbitmqCluster"}, "those of the operators, and no others"


@pytest.mark.parametrize("folder", ["base", "overlays/example"])
def test_a_kustomization_names_every_file_and_every_file_is_there(folder):
    folder = DEPLOY / "kubernetes" / folder
    told = yaml.safe_load((folder / "kustomization.yaml").read_text())
    for resource in told["resources"]:
        assert (folder / resource).exists(), resource
    files = {file.name for file in folder.glob("*.yaml")} - {"kustomization.yaml"}
    assert files <= set(told["resources"])


def test_the_overlay_takes_all_that_a_service_needs_from_the_folder_that_init_makes(tmp_path):
    told = yaml.safe_load((DEPLOY / "kubernetes/overlays/example/kustomization.yaml").read_text())
    words = re.search(
        r"piaojue (region init .+)", (DEPLOY / "kubernetes/overlays/example/kustomization.yaml").read_text()
    )
    piaojue(*words[1].replace("--folder region", f"--folder {tmp_path / 'region'}").split())
    given = {secret["name"]: secret["files"] for secret in told["secretGenerator"]}
    for files in given.values():
        for file in files:
            assert (tmp_path / file.rpartition("=")[2]).is_file(), file
    for service in SERVICES:
        made = {f"region/{service}/{path.name}" for path in (tmp_path / "region" / service).iterdir()}
        assert set(given[service]) == made


@pytest.mark.parametrize("workload", [*workloads()])
def test_a_pod_may_do_nothing_that_it_does_not_need(workload):
    pod = workload["spec"]["template"]["spec"]
    assert pod["automountServiceAccountToken"] is False
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["seccompProfile"]["type"] == "RuntimeDefault"
    for container in pod["containers"]:
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }
        assert container["resources"]["limits"]["memory"]


@pytest.mark.parametrize("service", SERVICES)
def test_services_are_deployed_alike(service):
    assert (KUBERNETES / f"{service}.yaml").read_text() == (KUBERNETES / "ballots.yaml").read_text().replace(
        "ballots", service
    )


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_is_run_by_the_same_command_wherever_it_is(service):
    ways = [by_compose(service), by_kubernetes(service), by_systemd("piaojue@.service", service)]
    assert [each.words for each in ways] == [["run", service]] * 3


def test_each_gives_a_service_the_time_to_stop():
    assert all(
        seconds >= LONGEST_STOP
        for seconds in (
            int(composed()["services"]["ballots"]["stop_grace_period"].rstrip("s")),
            kubernetes("ballots.yaml", "Deployment", "ballots")["spec"]["template"]["spec"][
                "terminationGracePeriodSeconds"
            ]
            - 5,
            int(unit("piaojue@.service")["TimeoutStopSec"][0]),
        )
    )


def test_our_containers_are_closed():
    for name in ("migrate", *SERVICES):
        told = composed()["services"][name]
        assert told["read_only"] is True
        assert told["cap_drop"] == ["ALL"]
        assert told["user"] == "10001:10001"
        assert told["security_opt"] == ["no-new-privileges:true"]
    dockerfile = (DEPLOY / "container/Dockerfile").read_text()
    assert re.search(r"^USER 10001:10001$", dockerfile, re.MULTILINE)
    assert composed()["networks"]["inside"]["internal"] is True


def test_of_all_containers_the_proxy_alone_is_seen_from_outside():
    seen = {name: told["ports"] for name, told in composed()["services"].items() if "ports" in told}
    assert set(seen) == {"proxy", "grafana"}
    assert all(port.startswith("127.0.0.1:") for port in seen["grafana"])


def test_compose_mounts_what_is_there(tmp_path):
    piaojue("region", "init", "yongan", "--folder", tmp_path / "region", "--tls")
    for name, told in composed()["services"].items():
        for volume in told.get("volumes", []):
            source = volume.replace("${REGION_FOLDER:?}", str(tmp_path / "region")).split(":")[0]
            if source.startswith("./"):
                assert (DEPLOY / source).exists(), (name, volume)
            elif source.startswith("/"):
                assert Path(source).exists(), (name, volume)


@pytest.fixture
def units(tmp_path):
    """The units, with a program that is there."""
    for name in UNITS:
        text = (SYSTEMD / name).read_text().replace("/opt/piaojue/bin/piaojue", str(BIN / "piaojue"))
        (tmp_path / name).write_text(text)
    return tmp_path


@pytest.mark.parametrize("name", ["piaojue@ballots.service", "piaojue-migrate.service", "piaojue.target"])
def test_units_are_what_systemd_knows(units, name):
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", "--recursive-errors=no", name],
        capture_output=True,
        text=True,
        timeout=60,
        env={"SYSTEMD_UNIT_PATH": f"{units}:", "PATH": "/usr/bin:/bin"},
        cwd=units,
    )
    ours = [line for line in done.stderr.splitlines() if "piaojue" in line]
    assert (done.returncode, ours) == (0, []), done.stderr


@pytest.mark.parametrize("name", ["piaojue@.service", "piaojue-migrate.service"])
def test_units_are_closed_by_systemds_measure(units, name):
    done = run("systemd-analyze", "security", "--offline=true", "--no-pager", units / name)
    exposed = re.search(r"Overall exposure level for .*: ([0-9.]+)", done.stdout)
    assert exposed, done.stdout + done.stderr
    assert float(exposed[1]) <= EXPOSED_AT_MOST


@pytest.mark.parametrize("name", ["piaojue@.service", "piaojue-migrate.service"])
def test_no_unit_is_given_up_while_its_database_is_away(name):
    """Status 1, however often; with 2 another start does not help."""
    assert re.search(r"^StartLimitIntervalSec=0$", (SYSTEMD / name).read_text(), re.MULTILINE)
    told = unit(name)
    assert told["Restart"][0] in {"always", "on-failure"}
    assert int(told["RestartSec"][0]) >= 1
    assert told["RestartPreventExitStatus"] == ["2"]


def test_every_unit_has_its_user():
    users = re.findall(r"^u (\S+)", (SYSTEMD / "piaojue.sysusers").read_text(), re.MULTILINE)
    assert {f"piaojue-{service}" for service in (*SERVICES, "migrate")} == set(users)


def open_paths():
    """Paths of routes that people and other systems ask for, and those that are for monitoring."""
    outside, inside = set(), set()
    for service in SERVICES:
        module = import_module(f"{service}.service")
        (cls,) = [
            each
            for _, each in getmembers(module, isclass)
            if issubclass(each, Service) and each is not Service and each.__module__.startswith(service)
        ]
        for route in routes(cls):
            (inside if route.who == INTERNAL else outside).add(f"/{service}{route.path}")
    return outside, inside


def test_the_ingress_lets_in_what_is_for_people_and_nothing_for_monitoring():
    rules = kubernetes("ingress.yaml", "Ingress", "piaojue")["spec"]["rules"]
    prefixes = [each["path"] for rule in rules for each in rule["http"]["paths"]]
    for rule in rules:
        for each in rule["http"]["paths"]:
            assert each["path"].split("/")[1] == each["backend"]["service"]["name"]
    outside, inside = open_paths()
    for path in outside:
        assert any(path == prefix or path.startswith(f"{prefix}/") for prefix in prefixes), path
    for path in inside:
        assert not any(path.startswith(prefix) for prefix in prefixes), path
