#!/usr/bin/env bash
# examples_test.sh BUILD SOURCE: the examples, built against an installed prefix and run there. What the manifests name is all of it.
set -euo pipefail
build=$1 source=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
fail() {
  echo "examples: $*"
  exit 1
}
components=(runtime dev models)
if [ -x "$build/bin/octet-train" ]; then components+=(train); fi
for component in "${components[@]}"; do
  cmake --install "$build" --prefix "$work/prefix" --component "$component" >/dev/null
done
library=$(find "$work/prefix" -name 'liboctet.so.0')
[ -n "$library" ] || fail "liboctet.so.0 was not installed"
# The program and the engines' modules, until they are in the prefix as well.
[ -e "$work/prefix/bin/octet" ] || export OCTET_MODULES=$build/bin
examples=(detect watch_camera)
if pkg-config --exists gstreamer-app-1.0 gstreamer-video-1.0; then examples+=(gstreamer_frames); fi
for example in "${examples[@]}"; do
  cmake -S "$source/examples/$example" -B "$work/$example" -DCMAKE_PREFIX_PATH="$work/prefix" -DCMAKE_BUILD_TYPE=Debug >"$work/log" 2>&1 &&
    cmake --build "$work/$example" >>"$work/log" 2>&1 || { cat "$work/log"; fail "$example does not build"; }
done
model=$source/samples/yolov8n-int8.safetensors
image=$source/samples/coco/images/val/000000000785.jpg
clip=$source/samples/person.mp4

"$work/detect/detect" "$model" "$image" "$work/found.jpg" >"$work/out"
grep -q '^person 0\.' "$work/out" || fail "detect found no person: $(cat "$work/out")"
[ -s "$work/found.jpg" ] || fail "detect wrote no image"
"$work/detect/detect" "$work/missing.tflite" "$image" "$work/x.jpg" 2>"$work/err" && fail "detect took a missing model"
grep -q 'missing.tflite' "$work/err" || fail "detect does not name the missing model: $(cat "$work/err")"

"$work/watch_camera/watch_camera" "$model" "$clip" 60 >"$work/out"
[ "$(grep -c '^frame' "$work/out")" = 60 ] && grep -q 'person#1' "$work/out" || fail "watch_camera: $(cat "$work/out")"

# Control-C ends it while the camera is down.
status=0
timeout --preserve-status -s INT -k 20 3 "$work/watch_camera/watch_camera" "$model" rtsp://127.0.0.1:1/none >"$work/out" 2>"$work/err" || status=$?
[ $status = 0 ] || fail "watch_camera, whose camera was down, ended with $status: $(cat "$work/err")"
grep -q '^camera: down' "$work/err" || fail "watch_camera does not say that the camera is down: $(cat "$work/err")"

if [ -x "$work/gstreamer_frames/gstreamer_frames" ]; then
  "$work/gstreamer_frames/gstreamer_frames" "$model" "videotestsrc num-buffers=3 ! videoconvert" >"$work/out"
  [ "$(grep -c '^frame' "$work/out")" = 3 ] || fail "gstreamer_frames: $(cat "$work/out")"
fi

# Alone, without the program that tries files, the library loads a file only where it is trusted.
mkdir "$work/alone"
cp "$library" "$work/alone/liboctet.so.0"
(unset OCTET_MODULES && LD_PRELOAD=$work/alone/liboctet.so.0 "$work/detect/detect" "$model" "$image" "$work/x.jpg") 2>"$work/err" &&
  fail "the library alone took a file that was not tried"
grep -q "the program 'octet' is neither beside $work/alone" "$work/err" || fail "the library alone says: $(cat "$work/err")"

for component in "${components[@]}"; do
  xargs -d '\n' rm -f <"$build/install_manifest_$component.txt"
done
left=$(find "$work/prefix" ! -type d)
[ -z "$left" ] || fail "the manifests do not name $left"
echo "examples: ${#examples[@]} built and run"
