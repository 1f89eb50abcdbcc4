#!/usr/bin/env python3
"""json_reference.py BIN: runs every verb with --json, and compares its keys with docs/reference/json.md.

BIN is the folder of the programs. Each object has to begin with "schema", and each of its keys has to stand as `key` in the section of
its verb. octet-train's verbs are left out, with a message, where it is not built.
"""
import json
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
SAMPLES, CHECKPOINTS = ROOT / "samples", ROOT / "tests/data/checkpoints"
TINY, INT8, CLIP = CHECKPOINTS / "v8.4.190-detect3.pt", SAMPLES / "yolov8n-int8.safetensors", SAMPLES / "person.mp4"
POSE = CHECKPOINTS / "v8.4.190-pose1-half-ema.pt"
BY_NAME = ("outputs", "zones", "lines")  # objects whose keys are names
SCHEMA = 1

BIN = pathlib.Path(sys.argv[1]).resolve()
SECTIONS = dict(re.findall(r"^## (octet [^\n]+)\n(.*?)(?=^## |\Z)", (ROOT / "docs/reference/json.md").read_text(), re.M | re.S))
failures = []


def octet(*arguments):
    done = subprocess.run([BIN / "octet", *map(str, arguments)], capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"octet {' '.join(map(str, arguments))}: exit status {done.returncode}\n{done.stderr}")
    return done.stdout


def keys_of(value, by_name=False):
    if isinstance(value, list):
        return {key for one in value for key in keys_of(one)}
    if not isinstance(value, dict):
        return set()
    keys = set() if by_name else set(value)
    return keys.union(*(keys_of(v, k in BY_NAME) for k, v in value.items()))


def check(section, text):
    lines = text.splitlines()
    if not lines:
        failures.append(f"{section}: printed nothing")
    for line in lines:
        found = json.loads(line)
        if next(iter(found)) != "schema" or found["schema"] != SCHEMA:
            failures.append(f'{section}: does not begin with "schema":{SCHEMA}: {line[:80]}')
        for key in sorted(keys_of(found)):
            if f"`{key}`" not in SECTIONS[section] and key != "schema":
                failures.append(f"{section}: '{key}' is not in docs/reference/json.md")


def make_data(folder):
    """A dataset of four images for the classes of TINY."""
    for kind in ("images", "labels"):
        (folder / kind).mkdir()
    for i, image in enumerate(sorted((SAMPLES / "coco/images/val").glob("*.jpg"))[:4]):
        shutil.copy(image, folder / f"images/{i}.jpg")
        (folder / f"labels/{i}.txt").write_text("0 .5 .5 .5 .5\n1 .3 .3 .2 .2\n")
    (folder / "data.yaml").write_text("names: [class 0, class 1, class 2]\ntrain: images\nval: images\n")
    return folder / "data.yaml"


def check_octet(folder, data):
    small = ("--imgsz", 64, "--json")
    check("octet inspect", octet("inspect", TINY, "--passes", *small))
    check("octet inspect", octet("inspect", POSE, "--target", "pi5", *small))
    check("octet detect", octet("detect", "--model", POSE, "--source", folder / "images", "--conf", 0.001, *small))
    check("octet val", octet("val", "--model", TINY, "--data", data, "--per-class", *small))
    check("octet live", octet("live", "--model", TINY, "--source", CLIP, "--frames", 4, "--jsonl", folder / "file.jsonl", *small))
    check("octet live: lines", (folder / "file.jsonl").read_text())
    (folder / "live.yaml").write_text(
        f"model: {TINY}\nimgsz: 64\nconf: 0.001\njsonl: {{file: watch.jsonl}}\nsources:\n  clip:\n    address: {CLIP}\n"
        "    zones: {all: {points: [[0, 0], [1, 0], [1, 1], [0, 1]]}}\n    lines: {middle: {points: [[0.5, 0], [0.5, 1]]}}\n")
    check("octet live", octet("live", "--config", folder / "live.yaml", "--frames", 20, "--json"))
    check("octet live: lines", (folder / "watch.jsonl").read_text())
    exports = folder / "exports"
    check("octet export", octet("export", "--model", INT8, "--format", "tflite", "-o", exports, *small))
    check("octet export", octet("export", "--model", INT8, "--format", "tflite", "--layout", "frigate", "-o", folder / "frigate", *small))
    check("octet inspect", octet("inspect", exports / "yolov8n-int8.tflite", "--target", "edgetpu", "--json"))
    check("octet inspect", octet("inspect", exports, "--json"))
    check("octet verify", octet("verify", INT8, exports, "--data", SAMPLES / "coco/data.yaml", "--images", 2, "--engine", "tflite", "--json"))
    check("octet bench", octet("bench", "--model", exports, "--engine", "tflite", "--rounds", 1, "--seconds", 0, "--data",
                               SAMPLES / "coco/data.yaml", "--json"))
    check("octet bench", octet("bench", "--model", TINY, "--engine", "tflite", "--seconds", 0, "--cost-table", folder / "cost.json", *small))
    check("octet profile", octet("profile", "--model", INT8, "--engine", "tflite", "--seconds", 0, "--compare", "onnxruntime", "--source", CLIP, *small))
    check("octet profile", octet("profile", "--model", INT8, "--engine", "tflite", "--seconds", 0.01, "--cut", *small))
    check("octet tune", octet("tune", "--model", INT8, "--source", CLIP, "--target-fps", 1, "--budget", "20s", "--engine", "tflite",
                              "--imgsz", 128, "-o", folder / "tuned.yaml", "--json"))
    check("octet doctor", octet("doctor", "--bench", "--json"))


def check_octet_train(folder, data):
    if not (BIN / "octet-train").exists():
        print("left out: octet train, octet prune and octet quantize, whose program is not built")
        return
    common = ("--model", TINY, "--data", data, "--imgsz", 64, "--epochs", 1, "--json")
    check("octet train", octet("train", *common, "-o", folder / "run"))
    check("octet prune", octet("prune", *common, "--flops", 0.9, "-o", folder / "pruned"))
    check("octet quantize", octet("quantize", *common, "--rank-by-map", "-o", folder / "int8.safetensors"))


with tempfile.TemporaryDirectory() as name:
    temporary = pathlib.Path(name)
    check_octet(temporary, make_data(temporary))
    check_octet_train(temporary, temporary / "data.yaml")
print("\n".join(sorted(set(failures))) or "json_reference: every key is described")
sys.exit(1 if failures else 0)
