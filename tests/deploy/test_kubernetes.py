"""The example's overlay as a whole: what it comes to, and whether its parts fit each other."""

import base64
import re
import shutil
import ssl
import subprocess
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from urllib.error import URLError

import pytest
import yaml

from piaojue.operating.checks.management import Management
from piaojue.operating.places import place_of
from piaojue.region.certificates import Authority
from tests.support.deployed import piaojue
from tests.support.kustomize import resolved
from tests.support.manifests import DEPLOY
from tests.support.region import SERVICES

CUSTOM = {"Cluster", "RabbitmqCluster", "PodMonitor"}
"""Kinds of operators, which kubernetes-validate does not know."""


@pytest.fixture(scope="module", params=["plain", "with monitoring"])
def overlay(request, tmp_path_factory):
    """A copy of the example with a region's folder, made by the words that it has in it."""
    kubernetes = tmp_path_factory.mktemp("overlay") / "kubernetes"
    shutil.copytree(DEPLOY / "kubernetes", kubernetes, ignore=shutil.ignore_patterns("region"))
    folder = kubernetes / "overlays/example"
    file = folder / "kustomization.yaml"
    (words,) = [line for line in file.read_text().splitlines() if "piaojue region init" in line]
    words = words.replace("--folder region", f"--folder {folder / 'region'}").partition("piaojue ")[2]
    piaojue(*words.split())
    if request.param == "with monitoring":
        told, taken_in = re.subn(
            r"^# (components:|  - \.\./\.\./monitoring)$", r"\1", file.read_text(), flags=re.M
        )
        assert taken_in == 2
        file.write_text(told)
    return folder


def named(resources):
    return {(each["kind"], each["metadata"]["name"]): each for each in resources}


def pods(resources):
    """Every pod's labels and specification, by the kind and name of what makes it."""
    for key, each in named(resources).items():
        if key[0] in {"Deployment", "Job"}:
            template = each["spec"]["template"]
            yield key, template["metadata"]["labels"], template["spec"]


@pytest.mark.skipif(
    shutil.which("kubectl") is None, reason="kubectl is in no package of Debian's that is new enough"
)
def test_kubectl_makes_the_same_of_it(overlay):
    done = subprocess.run(["kubectl", "kustomize", overlay], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    theirs = named(yaml.safe_load_all(done.stdout))
    ours = named(resolved(overlay))
    assert theirs.keys() == ours.keys()
    for key, resource in ours.items():
        if key[0] != "Secret":  # their lines are folded elsewhere
            assert theirs[key] == resource, key
            continue
        assert decoded(theirs[key]) == decoded(resource)
        assert theirs[key]["type"] == resource["type"]
        assert theirs[key]["metadata"] == resource["metadata"]


def decoded(secret):
    return {name: base64.b64decode(content) for name, content in secret["data"].items()}


def test_what_it_comes_to_is_what_kubernetes_knows(overlay, tmp_path):
    known = [each for each in resolved(overlay) if each["kind"] not in CUSTOM]
    (tmp_path / "all.yaml").write_text(yaml.safe_dump_all(known))
    validate = Path(sys.executable).parent / "kubernetes-validate"
    done = subprocess.run(
        [validate, "--strict", tmp_path / "all.yaml"], capture_output=True, text=True, timeout=120
    )
    said = done.stdout + done.stderr
    assert done.returncode == 0, said
    assert said.count(" passed for resource ") == len(known)


def test_every_name_that_a_pod_or_an_operator_needs_is_there(overlay):
    there = named(resolved(overlay))
    for key, _, pod in pods(there.values()):
        for volume in pod["volumes"]:
            for secret, items in taken_from(volume):
                held = there["Secret", secret]["data"]
                assert {each["key"] for each in items} <= held.keys(), (key, volume["name"])
            if claim := volume.get("persistentVolumeClaim"):
                assert ("PersistentVolumeClaim", claim["claimName"]) in there
        assert all(":" in each["image"] for each in pod["containers"]), "of a release, not the latest"
        mounted = {mount["name"] for each in pod["containers"] for mount in each["volumeMounts"]}
        assert mounted == {volume["name"] for volume in pod["volumes"]}
    certificates = there["Cluster", "database"]["spec"]["certificates"]
    assert set(decoded(there["Secret", certificates["serverTLSSecret"]])) == {"tls.crt", "tls.key"}
    assert set(decoded(there["Secret", certificates["serverCASecret"]])) == {"ca.crt"}
    for secret in certificates.values():
        assert there["Secret", secret]["metadata"]["labels"] == {"cnpg.io/reload": "true"}
    assert ("Secret", there["RabbitmqCluster", "broker"]["spec"]["tls"]["secretName"]) in there


def taken_from(volume):
    if "secret" in volume:
        yield volume["secret"]["secretName"], volume["secret"].get("items", [])
    for source in volume.get("projected", {}).get("sources", []):
        yield source["secret"]["name"], source["secret"]["items"]


def test_the_operator_has_the_region_folder_less_what_signs_tokens(overlay):
    (volume,) = [
        each
        for _, labels, pod in pods(resolved(overlay))
        if labels["app.kubernetes.io/name"] == "operator"
        for each in pod["volumes"]
        if each["name"] == "region"
    ]
    has = {item["path"] for _, items in taken_from(volume) for item in items}
    region = overlay / "region"
    wanted = {"piaojue.yaml", *(f"operator/{name}" for name in ("broker-url", "jwks.json", "ca.pem"))}
    for service in SERVICES:
        own = {path.name for path in (region / service).iterdir()} - {"piaojue.yaml", "jwks.json", "ca.pem"}
        wanted |= {f"{service}/{name}" for name in own}
    assert has == wanted


def test_every_pod_may_talk_to_whom_it_needs_and_to_nobody_else(overlay):
    there = resolved(overlay)
    labels = {found["app.kubernetes.io/name"]: found for _, found, _ in pods(there)}
    labels |= {"broker": {"app.kubernetes.io/name": "broker"}, "database": {"cnpg.io/cluster": "database"}}
    policies = [each["spec"] for each in there if each["kind"] == "NetworkPolicy"]
    allowed = {
        (one, other, port)
        for one in labels
        for other in labels
        for port in (5432, 5671, 8000, 15671)
        if may(policies, labels, one, other, port)
    }
    wanted = {(user, "database", 5432) for user in (*SERVICES, "operator", "migrate", "roles")}
    wanted |= {(user, "broker", 5671) for user in (*SERVICES, "operator")}
    wanted |= {("operator", service, 8000) for service in SERVICES} | {("operator", "broker", 15671)}
    wanted |= {(each, each, port) for each in ("broker", "database") for port in (5432, 5671, 8000, 15671)}
    assert allowed == wanted


def may(policies, labels, one, other, port):
    return granted(policies, "Egress", labels[one], labels[other], port) and granted(
        policies, "Ingress", labels[other], labels[one], port
    )


def granted(policies, way, own, theirs, port):
    """Whether any policy of the pod lets it; one that selects it and lets nothing is there in any case."""
    key, side = ("egress", "to") if way == "Egress" else ("ingress", "from")
    for spec in policies:
        if way in spec["policyTypes"] and selects(spec["podSelector"], own):
            for rule in spec.get(key, []):
                ports = {each["port"] for each in rule.get("ports", [])}
                peers = [each["podSelector"] for each in rule.get(side, []) if "podSelector" in each]
                if (not ports or port in ports) and any(selects(each, theirs) for each in peers):
                    return True
    return False


def selects(selector, labels):
    assert selector.keys() <= {"matchLabels", "matchExpressions"}
    return selector.get("matchLabels", {}).items() <= labels.items() and all(
        each["operator"] == "In" and labels.get(each["key"]) in each["values"]
        for each in selector.get("matchExpressions", [])
    )


def test_prometheus_finds_every_service_and_its_path(overlay):
    there = named(resolved(overlay))
    if ("PodMonitor", "piaojue") not in there:
        for service in SERVICES:
            told = there["Deployment", service]["spec"]["template"]["metadata"]["annotations"]
            assert told["prometheus.io/path"] == f"/{service}/metrics"
        return
    monitor = there["PodMonitor", "piaojue"]["spec"]
    found = {key[1] for key, labels, _ in pods(there.values()) if selects(monitor["selector"], labels)}
    assert found == set(SERVICES)
    (endpoint,) = monitor["podMetricsEndpoints"]
    assert endpoint["honorLabels"] is True
    targets = {each["targetLabel"]: each for each in endpoint["relabelings"]}
    label = targets["service"]["sourceLabels"][0].removeprefix("__meta_kubernetes_pod_label_")
    assert label == "app.kubernetes.io/name".replace(".", "_").replace("/", "_")
    assert targets["__metrics_path__"]["replacement"] == "/$1/metrics"
    for service in SERVICES:
        (container,) = there["Deployment", service]["spec"]["template"]["spec"]["containers"]
        assert endpoint["port"] in {port["name"] for port in container["ports"]}


@pytest.fixture
def management(tmp_path):
    """A broker's management with TLS, of which the CA is in ca.pem; nothing is in it."""
    authority = Authority("the broker's")
    signed = authority.sign("127.0.0.1")
    (tmp_path / "ca.pem").write_bytes(authority.certificate)
    (tmp_path / "server.pem").write_bytes(signed.certificate + signed.key)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "server.pem")
    with HTTPServer(("127.0.0.1", 0), _Empty) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"https://127.0.0.1:{server.server_port}"
        server.shutdown()


class _Empty(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"[]")

    def log_message(self, *_):
        pass


def test_the_doctor_trusts_a_management_that_the_brokers_ca_has_signed_and_no_other(
    management, tmp_path, monkeypatch
):
    with pytest.raises(URLError, match="CERTIFICATE_VERIFY_FAILED"):
        Management(management, place_of("ballots", None, tmp_path), None).here("queues")
    monkeypatch.setenv("PIAOJUE_BROKER_CA", str(tmp_path / "ca.pem"))
    assert Management(management, place_of("ballots", None, tmp_path), None).here("queues") == []
