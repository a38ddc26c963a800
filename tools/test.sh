#!/bin/sh
# All tests, the quick ones first. Arguments go to pytest in every stage.
set -u
cd "$(dirname "$0")/.." || exit 1
python=.venv/bin/python
compiled=build/compiled/src
compile_log=build/compile.log
compiler=
failed=
# Hundreds of processes start here: none of them shall translate the sources again.
unset PYTHONDONTWRITEBYTECODE
# Whole servers are shared by the tests of a file; each has a network of its own, and each worker its own ports.
two_at_a_time="-n 2 --dist loadfile"

stage() { # title, command...
    title=$1
    shift
    started=$(date +%s)
    printf '\n== %s\n' "$title"
    if "$@"; then result=passed; else result=FAILED; failed="$failed; $title"; fi
    printf '== %s: %s, %s s\n' "$title" "$result" "$(($(date +%s) - started))"
}

# Folders that are not there yet are no stage; a folder without a test is not a failure (pytest's status 5).
tests() { # pytest options -- folders -- more options
    options=
    while [ "$1" != -- ]; do options="$options $1"; shift; done
    shift
    folders=
    while [ "$1" != -- ]; do [ -d "$1" ] && folders="$folders $1"; shift; done
    shift
    [ -n "$folders" ] || return 0
    # shellcheck disable=SC2086 - lists of words
    $python -m pytest -q $options $folders "$@"
    status=$?
    [ "$status" = 0 ] || [ "$status" = 5 ]
}

# The compiler takes a core for minutes, and tests wait for much: it begins with them and gets what they leave.
begin_compiling() {
    mkdir -p "${compile_log%/*}"
    # What the tests find is the same at any level, and the compiler is three times as quick at the first.
    TRUNKLINE_OPTIMISE=1 nice -n 19 $python tools/compile.py >"$compile_log" 2>&1 &
    compiler=$!
    trap 'kill "$compiler" 2>/dev/null' EXIT
    trap 'exit 130' INT TERM
}

end_compiling() {
    wait "$compiler"
    status=$?
    trap - EXIT
    cat "$compile_log"
    return "$status"
}

on_compiled_code() {
    (
        export EXPECT_COMPILED=1 PYTHONPATH="$compiled"
        tests -n 2 -- tests/unit tests/conformance tests/integration/edge -- "$@"
    )
}

if command -v cc >/dev/null 2>&1; then begin_compiling; fi
stage "unit tests" tests -n 2 -- tests/unit tests/conformance -- "$@"
stage "contract tests" tests $two_at_a_time -- tests/contract -- "$@"
stage "integration tests" tests $two_at_a_time -- tests/integration -- "$@"
stage "fuzzing, briefly" $python fuzz/parse.py --mutations 4000 --seed 1
stage "call scenarios" tests $two_at_a_time -- tests/scenarios -- "$@"
if [ -n "$compiler" ]; then
    stage "compiling the hot modules" end_compiling
    stage "unit tests and sockets on compiled code" on_compiled_code "$@"
elif [ "${CI:-}" = true ]; then
    failed="$failed; no C compiler: apt-get install gcc libc6-dev python3-dev"
else
    echo "Skipped: unit tests on compiled code (apt-get install gcc libc6-dev python3-dev)"
fi
stage "interop with foreign programs" tests $two_at_a_time -- tests/interop -- "$@"
stage "dashboard in a browser" tests $two_at_a_time -- tests/browser -- "$@"

if [ -n "$failed" ]; then
    printf '\nFAILED: %s\n' "${failed#; }"
    exit 1
fi
printf '\nAll tests passed.\n'
