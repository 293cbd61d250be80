#!/usr/bin/env bash
# Make .venv and install what the lock file LOCK pins, then this project as editable.
# Says what it does; a missing piece ends it with one line that names the remedy.
set -euo pipefail

lock=$1
say() { printf 'sluicegate: %s\n' "$*" >&2; }
fail() { say "$*"; exit 1; }
version_line() { "$1" --version 2>&1 | grep -m1 . || echo "no Python"; }
is_new_enough() { "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; }

choose_python() {
    local candidate
    if [ -n "${PYTHON:-}" ]; then
        command -v "$PYTHON" >/dev/null || fail "PYTHON=$PYTHON is not a command here"
        is_new_enough "$PYTHON" ||
            fail "$PYTHON is $(version_line "$PYTHON"); Python 3.11 or newer is needed: make PYTHON=python3.13 ..."
        echo "$PYTHON"
        return
    fi
    for candidate in python3 python3.13 python3.12 python3.11 python3.14; do
        if is_new_enough "$candidate"; then echo "$candidate"; return; fi
    done
    command -v python3 >/dev/null || fail "python3 is missing: apt-get install python3"
    fail "$(version_line python3) is too old; Python 3.11 or newer is needed: install one and say make PYTHON=python3.13 ..."
}

need_ensurepip() {
    local python=$1 package
    "$python" -c 'import ensurepip, venv' 2>/dev/null && return
    package=$(basename "$python")-venv
    if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
        fail "$python cannot make environments: sudo apt-get install $package, then the same command again"
    fi
    say "installing the system package $package (as root, with apt-get)"
    apt-get update -qq >/dev/null 2>&1 || say "apt-get update failed, trying with the lists that are here"
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$package" >/dev/null 2>&1 ||
        fail "apt-get install $package failed; run it by hand to see why"
}

version_of() { "$1" -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null; }

make_venv() {
    local python=$1
    if [ -x .venv/bin/python ] && is_new_enough .venv/bin/python && .venv/bin/python -m pip --version >/dev/null 2>&1 &&
        { [ -z "${PYTHON:-}" ] || [ "$(version_of "$python")" = "$(version_of .venv/bin/python)" ]; }; then
        return
    fi
    need_ensurepip "$python"
    say "making .venv with $("$python" --version)"
    rm -rf .venv
    "$python" -m venv .venv || fail "$python -m venv .venv failed; see above"
}

install() {
    .venv/bin/python -m pip install -qq --disable-pip-version-check --no-input --no-cache-dir --no-compile "$@"
}

# Each is put in place as a whole: a gateway that runs from here keeps the file that it has open.
strip_libraries() {
    local file
    find .venv/lib -name '*.so' -print0 | while IFS= read -r -d '' file; do
        strip --strip-unneeded -o "$file.stripped" "$file" 2>/dev/null && mv -f "$file.stripped" "$file" || rm -f "$file.stripped"
    done
    .venv/bin/python -c 'import gateway.app' && return
    say "stripped libraries do not load here; installing them as they came"
    install --only-binary :all: --require-hashes --force-reinstall --no-deps -r "$lock"
}

python=$(choose_python)
make_venv "$python"
# Wheels only: building a package would run its scripts.
say "installing $(grep -c '==' "$lock") pinned packages from $lock (10 to 60 seconds)"
install --only-binary :all: --require-hashes -r "$lock" ||
    fail "the packages of $lock could not be installed; is a package index reachable (pip config list)?"
# compat: a plain path, so that a folder `audit/` where the gateway is started does not hide the room
install --no-build-isolation --no-deps --config-settings editable_mode=compat -e . || fail "the project itself could not be installed; see above"
# What only installing needed is not kept, nor what only debuggers read: a quarter of the environment's size.
# An environment for development keeps both.
if [ "$lock" = requirements.lock ] && ! compgen -G '.venv/.made*-dev' >/dev/null; then
    .venv/bin/python -m pip uninstall -qq --yes --disable-pip-version-check setuptools
    if command -v strip >/dev/null; then strip_libraries; fi
fi
# Compile what a start needs, so that the first is as quick as the next ones; not the three packages
# where that takes the most room (3.4 MB) and saves the least (0.2 s).
PYTHONDONTWRITEBYTECODE='' .venv/bin/python -c 'import gateway.app, gateway.cli.serve, gateway.server.worker'
find .venv/lib/python3*/site-packages/{pip,redis,rich,pygments} -name __pycache__ -prune -exec rm -rf {} +
