#!/usr/bin/env bash
# run_case.sh PROGRAMS CASE: runs the steps of a case file and compares what they print.
#   # text      a comment
#   $ command   a step: run by bash in an empty folder; octet is on the path
#   ? N         its exit status, 0 where the line is missing
#   > text      a line of its standard output; * stands for any text
#   ! text      a line of its standard error
# Every printed line has to be listed, in order. The text "..." stands for any number of lines.
# $SOURCE is the repository, $SAMPLES its samples, $TINY a checkpoint of a very small network.
set -euo pipefail
case_file=$(realpath "$2")
SOURCE=$(realpath "$(dirname "$0")/../..")
PATH=$(realpath "$1"):$PATH
export SOURCE PATH SAMPLES=$SOURCE/samples TINY=$SOURCE/tests/data/checkpoints/v8.4.190-detect3.pt
folder=$(mktemp -d)
logs=$(mktemp -d)
trap 'rm -rf "$folder" "$logs"' EXIT
cd "$folder"
failed=0

# matches LINE PATTERN: * is any text, everything else stands for itself.
matches() {
  local pattern=${2//\\/\\\\}
  pattern=${pattern//\[/\\[}
  pattern=${pattern//\?/\\?}
  # shellcheck disable=SC2053
  [[ $1 == $pattern ]]
}

# compare FILE PATTERN…: the file's lines are those of the patterns.
compare() {
  local -a lines
  mapfile -t lines < "$1"
  shift
  local at=0 pattern anywhere=0
  for pattern in "$@"; do
    if [ "$pattern" = ... ]; then
      anywhere=1
      continue
    fi
    while [ "$anywhere" = 1 ] && [ "$at" -lt ${#lines[@]} ] && ! matches "${lines[at]}" "$pattern"; do at=$((at + 1)); done
    if [ "$at" = ${#lines[@]} ] || ! matches "${lines[at]}" "$pattern"; then
      echo "  missing: $pattern"
      return 1
    fi
    at=$((at + 1))
    anywhere=0
  done
  if [ "$anywhere" = 0 ] && [ "$at" != ${#lines[@]} ]; then
    echo "  not listed: ${lines[at]}"
    return 1
  fi
}

run_step() {
  [ -n "$command" ] || return 0
  local status=0 result=0
  bash -c "$command" >"$logs/out" 2>"$logs/err" </dev/null || status=$?
  [ "$status" = "$expected_status" ] || { echo "  exit status $status in place of $expected_status"; result=1; }
  compare "$logs/out" "${expected_out[@]}" || result=1
  compare "$logs/err" "${expected_err[@]}" || result=1
  [ "$result" = 0 ] && return
  failed=1
  echo "FAILED: $case_file:$command_line: $command"
  cut -c1-500 "$logs/out" | sed 's/^/  out: /'
  cut -c1-500 "$logs/err" | sed 's/^/  err: /'
}

start_step() {
  command=$1 command_line=$2 expected_status=0 expected_out=() expected_err=()
}

start_step "" 0
number=0
steps=0
while IFS= read -r line || [ -n "$line" ]; do
  number=$((number + 1))
  case $line in
    '' | '#'*) ;;
    '$ '*) run_step; start_step "${line:2}" $number; steps=$((steps + 1)) ;;
    '? '*) expected_status=${line:2} ;;
    '> '*) expected_out+=("${line:2}") ;;
    '! '*) expected_err+=("${line:2}") ;;
    *) echo "$case_file:$number: a line begins with '# ', '\$ ', '? ', '> ' or '! '"; exit 2 ;;
  esac
done < "$case_file"
run_step
[ "$steps" -gt 0 ] || { echo "$case_file: holds no step"; exit 2; }
exit $failed
