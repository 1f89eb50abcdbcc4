#!/usr/bin/env bash
# build.sh PRESET [TARGET…]: configures where needed, and builds.
set -euo pipefail
cd "$(dirname "$0")/.."
export CCACHE_BASEDIR=$PWD CCACHE_NOHASHDIR=1  # what one clone compiled, another need not
preset=$1
shift
case $preset in release) folder=build ;; *) folder=build/$preset ;; esac
log=$(mktemp)
trap 'rm -f "$log"' EXIT
cmake --preset "$preset" >"$log" 2>&1 || { cat "$log" >&2; exit 1; }
cmake --build "$folder" ${1:+--target "$@"}
