#!/usr/bin/env python3
"""What skipping frames saves and costs: processor time, and how many of the boxes of every-frame detection are still there.

usage: bench/skipping.py MODEL CLIP [octet live options …]

Every setting runs over all frames of the clip. Recall: of the boxes that every-frame detection finds with a confidence above 0.5, the
share that has a box of the same class with an IoU of at least 0.5 in the same frame.
"""
import json
import pathlib
import subprocess
import sys
import tempfile

OCTET = pathlib.Path(__file__).resolve().parent.parent / "build/bin/octet"
SETTINGS = [["--skip", "4"], ["--skip", "auto"], ["--skip", "auto", "--motion-gate"],
            ]


def iou(a, b):
    w = min(a[2], b[2]) - max(a[0], b[0])
    h = min(a[3], b[3]) - max(a[1], b[1])
    if w <= 0 or h <= 0:
        return 0
    return w * h / ((a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - w * h)


def run(model, clip, options):
    with tempfile.TemporaryDirectory() as folder:
        lines = pathlib.Path(folder) / "out.jsonl"
        command = [OCTET, "live", "--model", model, "--source", clip, "--jsonl", lines, "--json", *options]
        summary = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
        frames = [json.loads(line) for line in lines.read_text().splitlines()]
    return summary, frames


def recall(wanted, found):
    total = kept = 0
    for w, f in zip(wanted, found, strict=True):
        for box in w["detections"]:
            if box["confidence"] <= 0.5:
                continue
            total += 1
            kept += any(d["class"] == box["class"] and iou(d["box"], box["box"]) >= 0.5 for d in f["detections"])
    return kept / max(1, total), total


def main():
    model, clip, more = sys.argv[1], sys.argv[2], sys.argv[3:]
    base, wanted = run(model, clip, ["--track", *more])
    print(f"{'setting':<28} {'detected':>9} {'CPU ms/frame':>13} {'saved':>7} {'recall':>7}")
    for setting in SETTINGS:
        summary, found = run(model, clip, [*setting, *more])
        share, total = recall(wanted, found)
        cpu = summary["cpu_ms_per_frame"] * summary["detected"] / len(found)
        every = base["cpu_ms_per_frame"] * base["detected"] / len(wanted)
        print(f"{' '.join(setting):<28} {summary['detected']:>4}/{len(found):<4} {cpu:>13.1f} {every / cpu:>6.2f}x {share:>7.3f}")
    print(f"{total} boxes")


if __name__ == "__main__":
    main()
