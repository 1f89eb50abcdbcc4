#!/usr/bin/env python3
"""compress_interrupted.py OCTET: a compression that is interrupted three times gives the int8 model that it gives when it is let through.

Times are those of a table of another device, so both runs have the same. Takes some ten minutes.
"""
import hashlib
import json
import pathlib
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
MODEL, DATA = ROOT / "samples/yolov8n.safetensors", ROOT / "samples/coco/data.yaml"
STOPS = ("try-*/choice.json", "final-*/last.safetensors", "final-*-int8-run/last.safetensors")  # files that a run is stopped after


def table_of_another_device(octet, file):
    subprocess.run([octet, "bench", "--cost-table", file, "--imgsz", "96", "--seconds", "0.02", "--model", MODEL], check=True, stdout=subprocess.DEVNULL)
    table = json.loads(file.read_text())
    table["processor"] = "another processor"
    file.write_text(json.dumps(table))


def command(octet, table, folder):
    return [octet, "compress", "--model", MODEL, "--data", DATA, "--imgsz", "96", "--speedup", "1.3", "--epochs", "4", "--batch", "4",
            "--cost", table, "--json", "-o", folder]


def result(done):
    if done.returncode != 0:
        sys.exit(f"octet compress failed: {done.stderr}")
    j = json.loads(done.stdout)
    return {"chosen": j["chosen"], "map50_95": j["after"]["map50_95"], "drop_95": j["drop_95"],
            "int8": hashlib.sha256(pathlib.Path(j["after"]["file"]).read_bytes()).hexdigest()}


def stop_at(arguments, folder, pattern):
    run = subprocess.Popen(arguments, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    while run.poll() is None and not list(folder.glob(pattern)):
        time.sleep(0.05)
    run.terminate()
    message = run.communicate()[1]
    if run.returncode != 1 or "the same command goes on from here" not in message:
        sys.exit(f"stopped after {pattern}: exit status {run.returncode}: {message}")
    print(f"stopped after {pattern}", flush=True)


def main():
    octet = pathlib.Path(sys.argv[1]).resolve()
    with tempfile.TemporaryDirectory() as work:
        work = pathlib.Path(work)
        table = work / "times.json"
        table_of_another_device(octet, table)
        through = result(subprocess.run(command(octet, table, work / "through"), capture_output=True, text=True, check=False))
        print(f"let through: {through}", flush=True)
        interrupted = command(octet, table, work / "interrupted")
        for pattern in STOPS:
            stop_at(interrupted, work / "interrupted", pattern)
        gone_on = result(subprocess.run(interrupted, capture_output=True, text=True, check=False))
        print(f"interrupted: {gone_on}")
        if gone_on != through:
            sys.exit("the results differ")


if __name__ == "__main__":
    main()
