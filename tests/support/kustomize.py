"""What an overlay of deploy/kubernetes comes to: `kubectl kustomize`, as far as our files make use of it."""

import base64
import re
from pathlib import Path
from typing import Any

import yaml

Resource = dict[str, Any]
KNOWN = {
    *("apiVersion", "kind", "namespace", "resources", "components", "images", "patches"),
    *("secretGenerator", "generatorOptions"),
}
"""What :func:`resolved` does; anything else is an AssertionError, not silently left out."""


def resolved(folder: Path) -> list[Resource]:
    """Every resource, as it would be applied."""
    told = yaml.safe_load((folder / "kustomization.yaml").read_text())
    assert set(told) <= KNOWN, set(told) - KNOWN
    assert told.get("generatorOptions", {"disableNameSuffixHash": True}) == {"disableNameSuffixHash": True}
    found: list[Resource] = []
    for each in [*told.get("resources", []), *told.get("components", [])]:
        path = folder / each
        found += resolved(path) if path.is_dir() else yaml.safe_load_all(path.read_text())
    found += [_secret(folder, each) for each in told.get("secretGenerator", [])]
    for patch in told.get("patches", []):
        _patch(found, patch)
    for image in told.get("images", []):
        _name_image(found, image)
    if namespace := told.get("namespace"):
        for resource in found:
            if resource["kind"] != "Namespace":
                resource["metadata"]["namespace"] = namespace
    return found


def _secret(folder: Path, told: Resource) -> Resource:
    assert set(told) <= {"name", "type", "files", "options"}
    data = {}
    for file in told["files"]:
        name, _, path = file.rpartition("=")
        content = (folder / path).read_bytes()
        data[name or Path(path).name] = base64.b64encode(content).decode()
    return {
        **{
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {"name": told["name"], **told.get("options", {})},
        },
        **{"type": told.get("type", "Opaque"), "data": data},
    }


def _patch(found: list[Resource], patch: Resource) -> None:
    target = (patch["target"]["kind"], patch["target"]["name"])
    (at,) = [each for each in found if (each["kind"], each["metadata"]["name"]) == target]
    for step in yaml.safe_load(patch["patch"]):
        assert step["op"] == "replace"
        *way, last = [int(word) if word.isdigit() else word for word in step["path"].split("/")[1:]]
        part: Any = at
        for word in way:
            part = part[word]
        assert part[last] is not None, "what is replaced is there"
        part[last] = step["value"]


def _name_image(part: Any, image: Resource) -> None:
    """Of every container below."""
    if isinstance(part, dict):
        if isinstance(part.get("image"), str) and re.split("[:@]", part["image"])[0] == image["name"]:
            part["image"] = f"{image['newName']}:{image['newTag']}"
        part = list(part.values())
    if isinstance(part, list):
        for each in part:
            _name_image(each, image)
