#!/bin/bash
# `make check`: lint, unit tests, generator tests; in about a minute, without QEMU.
#
# Every step runs even when an earlier one failed, so that one run shows everything; the exit
# status says whether all passed.
set -uo pipefail
cd "$(dirname "$0")/.." || exit
python=/usr/bin/python3
export PYTHONDONTWRITEBYTECODE=1
failed=()

step() {
    local name=$1
    shift
    printf '\n== %s\n' "$name"
    "$@" || failed+=("$name")
}

# A step that takes long and shares nothing with the others runs beside them; `finish` shows it.
beside_log=build/check-beside.log
beside() {
    beside_name=$1
    shift
    mkdir -p build
    "$@" >"$beside_log" 2>&1 &
    beside_pid=$!
}
finish() {
    printf '\n== %s\n' "$beside_name"
    wait "$beside_pid" || failed+=("$beside_name")
    cat "$beside_log"
}

lint_shell() { git ls-files -z -- '*.sh' .ci/run | xargs -0 shellcheck -x; }
suite() {
    scripts/suite.sh "$1" "$python" -m pytest -q -p no:cacheprovider --junitxml=%JUNIT% "tests/$1"
}
lint_python() { git ls-files -z -- '*.py' | xargs -0 "$python" -m pyflakes; }

beside 'lint: C (cppcheck with MISRA C:2012, clang-tidy)' "$python" scripts/analyse.py
step 'lint: shell' lint_shell
step 'lint: python' lint_python
step 'unit tests' scripts/suite.sh unit "$python" tests/unit/run.py --junit %JUNIT%
step 'generator tests' suite generator
step 'trace tests' suite trace
step 'trace: requirements, code, tests' "$python" scripts/trace.py
finish

if [ ${#failed[@]} -gt 0 ]; then
    printf '\ncheck: FAILED: %s\n' "$(IFS=,; echo "${failed[*]}")"
    exit 1
fi
printf '\ncheck: all passed\n'
