#!/usr/bin/env bash
# setup.sh GROUP…: installs what the groups need and is not there yet. Groups: build, engines, train, test, lint, fuzz, aarch64, emulate, package, package-test. Safe to run again and again.
set -euo pipefail
cd "$(dirname "$0")/.."

openvino_version=2026.4.1
tflite_version=2.21.0-1.5.14
onnxruntime_version=1.32.0
declare -A packages=(
  [build]="g++ cmake ninja-build pkg-config ccache git ca-certificates python3-pip
    libfmt-dev nlohmann-json3-dev libcli11-dev libyaml-cpp-dev libzip-dev libpugixml-dev libprotobuf-dev protobuf-compiler libonnx-dev libflatbuffers-dev flatbuffers-compiler
    libavformat-dev libavcodec-dev libavutil-dev libswscale-dev libturbojpeg0-dev libwebp-dev libtiff-dev libfreetype-dev fonts-dejavu-core
    libmicrohttpd-dev libgnutls28-dev zlib1g-dev libmosquitto-dev libjs-chart.js libgtest-dev libgmock-dev libbenchmark-dev"
  [engines]="python3-pip ca-certificates chrpath libarmnntfliteparser-dev libarmnn-cpuref-backend22"
  [train]="libtorch-dev libopenblas0-pthread"
  [test]="libgstrtspserver-1.0-dev gstreamer1.0-plugins-base gstreamer1.0-plugins-good gstreamer1.0-plugins-ugly mosquitto openssl python3-numpy"
  [lint]="clang-format-14 clang-tidy-19 codespell jq shellcheck python3"
  [fuzz]="clang-14 libclang-rt-14-dev python3"
  [aarch64]="g++-aarch64-linux-gnu qemu-user-static mmdebstrap chrpath"
  [emulate]="qemu-user-static arch-test"
  [package]="dpkg-dev file"
  [package-test]="mmdebstrap lintian systemd"
)
sysroot_packages="libc6-dev libstdc++-12-dev libfmt-dev nlohmann-json3-dev libcli11-dev libyaml-cpp-dev libzip-dev libpugixml-dev libprotobuf-dev libonnx-dev
  libflatbuffers-dev libavformat-dev libavcodec-dev libavutil-dev libswscale-dev libturbojpeg0-dev libwebp-dev libtiff-dev libfreetype-dev fonts-dejavu-core libmicrohttpd-dev libgnutls28-dev zlib1g-dev libmosquitto-dev libgtest-dev libgmock-dev
  libarmnntfliteparser-dev libarmnn-cpuacc-backend22 libarmnn-cpuref-backend22"

say() { printf '\033[1m==> %s\033[0m\n' "$*" >&2; }
die() { printf 'setup: %s\n' "$*" >&2; exit 1; }

install_packages() {
  local missing=() package
  for package in "$@"; do
    [ "$(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null)" = installed ] || missing+=("$package")
  done
  [ ${#missing[@]} -eq 0 ] && return
  local as_root=()
  if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null || die "these Debian packages are missing, and installing them needs root or sudo. As root, run:
  apt-get install --no-install-recommends ${missing[*]}"
    as_root=(sudo)
  fi
  say "installing ${#missing[@]} Debian packages (a few minutes the first time)"
  "${as_root[@]}" apt-get update -qq
  DEBIAN_FRONTEND=noninteractive "${as_root[@]}" apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
}

# fetch_wheel PACKAGE VERSION PLATFORM HASH FOLDER: a Python wheel, checked and unpacked. Python is not used afterwards.
fetch_wheel() {
  say "fetching $1 $2"
  python3 -m pip download -q --no-deps --only-binary=:all: --python-version 3.11 --implementation cp --abi cp311 \
    --platform "$3" -d "$5" "$1==$2" || die "$1 could not be fetched from the Python package registry; is the network there?"
  echo "$4  $(ls "$5"/*.whl)" | sha256sum --check --quiet || die "the fetched $1 is not the expected file"
  python3 -m zipfile -e "$5"/*.whl "$5/unpacked"
}

# keep FOLDER NAME VERSION: moves what was made ready to .deps/NAME.
keep() {
  echo "$3" > "$1/version"
  rm -rf ".deps/$2"
  mkdir -p "$(dirname ".deps/$2")"
  mv "$1" ".deps/$2"
}

# The OpenVINO wheel holds the C++ SDK.
install_openvino() {
  local wanted="2 $openvino_version" platform hash work
  [ "$(cat .deps/openvino/version 2>/dev/null)" = "$wanted" ] && return
  case "$(uname -m)" in
    x86_64) platform=manylinux_2_28_x86_64 hash=2d22b1da03f7caf74df30e9f6417d0ab2f637e4a38e08e1dcd294d2c37407aaf ;;
    aarch64) platform=manylinux_2_35_aarch64 hash=bea1eb3733c34ef331adc945da0ccda5937865031139073663be84c517ffda22 ;;
    *) die "there is no OpenVINO for the processor $(uname -m)" ;;
  esac
  work=$(mktemp -d)
  trap 'rm -rf "$work"' RETURN
  fetch_wheel openvino "$openvino_version" "$platform" "$hash" "$work"
  mkdir "$work/openvino"
  mv "$work/unpacked/openvino/"{include,libs,cmake} "$work/openvino/"
  mkdir "$work/openvino/licences"
  find "$work"/unpacked/openvino-*.dist-info/licenses -type f -exec cp -t "$work/openvino/licences" {} +
  keep "$work/openvino" openvino "$wanted"
}

# ONNX Runtime's library out of its wheel.
install_onnxruntime() {
  local wanted="2 $onnxruntime_version" hash work
  [ "$(cat .deps/onnxruntime/version 2>/dev/null)" = "$wanted" ] && return
  case "$(uname -m)" in
    x86_64) hash=5a34fc4dfeb5a7b4a74c95dcba1e773d722abda720b474edf1b0c419dc6d163d ;;
    aarch64) hash=2303372a85299b6757b0e11e1cbf13e410ddf7e10c37f4b37e99d1c90e7daf7c ;;
    *) die "there is no ONNX Runtime for the processor $(uname -m)" ;;
  esac
  work=$(mktemp -d)
  trap 'rm -rf "$work"' RETURN
  fetch_wheel onnxruntime "$onnxruntime_version" "manylinux_2_28_$(uname -m)" "$hash" "$work"
  mkdir -p "$work/onnxruntime/licences"
  mv "$work"/unpacked/onnxruntime/{LICENSE,ThirdPartyNotices.txt} "$work/onnxruntime/licences/"
  mv "$work"/unpacked/onnxruntime/capi/libonnxruntime.so.* "$work/onnxruntime/libonnxruntime.so.1"
  keep "$work/onnxruntime" onnxruntime "$wanted"
}

# install_tflite PROCESSOR NAME: to .deps/NAME. TensorFlow Lite's C library lies in a Java archive; Java is not used afterwards.
install_tflite() {
  local wanted="2 $tflite_version" platform hash
  [ "$(cat ".deps/$2/version" 2>/dev/null)" = "$wanted" ] && return
  case "$1" in
    x86_64) platform=linux-x86_64 hash=97061333854967aadf2f092681d63af90b804db3800f007cffd24a2901f4bc72 ;;
    aarch64) platform=linux-arm64 hash=d34e33c49ce6da8f3c982cc6a084ff02f078d9c371dfb18a269aff93e0949d03 ;;
    *) die "there is no TensorFlow Lite for the processor $1" ;;
  esac
  command -v mvn >/dev/null || install_packages maven default-jre-headless
  say "fetching TensorFlow Lite $tflite_version (4 MB)"
  local work
  work=$(mktemp -d)
  trap 'rm -rf "$work"' RETURN
  mvn -q -B dependency:copy -Dartifact="org.bytedeco:tensorflow-lite:$tflite_version:jar:$platform" -DoutputDirectory="$work" \
    >"$work/log" 2>&1 || { tail -5 "$work/log" >&2; die "TensorFlow Lite could not be fetched from the Java package registry; is the network there?"; }
  echo "$hash  $(ls "$work"/*.jar)" | sha256sum --check --quiet || die "the fetched TensorFlow Lite is not the expected file"
  python3 -m zipfile -e "$work"/*.jar "$work/unpacked"
  mkdir "$work/tflite"
  mv "$work"/unpacked/org/bytedeco/tensorflowlite/"$platform"/*.so "$work/tflite/libtensorflowlite_c.so"
  chrpath --delete "$work/tflite/libtensorflowlite_c.so" >/dev/null  # folders of the machine that built it
  keep "$work/tflite" "$2" "$wanted"
}

# A hook of mmdebstrap. It writes down what dpkg would know of the packages, had it installed them; scripts/arm64_shlibdeps.sh reads that.
# shellcheck disable=SC2016  # the hook's own variables
record_packages='
  set -e
  cd "$1/var/lib/dpkg"
  mkdir -p info
  for deb in "$1"/var/cache/apt/archives/*.deb; do
    dpkg-deb -e "$deb" control
    name=$(dpkg-deb -f "$deb" Package)
    sed "/^Package:/a Status: install ok installed" control/control >> status
    echo >> status
    for part in shlibs symbols; do if [ -e control/$part ]; then mv control/$part "info/$name.$part"; fi; done
    dpkg-deb --fsys-tarfile "$deb" | tar -t | sed -nE "s,^\.,,; /\.so(\.|$)/p" > "info/$name.list"
    rm -r control
  done'

# What a Raspberry Pi's Debian has, to cross-compile against and to run tests in under an emulator.
install_sysroot() {
  local wanted
  wanted="6 $(debian_release)"
  [ "$(cat .deps/aarch64/sysroot/version 2>/dev/null)" = "$wanted" ] && return
  say "fetching an arm64 Debian to build against (400 MB)"
  local work
  work=$(mktemp -d)
  trap 'rm -rf "$work"' RETURN
  # shellcheck disable=SC2086,SC2116
  mmdebstrap --quiet --variant=extract --architectures=arm64 --include="$(echo $sysroot_packages)" --extract-hook="$record_packages" "$(debian_release)" "$work/sysroot" \
    >"$work/log" 2>&1 || { tail -5 "$work/log" >&2; die "the arm64 Debian could not be fetched; is the network there?"; }
  keep "$work/sysroot" aarch64/sysroot "$wanted"
}
debian_release() { (. /etc/os-release && echo "$VERSION_CODENAME"); }

for group in "$@"; do
  [ -n "${packages[$group]:-}" ] || die "unknown group $group"
  # shellcheck disable=SC2086
  install_packages ${packages[$group]}
  if [ "$group" = build ]; then install_openvino; fi
  if [ "$group" = engines ]; then install_onnxruntime; install_tflite "$(uname -m)" tflite; fi
  if [ "$group" = aarch64 ]; then install_sysroot; install_tflite aarch64 aarch64/tflite; fi
done
