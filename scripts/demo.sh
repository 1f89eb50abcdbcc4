#!/usr/bin/env bash
# The int8 model detects people in the sample video: an annotated video and its best frame in demo/.
set -euo pipefail
cd "$(dirname "$0")/.."
mkdir -p demo
build/bin/octet live --model samples/yolov8n-int8.safetensors --source samples/person.mp4 --conf 0.5 --save demo/person.mp4 --snapshot demo/person.jpg
cat <<'END'

Open demo/person.jpg and demo/person.mp4. Then take an image and a model of your own:
  build/bin/octet detect --model samples/yolov8n-int8.safetensors --source image.jpg --save found/
  build/bin/octet detect --model best.pt --source image.jpg --save found/
  build/bin/octet live --model best.pt --source /dev/video0 --http 127.0.0.1:8080
docs/guide/quick-start.md continues from there to your own int8 model.
END
