#!/usr/bin/env bash
# Every script by shellcheck, and clang-tidy on every source file (apart from tests, and from what includes libtorch, whose headers clang 14 cannot read as C++20) of the release build; any finding is an error. A file whose inputs have not changed since it was
# last found clean is not looked at again.
set -euo pipefail
cd "$(dirname "$0")/.."
shellcheck -x scripts/*.sh tests/system/*.sh .ci/run
# A build folder of its own, never built: clang-tidy cannot read the precompiled headers of the real one.
cmake --preset release -B build/lint -DCMAKE_DISABLE_PRECOMPILE_HEADERS=ON >/dev/null
cmake --build build/lint --target octet_schema >/dev/null
cache=${XDG_CACHE_HOME:-$HOME/.cache}/octet/lint
mkdir -p "$cache"
tool=$(clang-tidy --version | sha256sum)
check() {
  set -eo pipefail
  command=$(jq -r --arg file "$PWD/$1" '.[] | select(.file == $file) | .command' build/lint/compile_commands.json)
  command=${command%% -o *}
  included=$($command -MM "$PWD/$1")
  included=${included#*:}
  key=$( { echo "$2 ${command//$PWD/}"; cat .clang-tidy; xargs cat <<<"${included//\\/}"; } | sha256sum | cut -c1-32)
  [ -e "$3/$key" ] && return
  clang-tidy -p build/lint --quiet --extra-arg=-Wno-unknown-warning-option "$1" 2>/dev/null && touch "$3/$key"
}
export -f check
git ls-files -co --exclude-standard 'src/*.cpp' | grep -vE '_(fuzz|test)\.cpp$|^src/(train|app/octet_train)/' | xargs -P "$(nproc)" -I{} bash -c 'check "$@"' _ {} "$tool" "$cache"
echo "lint: clean"
