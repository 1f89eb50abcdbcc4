#!/usr/bin/env python3
"""busy_training.py [BIN_DIR]: how much of its rate training keeps while as many other programs compute as there are cores.

Alternates runs of `octet train` and of `octet quantize` on the samples, undisturbed and beside endless loops, and prints the medians: images a second of
training, runs a minute of calibration. The bound is 0.4: half of the machine is what two that compute on each core can have. Needs a machine on which
nothing else runs.
"""
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
BIN = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "build/bin"
ROUNDS = 3


def run(arguments, environment):
    command = [BIN / "octet-train", *arguments, "--json", "--model", ROOT / "samples/yolov8n.safetensors", "--data", ROOT / "samples/coco/data.yaml"]
    done = subprocess.run([str(c) for c in command], capture_output=True, text=True, env={**os.environ, **environment}, check=True)
    return json.loads(done.stdout)


def training_rate(environment):
    with tempfile.TemporaryDirectory() as folder:
        return run(["train", "--epochs", "4", "--imgsz", "320", "--batch", "12", "-o", f"{folder}/run"], environment)["images_per_second"]


def calibration_rate(environment):
    with tempfile.TemporaryDirectory() as folder:
        start = time.monotonic()
        run(["quantize", "--method", "ptq", "--imgsz", "320", "-o", f"{folder}/int8.safetensors"], environment)
        return 60 / (time.monotonic() - start)


def beside_loops(rate, environment):
    loops = [subprocess.Popen(["sh", "-c", "while :; do :; done"]) for _ in range(os.cpu_count())]
    try:
        return rate(environment)
    finally:
        for loop in loops:
            loop.kill()
            loop.wait()


def main():
    kinds = {"as octet-train sets it": {}, "as libgomp waits by itself": {"GOMP_SPINCOUNT": "300000"}}
    for work, rate, unit in (("train", training_rate, "images/s"), ("quantize", calibration_rate, "runs/min")):
        rates = {(kind, busy): [] for kind in kinds for busy in (False, True)}
        for _ in range(ROUNDS):
            for kind, environment in kinds.items():
                rates[kind, False].append(rate(environment))
                rates[kind, True].append(beside_loops(rate, environment))
        for kind in kinds:
            quiet, busy = (statistics.median(rates[kind, b]) for b in (False, True))
            print(f"{work:<8} {kind:<28} {quiet:6.2f} {unit}, beside {os.cpu_count()} loops {busy:6.2f}: {busy / quiet:.2f} of it", flush=True)


if __name__ == "__main__":
    main()
