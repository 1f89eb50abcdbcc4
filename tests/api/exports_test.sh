#!/usr/bin/env bash
# exports_test.sh LIBRARY HEADERS: the shared library shows the names that the headers declare, and no other.
set -euo pipefail
library=$1 headers=$2
status=0
miss() {
  echo "$1"
  status=1
}
shown=$(nm -DC --defined-only "$library" | sed -E 's/^[0-9a-f]* *[A-Za-z] //')
while read -r name; do
  plain=${name%%(*}   # without arguments
  plain=${plain%%\[*} # without the mark of the standard library's string
  case $name in
    "typeinfo for octet::v0::Error" | "typeinfo name for octet::v0::Error" | "vtable for octet::v0::Error") ;;
    octet_*) grep -q "\b$plain(" "$headers/c.h" || miss "$name: is exported, and octet/c.h does not declare it" ;;
    octet::v0::*) grep -qF -- "${plain##*::}(" "$headers"/*.h || miss "$name: is exported, and no header declares it" ;;
    *) miss "$name: is exported, and is no name of the interface" ;;
  esac
done <<<"$shown"
while read -r name; do
  grep -qx "$name" <<<"$shown" || miss "$name: octet/c.h declares it, and the library lacks it"
done < <(grep -oE '\boctet_[a-z_]+\(' "$headers/c.h" | tr -d '(' | sort -u)
[ $status = 0 ] && echo "exported: $(wc -l <<<"$shown") names, all of the interface"
exit $status
