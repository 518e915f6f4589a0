"""What compose, Kubernetes and systemd would run, run here: the same words in the same environment, but for
where the region's folder is and where services answer; behind the proxy with its own configuration."""

import json
import re
import shutil
import subprocess
import sys
from http.client import HTTPConnection
from pathlib import Path

import pytest
import yaml

from tests.chaos.checks import check_inboxes, check_logs
from tests.end_to_end import year
from tests.end_to_end.test_year import a_year, what_everybody_then_knows
from tests.support.deployed import PIAOJUE, DeployedRegion, deployed, plain
from tests.support.front import fronted
from tests.support.manifests import DEPLOY, by_compose, by_kubernetes, by_systemd, composed, kubernetes
from tests.support.processes import Process
from tests.support.region import SERVICES
from tests.support.servers import free_ports

pytestmark = pytest.mark.slow

WAYS = {
    "proposals": by_compose("proposals"),
    "ballots": by_kubernetes("ballots"),
    "ratings": by_systemd("piaojue@.service", "ratings"),
    "notifications": by_compose("notifications"),
}
MIGRATIONS = [
    by_compose("migrate"),
    *(by_kubernetes(service, job="migrate") for service in SERVICES),
    by_systemd("piaojue-migrate.service"),
]


class AsTold(DeployedRegion):
    """Started as the manifests say."""

    def migrate(self):
        said = [self._piaojue(told) for told in MIGRATIONS]
        assert said[0].count("no tables →") == len(SERVICES)
        assert all("nothing to do" in each for each in said[1:])

    def _piaojue(self, told):
        done = subprocess.run(
            [PIAOJUE, *told.words],
            capture_output=True,
            text=True,
            timeout=120,
            env={**plain(), **told.here(self.made)},
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def start(self, *services):
        for name in services or SERVICES:
            told = WAYS[name]
            changed = {
                "PIAOJUE_HTTP_ADDRESS": f"127.0.0.1:{self._ports[name]}",
                "PIAOJUE_DATA_FOLDER": str(self.folder / name),
            }
            self.processes[name] = Process(
                [PIAOJUE, *told.words],
                output=self.folder / f"{name}.log",
                env={**plain(), **self._settings, **told.here(self.made, **changed)},
                cwd="/",
            )
        for name in services or SERVICES:
            self.wait_until_ready(name)


@pytest.fixture(scope="module")
def region(rabbitmq, postgres, tmp_path_factory):
    folder = tmp_path_factory.mktemp("told")
    with deployed(folder, rabbitmq, postgres, kind=AsTold) as made:
        made.start()
        yield made


@pytest.fixture(scope="module")
def proxy(region, tmp_path_factory):
    addresses = {name: f"127.0.0.1:{region.port_of(name)}" for name in SERVICES}
    with fronted(tmp_path_factory.mktemp("proxy"), addresses) as proxy:
        yield proxy


def test_a_year_goes_through_on_what_the_manifests_run(region):
    a_year(region)
    what_everybody_then_knows(region)
    region.settled()
    check_inboxes(region, check_logs(region))


def test_the_check_of_health_that_compose_makes_is_right_about_it(region):
    kind, python, *words = composed()["services"]["ballots"]["healthcheck"]["test"]
    assert (kind, python) == ("CMD", "python")
    for port, healthy in ((region.port_of("ballots"), True), (free_ports(1)[0], False)):
        asked = [word.replace(":8000/", f":{port}/") for word in words]
        done = subprocess.run([sys.executable, *asked], capture_output=True, timeout=30)
        assert (done.returncode == 0) is healthy


def test_the_operators_commands_find_each_service_in_its_container(region):
    told = by_compose("operator")
    own = {f"PIAOJUE_{name.upper()}_HTTP_ADDRESS": name for name in SERVICES}
    expected = {key: f"{name}:8000" for key, name in own.items()}
    assert {name: told.environment[name] for name in own} == expected
    asked_of_all(region, told.here(region.made, **here(region)), *told.words)


def test_the_operators_commands_find_all_they_need_in_the_operators_pod(region, tmp_path):
    pod = kubernetes("operator.yaml", "Deployment", "operator")["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    given = {each["name"]: each["value"] for each in container["env"]}
    for name in SERVICES:
        assert given[f"PIAOJUE_{name.upper()}_HTTP_ADDRESS"] == f"{name}:8000"
    projected = next(each["projected"] for each in pod["volumes"] if each["name"] == "region")
    put_as_told(projected, region.made, tmp_path / "region")
    changed = {
        **here(region),
        "PIAOJUE_CONFIG": given["PIAOJUE_CONFIG"].replace("/etc/piaojue", str(tmp_path / "region")),
        "PIAOJUE_DATA_FOLDER": str(tmp_path / "data"),
    }
    asked_of_all(region, {**given, **changed}, "doctor", "--only", "secrets", "--only", "keys")
    backup = [PIAOJUE, "backup", tmp_path / "2022-04-16", "--while-open"]
    done = subprocess.run(
        backup, capture_output=True, text=True, timeout=120, env={**plain(), **given, **changed}
    )
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "2022-04-16/manifest.json").is_file()


def put_as_told(projected, made, folder):
    """As Kubernetes would: of the overlay's secrets, each under its path. Without TLS there is no ca.pem."""
    overlay = yaml.safe_load((DEPLOY / "kubernetes/overlays/example/kustomization.yaml").read_text())
    files = {
        (secret["name"], Path(file).name): made / file.removeprefix("region/")
        for secret in overlay["secretGenerator"]
        for file in secret["files"]
    }
    for source in projected["sources"]:
        for item in source["secret"]["items"]:
            file, target = files[source["secret"]["name"], item["key"]], folder / item["path"]
            target.parent.mkdir(parents=True, exist_ok=True)
            if file.name != "ca.pem":
                shutil.copy(file, target)
                target.chmod(projected["defaultMode"])


def here(region):
    own = {f"PIAOJUE_{name.upper()}_HTTP_ADDRESS": f"127.0.0.1:{region.port_of(name)}" for name in SERVICES}
    return {**own, "RABBITMQ_MANAGEMENT_URL": f"http://127.0.0.1:{region.rabbitmq.management_port}"}


def asked_of_all(region, environment, *words):
    """The doctor finds each service and the broker's management."""
    done = subprocess.run(
        [PIAOJUE, *words, "--wait", "60", "--json", "--only", "process", "--only", "queues"],
        capture_output=True,
        text=True,
        timeout=120,
        env={**plain(), **environment},
    )
    assert done.returncode == 0, done.stdout + done.stderr
    found = json.loads(done.stdout)["findings"]
    assert {each["about"] for each in found if each["check"] == "process"} == set(SERVICES)
    assert any(each["check"] == "queues" and "bound to" in each["what"] for each in found)


def test_the_probes_that_kubernetes_makes_are_answered(region):
    pod = kubernetes("ballots.yaml", "Deployment", "ballots")["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
        connection = HTTPConnection("127.0.0.1", region.port_of("ballots"), timeout=20)
        connection.request("GET", container[probe]["httpGet"]["path"])
        assert connection.getresponse().status == 200
        connection.close()


@pytest.mark.parametrize("service", SERVICES)
def test_the_proxy_shows_what_is_for_people_and_nothing_for_monitoring(region, proxy, service):
    status, fields, _ = proxy.ask("GET", f"/{service}/docs")
    assert status == 200
    assert fields["Strict-Transport-Security"]
    assert "Server" not in fields or "/" not in fields["Server"]
    assert proxy.ask("GET", f"/{service}/openapi.json")[0] == 200
    assert proxy.ask("GET", f"/{service}/events")[0] == 401
    for path in (
        "metrics",
        "health/ready",
        "health/live",
        "bodies/../metrics",
        "%6detrics",
        "docs/../metrics",
    ):
        assert proxy.ask("GET", f"/{service}/{path}")[0] == 404, path
    for path in ("/", "/metrics", "/health/ready", f"//{service}/metrics", f"/{service}", "/other/docs"):
        assert proxy.ask("GET", path)[0] == 404, path


def test_a_paper_is_cast_by_the_proxy_and_what_is_too_large_is_not(region, proxy):
    poll = f"/ballots/bodies/{year.BODY}/polls/p1/papers"
    given = json.dumps({"code": "0000-0000-0000-0000", "marks": []}).encode()
    status, _, body = proxy.ask("POST", poll, given, **{"Content-Type": "application/json"})
    assert status in (404, 409, 422)
    assert json.loads(body)["slug"]
    assert proxy.ask("POST", poll, b"x" * (9 << 20), **{"Content-Type": "application/json"})[0] == 413


def test_who_comes_without_tls_is_sent_to_it(proxy):
    status, fields, _ = proxy.ask_plainly("GET", "/ballots/docs")
    assert status == 308
    assert fields["Location"].startswith("https://")


def test_the_proxy_keeps_no_trace_of_who_came(region, proxy):
    proxy.ask("GET", "/ballots/docs")
    assert "/ballots" not in proxy.process.said()
    template = (DEPLOY / "proxy/piaojue.conf.template").read_text()
    assert not re.search(r"\$(remote_addr|proxy_add_x_forwarded_for)\b", template)


def test_each_ends_when_its_manager_says_so(region):
    for name in SERVICES:
        assert region.processes[name].terminate(within=40) == 0


@pytest.mark.timeout(600)
def test_the_installer_of_image_and_machine_makes_a_command_that_works(tmp_path):
    """As the Dockerfile's and the page's: sh deploy/install.sh FOLDER."""
    dockerfile = (DEPLOY / "container/Dockerfile").read_text()
    (script,) = re.findall(r'RUN \["sh", "(\S+)", "/opt/piaojue"\]', dockerfile)
    told = said("sh", DEPLOY.parent / script, tmp_path / "piaojue", PYTHON=sys.executable)
    assert "piaojue" in told
    assert "not installed" not in told
    installed = tmp_path / "piaojue/bin"
    assert "SERVICE" in said(installed / "piaojue", "run", "--help")
    program = "import ballots.service, weasyprint; print(ballots.service.__file__)"
    assert said(installed / "python", "-W", "ignore", "-c", program).startswith(str(tmp_path))
    assert not {"pytest", "uv", "pip"} & {path.name for path in installed.iterdir()}
    shutil.rmtree(tmp_path / "piaojue")


def said(*words, **variables):
    done = subprocess.run(
        words, capture_output=True, text=True, timeout=500, env={**plain(), **variables}, cwd="/"
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout
