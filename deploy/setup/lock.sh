#!/usr/bin/env bash
# Resolve setup.cfg into requirements.lock (to run) and requirements-dev.lock (to test) and
# requirements-security.lock (for make security), every file with its hash.
# Versions that are pinned stay as long as they fit; --upgrade moves them all to the newest.
# Only the public index is asked: local wheels and extra indexes of this machine must not leak into the files.
set -euo pipefail

uv=.venv/bin/uv
[ -x "$uv" ] || .venv/bin/python -m pip install -qq --disable-pip-version-check --no-cache-dir uv
unset PIP_FIND_LINKS PIP_EXTRA_INDEX_URL UV_FIND_LINKS UV_EXTRA_INDEX_URL UV_INDEX

build=$(mktemp)
trap 'rm -f "$build"' EXIT
echo "setuptools>=80" >"$build"

compile() {
    local target=$1
    shift
    "$uv" pip compile setup.cfg "$build" "$@" --no-config --quiet --universal --python-version 3.11 \
        --generate-hashes --no-emit-index-url --no-annotate --no-header --output-file "$target"
    sed -i '1i # Written by make lock from setup.cfg; change that file and write this one anew.' "$target"
    echo "$target: $(grep -c '==' "$target") packages"
}

compile requirements.lock --extra all "$@"
compile requirements-dev.lock --extra all --extra dev --constraint requirements.lock "$@"
compile requirements-security.lock --extra security --constraint requirements-dev.lock "$@"
