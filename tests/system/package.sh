#!/usr/bin/env bash
# package.sh [FOLDER]: installs the packages of FOLDER (build/package) in a bare Debian 12, runs octet and the service's command there, and
# removes them. Nothing of them may be left. Needs root, or a system where users may have namespaces.
set -euo pipefail
cd "$(dirname "$0")/../.."
step() { printf '\n==> %s\n' "$*"; }
fail() { echo "package: $*" >&2; exit 1; }

if [ "${1:-}" != --inside ]; then
  folder=$(realpath "${1:-build/package}")
  scripts/setup.sh package-test
  step lintian
  # ONNX Runtime comes with the libraries that are in it, and no package of Debian links liboctet.
  lintian --allow-root --fail-on error --suppress-tags embedded-library,no-shlibs --tag-display-limit 0 "$folder"/octet*.deb
  work=$(mktemp -d)
  trap 'rm -rf "$work"' EXIT
  apt-config dump | grep '^Acquire::' > "$work/apt.conf"  # how this machine reaches the archive
  step a bare Debian
  mmdebstrap --quiet --variant=minbase --format=null --aptopt="$work/apt.conf" \
    --customize-hook="'$PWD/tests/system/package.sh' --inside '$folder' \"\$1\"" bookworm /dev/null
  exit
fi

folder=$2 root=$3 at=/opt/octet-test
in_root() { chroot "$root" env -i HOME="$at/home" LANG=C.UTF-8 DEBIAN_FRONTEND=noninteractive PATH=/usr/sbin:/usr/bin:/sbin:/bin "$@"; }
named_octet() { (cd "$root" && find . -xdev -path ./proc -prune -o -path ./sys -prune -o -path ".$at" -prune -o -iname '*octet*' ! -name 'octet-stream*' -print | sort); }
before=$(named_octet)
mkdir -p "$root$at"
cp "$folder"/*.deb samples/person.mp4 samples/coco/images/val/000000000785.jpg "$root$at"

step apt-get install octet octet-models
in_root bash -c "apt-get install -y -qq --no-install-recommends $at/octet_*.deb $at/octet-models_*.deb >/dev/null"
# shellcheck disable=SC2016  # dpkg-query's own
in_root dpkg-query -W -f='${Package} ${Version} ${Architecture}, installed ${Installed-Size} kB\n' octet octet-models

step octet doctor
in_root octet doctor
mkdir -p "$root$at/moved/bin" "$root$at/moved/lib"
cp -a "$root/usr/bin/octet" "$root$at/moved/bin"
cp -a "$root/usr/lib/octet" "$root$at/moved/lib"
for program in octet $at/moved/bin/octet; do
  for engine in openvino onnxruntime tflite; do
    in_root "$program" doctor --json | tr -d ' \n' | grep -qE "\"name\":\"$engine\",\"version\"" || fail "$program: the engine $engine does not run"
  done
done

step octet detect
model=/usr/share/octet/models/yolov8n-int8.safetensors
in_root octet detect --model $model --source $at/000000000785.jpg --save $at/out
[ -s "$root$at/out/000000000785.jpg" ] || fail "no image was saved"
in_root octet detect --model $model --source $at/000000000785.jpg --json | grep -q '"person"' || fail "no person was found"

step the command of the service
in_root bash -c "apt-get install -y -qq --no-install-recommends systemd procps >/dev/null"
in_root systemd-analyze verify octet.service
in_root octet live --config /etc/octet/live.yaml && fail "the shipped configuration names no camera, and was taken"
printf 'model: %s\nsources: {clip: %s}\njsonl: {file: /var/lib/octet/results.jsonl}\n' $model $at/person.mp4 > "$root/etc/octet/live.yaml"
command=$(sed -n 's/^ExecStart=//p' "$root/usr/lib/systemd/system/octet.service")
mkdir -p "$root/var/lib/private/octet" "$root/var/cache/private/octet"  # as systemd makes them for a dynamic user
ln -s private/octet "$root/var/lib/octet"
ln -s private/octet "$root/var/cache/octet"
chmod 755 "$root/var/lib/private" "$root/var/cache/private"
chown -R 65534:65534 "$root/var/lib/private/octet" "$root/var/cache/private/octet"
# shellcheck disable=SC2086
chroot --userspec=65534:65534 "$root" env -i STATE_DIRECTORY=/var/lib/octet XDG_CACHE_HOME=/var/cache PATH=/usr/bin:/bin timeout -s INT 120 $command
frames=$(wc -l < "$root/var/lib/private/octet/results.jsonl")
echo "results of $frames frames"
[ "$frames" -gt 50 ] || fail "the service looked at too few frames"

if compgen -G "$folder/octet-train_*.deb" >/dev/null; then
  step octet train
  in_root bash -c "apt-get install -y -qq --no-install-recommends $at/octet-train_*.deb >/dev/null"
  in_root octet train --help | head -3
fi

step apt-get purge
in_root bash -c "apt-get purge -y -qq octet octet-models octet-train >/dev/null"
for left in usr/lib/octet etc/octet usr/share/octet var/lib/octet var/lib/private/octet var/cache/octet var/cache/private/octet; do
  if [ -e "$root/$left" ] || [ -L "$root/$left" ]; then fail "/$left is left"; fi
done
left=$(comm -13 <(echo "$before") <(named_octet))
[ -z "$left" ] || fail "left is: $left"
echo "nothing is left"
