#!/usr/bin/env bash
# deb.sh [ARCHITECTURE]: the Debian packages of the release build, in build/package. 'deb.sh arm64' on another processor: those of the cross
# build, in build/package-arm64.
set -euo pipefail
cd "$(dirname "$0")/.."
native=$(dpkg --print-architecture)
architecture=${1:-$native}
options=()
case $architecture in
  "$native") groups="train package" preset=release build=build folder=build/package ;;
  arm64)
    groups="aarch64 package" preset=aarch64 build=build/aarch64 folder=build/package-arm64
    options=(-D "SHLIBDEPS_EXECUTABLE=$PWD/scripts/arm64_shlibdeps.sh") ;;
  *) echo "deb: packages for $architecture cannot be built on $native; the choices are $native and arm64" >&2; exit 2 ;;
esac
# shellcheck disable=SC2086
scripts/setup.sh build engines $groups
# The same commit makes the same packages.
SOURCE_DATE_EPOCH=$(git log -1 --format=%ct 2>/dev/null || stat -c %Y CHANGELOG.md)
export SOURCE_DATE_EPOCH
scripts/build.sh $preset octet_installed
rm -rf "$folder"
mkdir -p "$folder"
umask 022
cpack --config $build/CPackConfig.cmake -B "$folder" "${options[@]}" > "$folder/log" || { cat "$folder/log" >&2; exit 1; }
rm -rf "$folder/_CPack_Packages"
for package in "$folder"/*.deb; do
  printf '%s: %s kB, installed %s kB\n' "$package" $(($(stat -c %s "$package") / 1000)) "$(dpkg-deb -f "$package" Installed-Size)"
done
