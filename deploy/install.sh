#!/bin/sh
# Installs the release of this checkout into a folder of its own, for a machine that runs a region: everything pinned,
# nothing for tests, nothing that can be edited. Usage: install.sh FOLDER   (Debian: needs python3-venv)
set -eu
to=${1:?"usage: install.sh FOLDER"}
PYTHON=${PYTHON:-python3}
case $to in /*) ;; *) to=$PWD/$to ;; esac
cd "$(dirname "$0")/.."
sources=$(mktemp -d)
trap 'rm -rf "$sources"' EXIT

"$PYTHON" -m venv "$to"
grep '^uv==' -A 40 requirements.lock | sed '1!{/^[a-z]/,$d}' > "$sources/uv.txt"
"$to/bin/python" -m pip install --quiet --disable-pip-version-check --require-hashes -r "$sources/uv.txt"
uv() { "$to/bin/uv" pip "$@" --quiet --python "$to/bin/python"; }
uv install --require-hashes --compile-bytecode -r deploy/requirements.lock
# Building writes into the sources, which are not ours to change.
cp -R libs services deploy "$sources"
find "$sources" -name '*.egg-info' -prune -exec rm -rf {} +
(cd "$sources" && uv install --no-deps --no-build-isolation --compile-bytecode libs/* services/* ./deploy)
uv uninstall uv setuptools pip
"$to/bin/piaojue" version
