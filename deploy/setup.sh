#!/bin/sh
# Makes .venv with everything pinned in requirements.lock, and the workspace's members installed for editing.
# Usage: setup.sh MEMBER...   (run from the top of the checkout)
set -eu
PYTHON=${PYTHON:-python3}

"$PYTHON" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || {
    echo "Piaojue needs Python 3.11 or newer; '$PYTHON' is $("$PYTHON" --version 2>&1). Set PYTHON=… to another one." >&2
    exit 1
}
if ! "$PYTHON" -c 'import ensurepip, venv' 2>/dev/null; then
    echo "This Python cannot make environments: installing Debian's python3-venv." >&2
    [ "$(id -u)" = 0 ] || { echo "Not root: run 'apt-get install python3-venv' first." >&2; exit 1; }
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends python3-venv >/dev/null
fi
[ -x .venv/bin/python ] || "$PYTHON" -m venv .venv
grep '^uv==' -A 40 requirements.lock | sed '1!{/^[a-z]/,$d}' > .venv/uv.txt
.venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r .venv/uv.txt
.venv/bin/uv pip install --quiet --require-hashes -r requirements.lock
editable=''
for member in "$@"; do editable="$editable -e $member"; done
# shellcheck disable=SC2086  # one word each
.venv/bin/uv pip install --quiet --no-deps --no-build-isolation $editable
