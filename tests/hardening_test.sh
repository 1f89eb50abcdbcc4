#!/usr/bin/env bash
# hardening_test.sh FILE…: each program and module was built hard: position-independent, with read-only relocations bound at the
# start, no executable stack, and the stack protector's and the fortified functions' calls.
set -euo pipefail
status=0
miss() {
  echo "$1: $2"
  status=1
}
for file in "$@"; do
  # Into variables: a pipe that is closed early would count as a failure.
  headers=$(readelf -hW -lW "$file")
  dynamic=$(readelf -dW "$file")
  symbols=$(readelf -sW --dyn-syms "$file")
  grep -q 'Type: *DYN' <<<"$headers" || miss "$file" "is not position-independent"
  grep -q 'GNU_RELRO' <<<"$headers" || miss "$file" "has no read-only relocations"
  grep -qE 'BIND_NOW|Flags: .*NOW' <<<"$dynamic" || miss "$file" "binds its symbols late"
  grep -E 'GNU_STACK' <<<"$headers" | grep -qv 'RWE' || miss "$file" "has an executable stack"
  grep -q '__stack_chk_fail' <<<"$symbols" || miss "$file" "has no stack protector"
  grep -qE '__[a-z]+_chk' <<<"$symbols" || miss "$file" "calls no fortified function"
done
[ $status = 0 ] && echo "built hard: $#"
exit $status
