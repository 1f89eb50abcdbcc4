#!/usr/bin/env bash
# Finds people in the sample clip; leaves an annotated video and a picture in demo/.
set -euo pipefail
cd "$(dirname "$0")/.."
mkdir -p demo
build/bin/octet live --model samples/yolov8n.safetensors --source samples/person.mp4 --save demo/person.mp4 --snapshot demo/person.jpg
