#!/usr/bin/env bash
# arm64_shlibdeps.sh [OPTION…] FILE…: dpkg-shlibdeps for arm64 programs and modules, with the packages of .deps/aarch64/sysroot. CPack calls it.
set -euo pipefail
sysroot=$(realpath "$(dirname "$0")/../.deps/aarch64/sysroot")
database=$(mktemp -d)
trap 'rm -rf "$database"' EXIT
cp -r "$sysroot/var/lib/dpkg/." "$database"
# dpkg-shlibdeps asks for the package of a library by the path where it found it.
sed -i "s,^,$sysroot," "$database"/info/*.list
DEB_HOST_ARCH=arm64 dpkg-shlibdeps --admindir="$database" -l"$sysroot/usr/lib/aarch64-linux-gnu" -l"$sysroot/lib/aarch64-linux-gnu" "$@"
