#!/usr/bin/env bash
# emulate.sh: the int8 engines' tests on emulated x86 processors without VNNI: one with AVX2, one without. As root, or where users may have namespaces.
# Programs see the emulated CPUID, but this machine's /proc/cpuinfo; a copy with fewer flags is laid over it.
set -euo pipefail
cd "$(dirname "$0")/.."
[ "$(uname -m)" = x86_64 ] || { echo "emulate: left out: this is no x86-64"; exit 0; }
scripts/setup.sh build engines emulate
scripts/build.sh release octet_engines int8_engines_test
info=$(mktemp)
trap 'rm -f "$info"' EXIT
without_vnni='s/ (avx512[a-z0-9_]*|avx_vnni[a-z0-9_]*|amx[a-z0-9_]*)//g'
without_avx='s/ (avx[a-z0-9_]*|amx[a-z0-9_]*|fma|f16c)//g'
run_as() { # MODEL EXPRESSION
  printf '==> %s\n' "$1"
  sed -E "/^flags/ $2" /proc/cpuinfo > "$info"
  # shellcheck disable=SC2016  # the inner shell's own
  unshare --map-root-user --mount bash -c 'mount --bind "$1" /proc/cpuinfo && exec qemu-x86_64-static -cpu "$2" build/bin/int8_engines_test --gtest_brief=1' \
    emulate "$info" "$1" 2> >(grep -v "TCG doesn't support" >&2)
}
run_as Haswell "$without_vnni"
run_as Nehalem "$without_avx"
