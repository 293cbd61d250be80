#!/usr/bin/env bash
# The whole suite: what may share the machine runs in parallel, what is marked `serial` afterwards.
# With arguments: exactly those, in one process.
set -euo pipefail

export PATH="$PWD/.venv/tools/bin:$PATH"
pytest=(.venv/bin/python -m pytest)

if [ $# -gt 0 ]; then
    exec "${pytest[@]}" "$@"
fi

"${pytest[@]}" -q -n "${TEST_PROCESSES:-2}" --dist loadfile -m "not serial"
status=0
"${pytest[@]}" -q -n 0 -m serial || status=$?
[ "$status" = 5 ] || exit "$status"   # 5: no test is marked serial
