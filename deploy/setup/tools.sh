#!/usr/bin/env bash
# What the tests need beyond Python packages: Chromium, promtool, PostgreSQL, node with playwright-core.
# (Valkey comes with the development packages.) Installs no service and starts none.
set -euo pipefail

say() { printf 'sluicegate: %s\n' "$*" >&2; }
fail() { say "$*"; exit 1; }
has() { command -v "$1" >/dev/null; }
is_root() { [ "$(id -u)" = 0 ] && has apt-get; }

export PATH="$PWD/.venv/tools/bin:$PATH"

missing=()
has chromium || has chromium-browser || has google-chrome || missing+=(chromium)
has curl || missing+=(curl)
has node || missing+=(nodejs)
has npm || missing+=(npm)
compgen -G '/usr/lib/postgresql/*/bin/postgres' >/dev/null || missing+=(postgresql)
has promtool || promtool_missing=yes

if [ "${#missing[@]}" -gt 0 ] || [ -n "${promtool_missing:-}" ]; then
    if ! is_root; then
        fail "system packages are missing for the tests: sudo apt-get install ${missing[*]} ${promtool_missing:+prometheus}"
    fi
    say "updating the package lists (apt-get update)"
    apt-get update -qq >/dev/null 2>&1 || say "apt-get update failed, trying with the lists that are here"
fi

if [ "${#missing[@]}" -gt 0 ]; then
    # Debian's postgresql would make a database and start it: the tests make their own.
    mkdir -p /etc/postgresql-common
    [ -e /etc/postgresql-common/createcluster.conf ] ||
        echo "create_main_cluster = false" >/etc/postgresql-common/createcluster.conf
    say "installing ${missing[*]} (as root, with apt-get; some minutes the first time)"
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null 2>&1 ||
        fail "apt-get install ${missing[*]} failed; run it by hand to see why"
fi

# Only the program promtool is wanted: installing the package would start a Prometheus.
if [ -n "${promtool_missing:-}" ]; then
    say "unpacking promtool from the system package prometheus into .venv/tools"
    mkdir -p .venv/tools/bin .venv/tools/deb
    chmod 777 .venv/tools/deb   # apt downloads as its own user
    (cd .venv/tools/deb && apt-get download -qq prometheus >/dev/null 2>&1 && dpkg -x prometheus_*.deb unpacked) ||
        fail "promtool could not be unpacked: sudo apt-get install prometheus"
    cp .venv/tools/deb/unpacked/usr/bin/promtool .venv/tools/bin/promtool
    rm -rf .venv/tools/deb
fi

for folder in tests/browser tests/js; do
    if [ -f "$folder/package-lock.json" ] && ! [ "$folder/node_modules/.package-lock.json" -nt "$folder/package-lock.json" ]; then
        say "installing the tools of its tests (npm ci in $folder)"
        PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD=1 npm_config_cache="$PWD/.venv/npm" npm_config_update_notifier=false \
            npm ci --prefix "$folder" --silent --no-audit --no-fund --ignore-scripts ||
            fail "npm ci --prefix $folder failed; run it by hand to see why"
        touch "$folder/node_modules/.package-lock.json"
    fi
done
