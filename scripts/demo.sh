#!/usr/bin/env bash
# The int8 model finds people in the sample clip; leaves an annotated video and a picture in demo/.
set -euo pipefail
cd "$(dirname "$0")/.."
mkdir -p demo
build/bin/octet live --model samples/yolov8n-int8.safetensors --source samples/person.mp4 --save demo/person.mp4 --snapshot demo/person.jpg
