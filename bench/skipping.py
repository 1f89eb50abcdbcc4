#!/usr/bin/env python3
"""What skipping frames saves and costs: processor time, and how many of the boxes of every-frame detection are still there.

usage: bench/skipping.py MODEL CLIP [--plot FILE.svg] [octet live options …]

Every setting runs over all frames of the clip. Recall: of the boxes that every-frame detection finds with a confidence above 0.5, the
share that has a box of the same class with an IoU of at least 0.5 in the same frame.
"""
import argparse
import json
import pathlib
import subprocess
import sys
import tempfile

OCTET = pathlib.Path(__file__).resolve().parent.parent / "build/bin/octet"
SETTINGS = [["--skip", "1"], ["--skip", "2"], ["--skip", "4"], ["--skip", "auto"], ["--skip", "auto", "--motion-gate"], ["--motion-gate"]]


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


def draw(path, clip, rows):
    """rows: (setting, times less processor time, recall)"""
    import matplotlib

    matplotlib.use("svg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(7, 4.2))
    for (setting, saved, share), marker in zip(rows, "osD^vP*X"):
        axes.plot(1 / saved, share, marker, markersize=8, label=setting)
    axes.legend(loc="lower right")
    axes.set(xlabel="processor time, as a share of every-frame detection's", ylabel="share of its boxes that are kept", title=clip.stem,
             xlim=(0, 1.15), ylim=(min(0.945, min(r[2] for r in rows) - 0.01), 1.005))
    axes.axhline(0.95, color="#b3261e", linewidth=0.8, linestyle="--")
    axes.grid(alpha=0.3)
    figure.tight_layout()
    figure.savefig(path)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model")
    parser.add_argument("clip", type=pathlib.Path)
    parser.add_argument("--plot", help="picture to draw (.svg); needs matplotlib")
    args, more = parser.parse_known_args()
    base, wanted = run(args.model, args.clip, ["--track", *more])
    every = base["cpu_ms_per_frame"] * base["detected"] / len(wanted)
    rows = [("every frame", 1.0, 1.0)]
    print(f"{'setting':<28} {'detected':>9} {'CPU ms/frame':>13} {'saved':>7} {'recall':>7}")
    print(f"{'every frame':<28} {base['detected']:>4}/{len(wanted):<4} {every:>13.1f} {1:>6.2f}x {1:>7.3f}")
    for setting in SETTINGS:
        summary, found = run(args.model, args.clip, [*setting, *more])
        share, total = recall(wanted, found)
        cpu = summary["cpu_ms_per_frame"] * summary["detected"] / len(found)
        rows.append((" ".join(setting), every / cpu, share))
        print(f"{' '.join(setting):<28} {summary['detected']:>4}/{len(found):<4} {cpu:>13.1f} {every / cpu:>6.2f}x {share:>7.3f}")
    print(f"{total} boxes")
    if args.plot:
        draw(args.plot, args.clip, rows)


if __name__ == "__main__":
    main()
