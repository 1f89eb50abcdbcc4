#!/usr/bin/env bash
# The int8 model detects objects in a sample image and a sample video: annotated results in demo/.
set -euo pipefail
cd "$(dirname "$0")/.."
model=samples/yolov8n-int8.safetensors
build/bin/octet detect --model "$model" --source samples/coco/images/val/000000000785.jpg --save demo
build/bin/octet live --model "$model" --source samples/person.mp4 --conf 0.7 --save demo/person.mp4 --snapshot demo/person.jpg
cat <<'END'

Open demo/000000000785.jpg, demo/person.jpg and demo/person.mp4. Then take an image and a model of your own:
  build/bin/octet detect --model samples/yolov8n-int8.safetensors --source image.jpg --save found
  build/bin/octet detect --model best.pt --source image.jpg --save found
  build/bin/octet live --model best.pt --source /dev/video0 --http 127.0.0.1:8080
docs/guide/quick-start.md continues from there to your own int8 model.
END
