#!/usr/bin/env python3
"""octet beside Ultralytics on one video, runs interleaved, as ratios of medians.

usage: bench/compare_live.py --python VENV/bin/python --video V.mp4 [--runs 3] NAME=THEIR_MODEL,OUR_MODEL …

VENV is a Python environment with ultralytics in it (a yardstick, run as a separate program). THEIR_MODEL and OUR_MODEL are files that each
side runs; give the same one twice to compare the programs alone.
"""
import argparse
import json
import os
import pathlib
import statistics
import subprocess
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
FIELDS = ("fps", "cpu_ms_per_frame", "frame_ms_p50", "frame_ms_p99", "first_result_ms", "rss_mb")


def run(command, **environment):
    done = subprocess.run(command, capture_output=True, text=True, env={**os.environ, **environment})
    if done.returncode != 0:
        raise SystemExit(f"{' '.join(map(str, command))}\n{done.stderr}")
    return json.loads(done.stdout.splitlines()[-1])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--python", required=True)
    parser.add_argument("--video", required=True)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("pairs", nargs="+", metavar="NAME=THEIRS,OURS")
    args = parser.parse_args()
    octet = HERE.parent / "build/bin/octet"
    results = {}
    for _ in range(args.runs):
        for pair in args.pairs:
            name, models = pair.split("=", 1)
            theirs, ours = models.split(",")
            kept = results.setdefault(name, {"theirs": [], "cold": [], "ours": []})
            live = [octet, "live", "--model", ours, "--source", args.video, "--json"]
            kept["theirs"].append(run([args.python, HERE / "ultralytics_live.py", theirs, args.video], YOLO_OFFLINE="1", YOLO_AUTOINSTALL="false"))
            with tempfile.TemporaryDirectory() as cache:
                kept["cold"].append(run(live, XDG_CACHE_HOME=cache))
                kept["ours"].append(run(live, XDG_CACHE_HOME=cache))
    for name, kept in results.items():
        print(f"\n{name}: {args.runs} runs, octet's precision {kept['ours'][0]['precision']}, input {kept['ours'][0]['imgsz']}")
        print(f"{'':20} {'theirs':>10} {'octet':>10} {'octet cold':>10} {'ratio':>7}   spread of octet")
        for field in FIELDS:
            t, o, c = (statistics.median(r[field] for r in kept[k]) for k in ("theirs", "ours", "cold"))
            values = [r[field] for r in kept["ours"]]
            print(f"{field:20} {t:10.1f} {o:10.1f} {c:10.1f} {o / t:7.2f}   {min(values):.1f} … {max(values):.1f}")


if __name__ == "__main__":
    main()
