#!/usr/bin/env bash
# deb.sh: the Debian packages of the release build, in build/package.
set -euo pipefail
cd "$(dirname "$0")/.."
scripts/setup.sh build engines train package
folder=build/package
# The same commit makes the same packages.
SOURCE_DATE_EPOCH=$(git log -1 --format=%ct 2>/dev/null || stat -c %Y CHANGELOG.md)
export SOURCE_DATE_EPOCH
scripts/build.sh release octet_installed
rm -rf "$folder"
mkdir -p "$folder"
umask 022
cpack --config build/CPackConfig.cmake -B "$folder" > "$folder/log" || { cat "$folder/log" >&2; exit 1; }
rm -rf "$folder/_CPack_Packages"
for package in "$folder"/*.deb; do
  printf '%s: %s kB, installed %s kB\n' "$package" $(($(stat -c %s "$package") / 1000)) "$(dpkg-deb -f "$package" Installed-Size)"
done
