#!/usr/bin/env bash
# dist.sh: the source archive of the current commit, build/octet-VERSION.tar.gz. Two runs give the same bytes, which it checks.
set -euo pipefail
cd "$(dirname "$0")/.."
version=$(sed -nE 's/^project\(octet VERSION ([0-9.]+).*/\1/p' CMakeLists.txt)
archive() { git archive --format=tar --prefix="octet-$version/" HEAD | gzip -9n; }
git diff --quiet HEAD || echo "dist: changes that are not committed are left out" >&2
mkdir -p build
file=build/octet-$version.tar.gz
archive > "$file"
archive | cmp - "$file"
sha256sum "$file"
