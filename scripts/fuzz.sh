#!/usr/bin/env bash
# fuzz.sh [SECONDS|replay|changed] [TARGET…]: every fuzz target, or those named, for so long (20 s by default), from seeds of the repository. New
# inputs are kept in build/fuzz/corpus. replay: each input that is known runs once, none is invented. changed: a minute for each target in whose room
# something differs from the branch main.
set -euo pipefail
cd "$(dirname "$0")/.."
mode=${1:-20}
case $mode in replay) limit=(-runs=0) ;; changed) limit=(-max_total_time=60) ;; *) limit=(-max_total_time="$mode") ;; esac
mapfile -t targets < <(git ls-files 'src/*_fuzz.cpp' | xargs -n1 basename | sed 's/\.cpp$//' | sort)
if [ $# -gt 1 ]; then targets=("${@:2}"); fi
if [ "$mode" = changed ]; then
  base=$(git merge-base HEAD origin/main 2>/dev/null || git merge-base HEAD main 2>/dev/null || true)
  if [ -z "$base" ] || [ "$base" = "$(git rev-parse HEAD)" ]; then base=HEAD~1; fi
  mapfile -t targets < <(git diff --name-only "$base" -- src | cut -d/ -f1-2 | sort -u |
    while read -r room; do git ls-files "$room/*_fuzz.cpp"; done | xargs -rn1 basename | sed 's/\.cpp$//' | sort)
  if [ ${#targets[@]} -eq 0 ]; then echo "fuzz: nothing changed"; exit; fi
fi
scripts/setup.sh build fuzz
scripts/build.sh fuzz "${targets[@]}"
corpus=build/fuzz/corpus
git ls-files 'src/*_fuzz.cpp' | xargs -n1 basename | sed "s|^|$corpus/|; s|\.cpp$||" | xargs mkdir -p

# Seeds. Every target has one, makes one itself, or its corpus begins empty.
cp tests/data/checkpoints/v8.4.190-detect2-half-fused-ema.pt "$corpus/checkpoint_fuzz/"
for file in tests/data/checkpoints/*.pt; do
  python3 -c 'import sys, zipfile; z = zipfile.ZipFile(sys.argv[1]); sys.stdout.buffer.write(z.read([n for n in z.namelist() if n.endswith("data.pkl")][0]))' \
    "$file" > "$corpus/checkpoint_fuzz/$(basename "$file").pkl"
done
head -c 120000 samples/yolov8n.safetensors > "$corpus/model_file_fuzz/header"
printf 'model: m\nsources:\n  a: {address: "rtsp://x", zones: {z: {points: [[0,0],[1,0],[1,1]]}}, lines: {l: {points: [[0,0],[1,1]]}}}\nmqtt: {address: "mqtt://b:1/t"}\njsonl: {file: f, keep: 3}\nskip: auto\n' > "$corpus/config_fuzz/whole"
printf 'task: pose\nnames:\n  0: person\n  1: dog\nstride: 32\nkpt_shape: [17, 3]\nimgsz: [640, 640]\n' > "$corpus/metadata_fuzz/ultralytics"
printf "{0: 'a', 1: \"b\"}" > "$corpus/metadata_fuzz/names"
printf '\0000 0.5 0.25 0.5 0.1\n2 .1 .1 .2 .2\n' > "$corpus/labels_fuzz/detect"
printf '\0010 0.5 0.25 0.5 0.1 .1 .2 2 0 0 0\n' > "$corpus/labels_fuzz/pose"
printf '\001<net><layers><layer id="0" name="a" type="Const"><data element_type="f32" shape="1,2" offset="0" size="8"/></layer></layers></net>%200s' . > "$corpus/listing_fuzz/ir"
printf ' names: {0: a, 1: b}\nval: [images, "x y"]\nkpt_shape: [17, 3]\n' > "$corpus/text_fuzz/yaml"
printf '!{"a":[1,-2.5e3,"x",null,true,{"b":{}}]}' > "$corpus/text_fuzz/json"
printf '{"__metadata__":{"octet":"x"},"a":{"dtype":"F16","shape":[2,2],"data_offsets":[0,8]},"b":{"dtype":"I32","shape":[1],"data_offsets":[8,12]}}' > "$corpus/safetensors_fuzz/two"
printf '{"images":[{"id":1,"file_name":"1.jpg","width":9,"height":9}],"categories":[{"id":7,"name":"cat"}],"annotations":[{"id":1,"image_id":1,"category_id":7,"bbox":[1,2,3,4],"area":12,"iscrowd":0,"keypoints":[1,1,2]}]}' > "$corpus/coco_fuzz/one"
head -c 40000 samples/coco/images/val/000000000785.jpg > "$corpus/picture_fuzz/jpeg"
printf 'P6\n2 2\n255\n123456789012' > "$corpus/picture_fuzz/ppm"
cp tests/data/pictures/* "$corpus/picture_fuzz/"
printf 'II*\0\010\0\0\0\002\0\001\001\003\0\001\0\0\0\002\0\0\0\022\001\003\0\001\0\0\0\006\0\0\0\0\0\0\0' > "$corpus/picture_fuzz/tiff"
cp tests/data/streams/120-pictures.h264 "$corpus/packets_fuzz/"

printf 'POST\n/api/settings\n\nlocalhost:8080\nhttp://localhost:8080\napplication/json\nBearer 0123456789abcdef01\n{"confidence":0.4,"skip":"auto"}' > "$corpus/request_fuzz/settings"
printf 'GET\n/api/state\n17\n[::1]:8080\n\n\n\n' > "$corpus/request_fuzz/state"
printf 'rtsp://user:p/a?s#s@w@camera:554/stream?token=1' > "$corpus/address_fuzz/login"

run_one() {
  local target=$1 log=build/fuzz/$1.log
  shift
  build/fuzz/bin/"$target" "$@" -rss_limit_mb=4096 -timeout=25 -max_len=500000 -print_final_stats=1 \
    -artifact_prefix=build/fuzz/"$target"- "build/fuzz/corpus/$target" >"$log" 2>&1 || { tail -30 "$log"; echo "fuzz: $target found something, see $log"; exit 1; }
  echo "fuzz: $target: $(grep -o 'number_of_executed_units: .*' "$log" | cut -d' ' -f2) runs, $(grep -o 'cov: [0-9]*' "$log" | tail -1)"
}
export -f run_one
printf '%s\n' "${targets[@]}" | xargs -P "$(nproc)" -I{} bash -c 'set -eo pipefail; run_one "$@"' _ {} "${limit[@]}"
echo "fuzz: no finding"
