#!/usr/bin/env bash
# check_all.sh: what takes too long for every change. 'make test' and '.ci/run' come before it.
set -euo pipefail
cd "$(dirname "$0")/.."
step() { printf '\n==> %s (%ss)\n' "$*" "$SECONDS"; }
step lint of every file
make lint
step address and undefined sanitizers
scripts/sanitize.sh asan
step address and undefined sanitizers: the trainer
scripts/setup.sh train
scripts/sanitize.sh asan '^train_test/' train_test
step thread sanitizer
scripts/sanitize.sh tsan '^(core_test|live_test|streams_test|serve_test|service_test)/'
step debug build
scripts/setup.sh build engines train test
scripts/build.sh dev
ctest --test-dir build/dev --output-on-failure -j "$(nproc)" -L fast
step compression, interrupted
tests/system/compress_interrupted.py build/bin/octet
step cross build for aarch64
scripts/aarch64.sh
step source archive
scripts/dist.sh
step packages in a bare Debian
scripts/deb.sh
tests/system/package.sh build/package
step packages for arm64 in a bare, emulated Debian
scripts/deb.sh arm64
tests/system/package.sh build/package-arm64
step int8 on x86 without VNNI, emulated
scripts/emulate.sh
step fuzzing
scripts/fuzz.sh 120
step "done"
