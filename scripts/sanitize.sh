#!/usr/bin/env bash
# sanitize.sh asan|tsan [REGEX]: the tests (those whose name matches) under that preset's sanitizers.
set -euo pipefail
cd "$(dirname "$0")/.."
scripts/setup.sh build
scripts/build.sh "$1"
export ASAN_OPTIONS=detect_odr_violation=0:allocator_may_return_null=1 UBSAN_OPTIONS=print_stacktrace=1
export LSAN_OPTIONS=suppressions=$PWD/scripts/lsan.supp TSAN_OPTIONS=suppressions=$PWD/scripts/tsan.supp
ctest --test-dir "build/$1" --output-on-failure ${2:+-R "$2"}
