#!/usr/bin/env bash
# format.sh [--check]: formats all C++ sources, or fails when one is not formatted.
set -euo pipefail
cd "$(dirname "$0")/.."
mode=(-i)
[ "${1:-}" = --check ] && mode=(--dry-run --Werror)
git ls-files -co --exclude-standard '*.cpp' '*.h' | xargs clang-format-14 "${mode[@]}"
