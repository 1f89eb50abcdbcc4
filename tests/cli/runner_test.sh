#!/usr/bin/env bash
# runner_test.sh: run_case.sh accepts what is listed, and refuses every kind of difference.
set -euo pipefail
runner=$(realpath "$(dirname "$0")")/run_case.sh
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
expect() { # STATUS CASE
  local status=0
  printf '%b' "$2" > "$folder/a.case"
  "$runner" "$folder" "$folder/a.case" > "$folder/log" 2>&1 || status=$?
  [ "$status" = "$1" ] || { printf 'exit status %s in place of %s for:\n%b\n' "$status" "$1" "$2"; cat "$folder/log"; exit 1; }
}
expect 0 '$ echo a\n> a\n'
expect 0 '# text\n$ echo "a[b] c?"; echo e >&2; exit 3\n? 3\n> a[b] *\n! e\n'
expect 0 '$ seq 5\n> 1\n> ...\n> 4\n> ...\n'
expect 0 '$ pwd > f\n$ ls\n> f\n'
expect 1 '$ echo a\n'
expect 1 '$ echo a\n> b\n'
expect 1 '$ echo ab\n> a?\n'
expect 1 '$ echo a\n> a\n> b\n'
expect 1 '$ seq 5\n> ...\n> 4\n'
expect 1 '$ echo a >&2\n'
expect 1 '$ exit 1\n'
expect 1 '$ false\n? 1\n$ true\n? 1\n'
expect 2 'echo a\n'
expect 2 '# nothing\n'
echo "run_case.sh: works"
