"""What the files under deploy/ would run, read from them: by compose, by Kubernetes, by systemd."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

DEPLOY = Path(__file__).parents[2] / "deploy"
COMPOSE = DEPLOY / "compose.yaml"
KUBERNETES = DEPLOY / "kubernetes/base"
SYSTEMD = DEPLOY / "systemd"
AT = "/etc/piaojue"


@dataclass(frozen=True)
class Told:
    """A program's words after ``piaojue``, its environment, and which path of a region's folder is where."""

    words: list[str]
    environment: dict[str, str]
    mounted: dict[str, str]

    def here(self, folder: Path, **changed: str) -> dict[str, str]:
        """The environment on this machine, with the region's folder here instead of there."""
        found = {}
        for name, value in self.environment.items():
            for there, part in self.mounted.items():
                value = value.replace(there, str(folder / part).rstrip("/"))
            found[name] = value
        return {**found, **changed}


def image_environment() -> dict[str, str]:
    """What the Dockerfile sets for piaojue."""
    text = (DEPLOY / "container/Dockerfile").read_text(encoding="utf-8")
    return dict(re.findall(r"(PIAOJUE_\w+)=(\S+)", text))


def composed() -> dict[str, Any]:
    content: dict[str, Any] = yaml.safe_load(COMPOSE.read_text(encoding="utf-8"))
    return content


def by_compose(service: str) -> Told:
    found = composed()["services"][service]
    mounted = {}
    for volume in found["volumes"]:
        source, target, *_ = re.sub(r"\$\{REGION_FOLDER:\?\}", "REGION", volume).split(":")
        if source.startswith("REGION"):
            mounted[target] = source.removeprefix("REGION").lstrip("/")
    return Told(found["command"], {**image_environment(), **found["environment"]}, mounted)


def kubernetes(file: str, kind: str, name: str) -> dict[str, Any]:
    """A manifest of the base."""
    documents = yaml.safe_load_all((KUBERNETES / file).read_text(encoding="utf-8"))
    found: dict[str, Any] = next(
        each for each in documents if (each["kind"], each["metadata"]["name"]) == (kind, name)
    )
    return found


def by_kubernetes(service: str, job: str | None = None) -> Told:
    """The deployment of a service, or its part of a job."""
    owner = kubernetes(f"{job or service}.yaml", "Job" if job else "Deployment", job or service)
    pod = owner["spec"]["template"]["spec"]
    container = next(each for each in pod["containers"] if each["name"] == service)
    secrets = {each["name"]: each["secret"]["secretName"] for each in pod["volumes"] if "secret" in each}
    mounted = {
        mount["mountPath"]: secrets[mount["name"]]
        for mount in container["volumeMounts"]
        if mount["name"] in secrets
    }
    given = {each["name"]: each["value"] for each in container["env"]}
    return Told(container["args"], {**image_environment(), **given}, mounted)


def unit(name: str) -> dict[str, list[str]]:
    """The section [Service] of a unit: each key with all its values."""
    found: dict[str, list[str]] = {}
    section = ""
    for line in (SYSTEMD / name).read_text(encoding="utf-8").splitlines():
        if line.startswith("["):
            section = line
        elif section == "[Service]" and "=" in line and not line.startswith("#"):
            key, _, value = line.partition("=")
            found.setdefault(key, []).append(value)
    return found


def by_systemd(name: str, instance: str = "") -> Told:
    told = unit(name)
    (start,) = told["ExecStart"]
    program, *words = start.replace("%i", instance).split()
    assert program == "/opt/piaojue/bin/piaojue"
    given = dict(pair.split("=", 1) for line in told["Environment"] for pair in line.split())
    return Told(words, {key: value.replace("%i", instance) for key, value in given.items()}, {AT: ""})
