#!/usr/bin/env bash
# Includes go one way: a folder may include itself and the folders before it in this list. docs/internals/architecture.md draws the same list.
set -euo pipefail
cd "$(dirname "$0")/.."
order=(core testing machine graph model quant format vision media report engine detect eval verify measure adapt compress live serve tune train app api)
position() { for i in "${!order[@]}"; do [ "${order[$i]}" = "$1" ] && echo "$i" && return; done; echo none; }
status=0
while IFS=: read -r file line text; do
  [[ $file == *_test.cpp && $text == *'"testing/'* ]] && continue
  from=$(cut -d/ -f2 <<<"$file")
  to=$(sed -E 's/.*"([a-z_]+)\/.*/\1/' <<<"$text")
  a=$(position "$from")
  b=$(position "$to")
  if [ "$a" = none ] || [ "$b" = none ] || [ "$b" -gt "$a" ]; then
    echo "$file:$line: $from must not include $to"
    status=1
  fi
done < <(grep -rnE '^#include "[a-z_]+/' src)
listed=$(grep -oE '^src/[a-z]+/' docs/internals/architecture.md | cut -d/ -f2 | tr '\n' ' ')
[ "$listed" = "${order[*]} " ] || { echo "docs/internals/architecture.md lists '$listed', this check '${order[*]}'"; status=1; }
# Every source file stands in a CMake list.
while read -r file; do
  folder=$(cut -d/ -f1,2 <<<"$file")
  grep -rqE "(^|[ (])([a-z_]+/)*$(basename "$file")" "$folder" --include=CMakeLists.txt || { echo "$file: stands in no CMakeLists.txt of $folder"; status=1; }
done < <(git ls-files -co --exclude-standard 'src/*.cpp')
# Rooms of one folder include each other one way as well. A room is a sub-folder, or a file of the folder itself with its header.
# train/network/batch_norm is left out: it runs the data loader and the evaluation of train/loop.
rooms=$(grep -rE '^#include "[a-z_]+/' src --include=*.cpp --include=*.h | grep -vE '_test\.cpp:|^src/train/network/batch_norm' |
  sed -E 's/^src\/([^:]*):#include "([^"]*)".*/\1 \2/' | awk '
    function room(path, parts, n) {
      n = split(path, parts, "/")
      if (n > 2) return parts[1] "/" parts[2]
      sub(/\.[a-z]+$/, "", path)
      return path
    }
    { split($1, a, "/"); split($2, b, "/") }
    a[1] == b[1] && room($1) != room($2) { print room($1), room($2) }' | sort -u)
circles=$(tsort <<<"$rooms" 2>&1 >/dev/null | grep -v 'input contains a loop' | sed 's/^tsort: //' | tr '\n' ' ' || true)
[ -z "$circles" ] || { echo "these rooms include each other in a circle: $circles"; status=1; }
[ $status = 0 ] && echo "includes: one way"
exit $status
