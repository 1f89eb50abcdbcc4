#!/usr/bin/env bash
# aarch64.sh [TEST…]: builds what runs on a Raspberry Pi and its tests (or those programs and the engines alone), and runs them under
# an emulator of the oldest 64-bit one.
set -euo pipefail
cd "$(dirname "$0")/.."
tests=${*:-core_test graph_test quant_test format_test vision_test int8_engines_test}
scripts/setup.sh build engines aarch64
[ $# -gt 0 ] || program=octet
# shellcheck disable=SC2086
scripts/build.sh aarch64 ${program:-} octet_engines $tests
# The emulator's vfork() copies memory, so that posix_spawn() does not hear of a program that cannot be started.
ctest --test-dir build/aarch64 --output-on-failure -R "^(${tests// /|})/" -E 'Process.AProgramThatIsNotThereIsAResult'
