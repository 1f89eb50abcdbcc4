#!/usr/bin/env python3
"""Keypoints of every person, by two networks or by one: a detector with a pose network beside a YOLO pose model, on the same frames.

usage: bench/top_down.py CLIP --model DETECTOR --pose NET --yolo-pose MODEL [--frames 300] [octet live options …]

CLIP shows one person at a time. The longest stretch of frames with a person is taken. Its frames are tiled into grids of 1, 4 (2x2) and 10 (5x2) people. Every row runs twice: over all frames
as fast as possible, for frames a second and processor time, and at the pace of the clip, for the age of results.
"""
import argparse
import json
import pathlib
import subprocess
import sys
import tempfile

BIN = pathlib.Path(__file__).resolve().parent.parent / "build/bin"
GRIDS = [(1, 1), (2, 2), (5, 2)]


def live(source, options):
    command = [BIN / "octet", "live", "--source", source, "--track", "--json", *options]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"{' '.join(map(str, command))}\n{done.stderr}")
    return json.loads(done.stdout)


def read(lines):
    return [json.loads(line) for line in lines.read_text().splitlines()]


def stretch_with_person(clip, model, folder):
    """(first, count) of the longest run of frames in which the detector finds somebody."""
    lines = folder / "clip.jsonl"
    live(clip, ["--model", model, "--conf", "0.5", "--jsonl", lines])
    best, first = (0, 0), None
    for i, frame in enumerate(read(lines)):
        if not any(d["name"] == "person" for d in frame["detections"]):
            first = None
            continue
        first = i if first is None else first
        best = max(best, (first, i + 1 - first), key=lambda run: run[1])
    return best


def people(lines):
    """Mean number of people with keypoints in a frame."""
    frames = read(lines)
    return sum("keypoints" in d for frame in frames for d in frame["detections"]) / max(1, len(frames))


def measure(clip, networks, options, folder):
    lines = folder / "out.jsonl"
    fast = live(clip, [*networks, "--jsonl", lines, *options])
    paced = live(clip, [*networks, "--realtime", *options])
    return {"people": people(lines), "fps": fast["fps"], "cpu_ms_per_frame": fast["cpu_ms_per_frame"],
            "age_ms_p50": paced["age_ms_p50"], "age_ms_p99": paced["age_ms_p99"], "pose": fast.get("pose")}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("clip")
    parser.add_argument("--model", required=True, help="detector")
    parser.add_argument("--pose", required=True, help="network for the keypoints of one person")
    parser.add_argument("--yolo-pose", required=True, help="model that finds people with their keypoints")
    parser.add_argument("--frames", type=int, default=300)
    parser.add_argument("--json", action="store_true", help="print the rows as JSON in place of a table")
    args, options = parser.parse_known_args()
    top_down = ["--model", args.model, "--pose", args.pose, "--max-people", "10"]
    sides = [("two networks", top_down), ("YOLO pose", ["--model", args.yolo_pose])]
    rows = []
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        first, count = stretch_with_person(args.clip, args.model, folder)
        count = min(count, args.frames)
        for columns, lines in GRIDS:
            clip = folder / f"{columns}x{lines}.mp4"
            subprocess.run([BIN / "octet_tile_clip", args.clip, str(columns), str(lines), str(first), str(count), clip], check=True)
            for side, networks in sides:
                rows.append({"tiles": columns * lines, "side": side, **measure(clip, networks, options, folder)})
    if args.json:
        print(json.dumps(rows))
        return
    print(f"{count} frames from frame {first} on")
    print(f"{'tiles':>5}  {'':<12} {'people':>6} {'fps':>7} {'age p50':>8} {'age p99':>8} {'CPU ms/frame':>13}")
    for r in rows:
        print(f"{r['tiles']:>5}  {r['side']:<12} {r['people']:>6.1f} {r['fps']:>7.1f} {r['age_ms_p50']:>8.1f} {r['age_ms_p99']:>8.1f} "
              f"{r['cpu_ms_per_frame']:>13.1f}")


if __name__ == "__main__":
    main()
