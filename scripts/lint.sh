#!/usr/bin/env bash
# lint.sh [changed]: spelling, shellcheck on every script, clang-tidy on every source file apart from tests; any finding is an error.
# clang-tidy also checks which mutex guards what (core/mutex.h). A file whose inputs have not changed since it was last
# found clean is not looked at again. changed: only files that differ from the branch main, and those that include them.
set -euo pipefail
cd "$(dirname "$0")/.."
tidy=clang-tidy-19
shellcheck -x scripts/*.sh tests/*.sh tests/cli/*.sh tests/system/*.sh packaging/debian/p* packaging/debian/module/prerm .ci/run
if git grep -nE 'std::(recursive_|shared_)?mutex|std::condition_variable|#include <(mutex|condition_variable)>' -- 'src/*.cpp' 'src/*.h' \
  ':!src/core/mutex.h' ':!src/*_test.cpp'; then
  echo "lint: take Mutex, MutexLock and Condition of core/mutex.h, which are checked"
  exit 1
fi
if git grep -nE '\.dump\(|fmt::print|std::(cout|cerr)|[^n]printf' -- 'src/*.cpp' 'src/*.h' ':!src/core/text/json_text.cpp' ':!src/vision/font/make_font.cpp' \
  ':!src/*_test.cpp'; then
  echo "lint: take dump_json() of core/text/json_text.h, which never throws, and print_out() of core/output.h, which is checked"
  exit 1
fi
codespell
# A build folder of its own, of which only generated headers are built.
cmake --preset release -B build/lint >/dev/null
cmake --build build/lint --target octet_schema >/dev/null
cache=${XDG_CACHE_HOME:-$HOME/.cache}/octet/lint
mkdir -p "$cache"

# The files to look at: all, or what changed.
sources() {
  git ls-files -co --exclude-standard 'src/*.cpp' | grep -vE '_(fuzz|test)\.cpp$'
}
changed_sources() {
  local base changed header
  base=$(git merge-base HEAD origin/main 2>/dev/null || git merge-base HEAD main 2>/dev/null || true)
  if [ -z "$base" ] || [ "$base" = "$(git rev-parse HEAD)" ]; then base=HEAD~1; fi
  git rev-parse -q --verify "$base" >/dev/null || { sources; return; }
  changed=$(git diff --name-only --diff-filter=d "$base" -- src; git ls-files -o --exclude-standard src)
  if git diff --quiet "$base" -- .clang-tidy scripts/lint.sh; then
    { grep '\.cpp$' <<<"$changed"
      grep '\.h$' <<<"$changed" | while read -r header; do grep -rlF "\"${header#src/}\"" src --include=*.cpp; done
    } | sort -u | grep -Fxf <(sources) || true
  else
    sources
  fi
}

check() {
  set -eo pipefail
  command=$(jq -r --arg file "$PWD/$1" '[.[] | select(.file == $file) | .command][0]' build/lint/compile_commands.json)
  [ "$command" != null ] || { echo "$1: not part of this build, not looked at"; return; }
  command=${command%% -o *}
  included=$(eval "$command -MM $PWD/$1")
  included=${included#*:}
  key=$( { echo "$2 ${command//$PWD/}"; cat .clang-tidy; xargs cat <<<"${included//\\/}"; } | sha256sum | cut -c1-32)
  [ -e "$4/$key" ] && return
  "$3" -p build/lint --quiet --extra-arg=-Wno-unknown-warning-option --extra-arg=-fno-openmp "$1" 2>/dev/null && touch "$4/$key"
}
export -f check
if [ "${1:-}" = changed ]; then changed_sources; else sources; fi |
  xargs -P "$(nproc)" -I{} bash -c 'check "$@"' _ {} "$($tidy --version | sha256sum)" $tidy "$cache"
echo "lint: clean"
