#!/usr/bin/env bash
# Install aspire-gitops, as it is in this repository, into a virtual environment of its own.
#   ci/install.sh VENV [REQUIREMENTS]
# REQUIREMENTS is run, or another file in requirements/ that holds all that run has.
# Packages come with hashes, and none is built but ours. Modules are compiled when they are first
# used, because a job uses few of them.
set -euo pipefail
here="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
venv="${1:?usage: ci/install.sh VENV [REQUIREMENTS]}"
requirements="$here/requirements/${2:-run}.txt"

python3 -m venv "$venv"
pip() { "$venv/bin/python" -m pip --disable-pip-version-check --quiet --no-input "$@"; }
pip install --no-compile --only-binary :all: --require-hashes --requirement "$requirements"
pip install --no-compile --no-deps --no-build-isolation --no-index "$here/packages/aspire-ledger" "$here"
"$venv/bin/aspire-gitops" --version
