#!/usr/bin/env bash
# package.sh [FOLDER]: installs the packages of FOLDER (build/package) in a bare Debian 12, runs octet and the service's command there,
# builds the examples and uses the Python module, and removes the packages. Nothing of them may be left.
# Packages for arm64 (build/package-arm64) are tested on another processor as well, under qemu, without the examples and Python.
# Needs root, or a system where users may have namespaces; for arm64 under qemu, root or a kernel that knows qemu already.
set -euo pipefail
cd "$(dirname "$0")/../.."
step() { printf '\n==> %s (%ss)\n' "$*" "$SECONDS"; }
fail() { echo "package: $*" >&2; exit 1; }

# The kernel starts programs of arm64 by qemu, once it was told so. Debian's qemu tells it where systemd runs.
register_emulator() {
  local formats=/proc/sys/fs/binfmt_misc
  [ -e $formats/register ] || mount -t binfmt_misc binfmt_misc $formats || fail "this kernel starts no programs of other processors (binfmt_misc)"
  [ ! -e $formats/qemu-aarch64 ] || return 0
  printf '%s' ':qemu-aarch64:M::\x7fELF\x02\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\xb7\x00:\xff\xff\xff\xff\xff\xff\xff\x00\xff\xff\xff\xff\xff\xff\xff\xff\xfe\xff\xff\xff:/usr/bin/qemu-aarch64-static:F' \
    > $formats/register || fail "the kernel was not told of qemu: that needs root"
  registered=$formats/qemu-aarch64
}

if [ "${1:-}" != --inside ]; then
  folder=$(realpath "${1:-build/package}")
  scripts/setup.sh package-test
  architecture=$(dpkg-deb -f "$folder"/octet_*.deb Architecture)
  work=$(mktemp -d)
  registered=
  trap 'rm -rf "$work"; [ -z "$registered" ] || echo -1 > "$registered"' EXIT
  if [ "$architecture" != "$(dpkg --print-architecture)" ]; then
    [ "$architecture" = arm64 ] || fail "packages for $architecture can be tested on such a machine alone"
    scripts/setup.sh emulate
    register_emulator
  fi
  step lintian
  # ONNX Runtime comes with the libraries that are in it, and no package of Debian links liboctet.
  lintian --allow-root --fail-on error --suppress-tags embedded-library,no-shlibs --tag-display-limit 0 "$folder"/octet*.deb
  apt-config dump | grep '^Acquire::' > "$work/apt.conf"  # how this machine reaches the archive
  step a bare Debian for "$architecture"
  mmdebstrap --quiet --variant=minbase --format=null --architectures="$architecture" --aptopt="$work/apt.conf" \
    --customize-hook="'$PWD/tests/system/package.sh' --inside '$folder' \"\$1\"" bookworm /dev/null
  exit
fi

folder=$2 root=$3 at=/opt/octet-test
in_root() { chroot "$root" env -i HOME="$at/home" LANG=C.UTF-8 DEBIAN_FRONTEND=noninteractive PATH=/usr/sbin:/usr/bin:/sbin:/bin "$@"; }
named_octet() { (cd "$root" && find . -xdev -path ./proc -prune -o -path ./sys -prune -o -path ".$at" -prune -o -iname '*octet*' ! -name 'octet-stream*' -print | sort); }
install() { in_root bash -c "apt-get install -y -qq --no-install-recommends $* >/dev/null"; }
has() { compgen -G "$folder/$1_*.deb" >/dev/null; }
architecture=$(dpkg-deb -f "$folder"/octet_*.deb Architecture)
if [ "$architecture" = "$(dpkg --print-architecture)" ]; then
  emulated=0 engines="openvino onnxruntime tflite" side=640 seconds=120 least_frames=50
else
  emulated=1 engines=tflite side=320 seconds=240 least_frames=5  # a frame takes seconds
fi
before=$(named_octet)
mkdir -p "$root$at"
cp "$folder"/*.deb samples/person.mp4 samples/coco/images/val/000000000785.jpg "$root$at"

step apt-get install octet octet-models
install "$at/octet_*.deb" "$at/octet-models_*.deb"
# shellcheck disable=SC2016  # dpkg-query's own
in_root dpkg-query -W -f='${Package} ${Version} ${Architecture}, installed ${Installed-Size} kB\n' octet octet-models

step octet doctor
in_root octet doctor
mkdir -p "$root$at/moved/bin" "$root$at/moved/lib"
cp -a "$root/usr/bin/octet" "$root$at/moved/bin"
cp -a "$root/usr/lib/octet" "$root$at/moved/lib"
for program in octet $at/moved/bin/octet; do
  for engine in $engines; do
    in_root "$program" doctor --json | tr -d ' \n' | grep -qE "\"name\":\"$engine\",\"version\"" || fail "$program: the engine $engine does not run"
  done
done

step octet detect
model=/usr/share/octet/models/yolov8n-int8.safetensors
detect=(octet detect --model "$model" --imgsz "$side" --source "$at/000000000785.jpg")
in_root "${detect[@]}" --save $at/out
[ -s "$root$at/out/000000000785.jpg" ] || fail "no image was saved"
in_root "${detect[@]}" --json | grep -q '"person"' || fail "no person was found"

step the command of the service
install systemd procps
in_root systemd-analyze verify octet.service
in_root octet live --config /etc/octet/live.yaml && fail "the shipped configuration names no camera, and was taken"
printf 'model: %s\nimgsz: %s\nsources: {clip: %s}\njsonl: {file: /var/lib/octet/results.jsonl}\nhttp: {address: 127.0.0.1:0, token: http.token}\n' \
  $model $side $at/person.mp4 > "$root/etc/octet/live.yaml"
echo a-long-password-of-the-page > "$root/etc/octet/http.token"
# Root and the service read the folder with the passwords, and nobody else.
is_of() {
  local found
  found=$(in_root stat -c '%U:%G:%a' /etc/octet)
  [ "$found" = "$1" ] || fail "/etc/octet is of $found, not of $1"
}
upgrade() { in_root /var/lib/dpkg/info/octet.postinst configure 0.1.0; }
is_of root:octet-config:750
in_root chmod 755 /etc/octet
upgrade
is_of root:octet-config:755  # as the administrator chose
in_root chgrp root /etc/octet
upgrade
is_of root:octet-config:750  # it was as packages without the group had it
in_root grep -qE '^SupplementaryGroups=(.* )?octet-config( |$)' /usr/lib/systemd/system/octet.service || fail "the service is not in the group octet-config"
group=$(in_root getent group octet-config | cut -d: -f3)
for file in live.yaml http.token; do
  chroot --userspec=65534:65534 --groups= "$root" cat "/etc/octet/$file" >/dev/null 2>&1 && fail "everybody can read /etc/octet/$file"
  chroot --userspec=65534:65534 --groups="$group" "$root" cat "/etc/octet/$file" >/dev/null || fail "the service cannot read /etc/octet/$file"
done
command=$(sed -n 's/^ExecStart=//p' "$root/usr/lib/systemd/system/octet.service")
mkdir -p "$root/var/lib/private/octet" "$root/var/cache/private/octet"  # as systemd makes them for a dynamic user
ln -s private/octet "$root/var/lib/octet"
ln -s private/octet "$root/var/cache/octet"
chmod 755 "$root/var/lib/private" "$root/var/cache/private"
chown -R 65534:65534 "$root/var/lib/private/octet" "$root/var/cache/private/octet"
status=0
# shellcheck disable=SC2086
chroot --userspec=65534:65534 --groups="$group" "$root" env -i STATE_DIRECTORY=/var/lib/octet XDG_CACHE_HOME=/var/cache PATH=/usr/bin:/bin timeout -s INT $seconds $command || status=$?
[ $status = 0 ] || { [ $emulated = 1 ] && [ $status = 124 ]; } || fail "the service ended with status $status"
frames=$(wc -l < "$root/var/lib/private/octet/results.jsonl")
echo "results of $frames frames"
[ "$frames" -ge $least_frames ] || fail "the service looked at too few frames"

if has octet-armnn; then
  step octet-armnn
  install "$at/octet-armnn_*.deb"
  in_root octet doctor --json | tr -d ' \n' | grep -qE '"name":"armnn","version"' || fail "the engine armnn does not run"
fi

if has octet-train; then
  step octet train
  install "$at/octet-train_*.deb"
  in_root octet train --help | head -3
fi

if [ $emulated = 0 ]; then
  step "octet-dev: the examples"
  install g++ cmake make "$at/octet-dev_*.deb"
  for example in detect watch_camera; do
    cp -a "examples/$example" "$root$at"
    in_root bash -c "cmake -S $at/$example -B $at/$example/build && cmake --build $at/$example/build" >/dev/null
  done
  in_root $at/detect/build/detect $model $at/000000000785.jpg $at/found.jpg | grep '^person '
  [ -s "$root$at/found.jpg" ] || fail "the example detect saved no image"
  in_root $at/watch_camera/build/watch_camera $model $at/person.mp4 30 | tail -1 | grep '^frame .* person#1' || fail "the example watch_camera followed no person"

  step the Python module
  install "$at/python3-octet_*.deb"
  in_root python3 -c "import octet; print(octet.version(), octet.Detector('$model')('$at/000000000785.jpg'))" | grep person
fi

step apt-get purge
rm "$root/etc/octet/http.token"
in_root bash -c "apt-get purge -y -qq '*octet*' >/dev/null"
in_root getent group octet-config && fail "the group octet-config is left"
for left in usr/lib/octet etc/octet usr/share/octet var/lib/octet var/lib/private/octet var/cache/octet var/cache/private/octet; do
  if [ -e "$root/$left" ] || [ -L "$root/$left" ]; then fail "/$left is left"; fi
done
left=$(comm -13 <(echo "$before") <(named_octet))
[ -z "$left" ] || fail "left is: $left"
echo "nothing is left"
