#!/usr/bin/env python3
"""tune_goals.py WORK CLIP MODEL… [--budget 5m] [--hold 180] [--conditions whole one busy] [--grid]: do the settings of octet tune hold what it promises?

Serves CLIP as an RTSP camera of 30 frames a second. For each condition and goal: runs octet tune, then octet live with the live.yaml that it wrote, for --hold seconds.
  whole  the machine as it is: 10, 15 and 30 detections a second, and half of the processor
  one    a cgroup with the processor time of one core: 15 detections a second, and half of the processor
  busy   two busy loops beside it: the same two goals
A goal is held where the 5th percentile of windows of ten seconds has 0.95 of the goal, or where live takes no more processor time than asked for.
--grid runs live with each model, engine, size and number of threads that a tune of the whole machine tried, and compares the accuracy of each choice for a number of
detections with the best of those that reach it.
Every step keeps its result in WORK, and the same command goes on where it stopped. Needs opencv-python-headless, and the right to make a cgroup.
"""
import argparse
import contextlib
import json
import os
import pathlib
import socket
import subprocess
import sys
import time

import cv2

BIN = pathlib.Path(__file__).resolve().parent.parent / "build/bin"
FPS, CPU = "--target-fps", "--cpu-budget"
GOALS = {"whole": [(FPS, 10), (FPS, 15), (FPS, 30), (CPU, 50)], "one": [(FPS, 15), (CPU, 50)], "busy": [(FPS, 15), (CPU, 50)]}
WINDOW, GRID_SECONDS, HELD = 10, 6, 0.95


def write_frames(clip, file):
    """The clip as raw I420 frames; (width, height)."""
    capture = cv2.VideoCapture(str(clip))
    size = tuple(int(capture.get(key)) for key in (cv2.CAP_PROP_FRAME_WIDTH, cv2.CAP_PROP_FRAME_HEIGHT))
    if file.exists():
        return size
    with open(file, "wb") as out:
        while True:
            there, frame = capture.read()
            if not there:
                return size
            out.write(cv2.cvtColor(frame, cv2.COLOR_BGR2YUV_I420).tobytes())


@contextlib.contextmanager
def camera(clip, work):
    file = work / "frames.i420"
    width, height = write_frames(clip, file)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = subprocess.Popen([BIN / "rtsp_server", str(port), str(width), str(height), file])
    time.sleep(1)
    try:
        yield f"rtsp://127.0.0.1:{port}/camera"
    finally:
        server.kill()
        server.wait()


@contextlib.contextmanager
def one_core():
    """A function that puts the calling process into a cgroup with the time of one core."""
    root = pathlib.Path("/sys/fs/cgroup")
    second = not (root / "cpu").exists()
    group = (root if second else root / "cpu") / "octet-tune-goals"
    group.mkdir(exist_ok=True)
    for name, value in [("cpu.max", "100000 100000")] if second else [("cpu.cfs_period_us", "100000"), ("cpu.cfs_quota_us", "100000")]:
        (group / name).write_text(value)
    try:
        yield lambda: (group / "cgroup.procs").write_text(str(os.getpid()))
    finally:
        group.rmdir()


@contextlib.contextmanager
def busy_loops():
    loops = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(2)]
    try:
        yield None
    finally:
        for loop in loops:
            loop.kill()
            loop.wait()


CONDITIONS = {"whole": contextlib.nullcontext, "one": one_core, "busy": busy_loops}


def octet(arguments, log, enter=None, statuses=(0,)):
    command = [str(BIN / "octet"), *map(str, arguments)]
    with open(log, "w", encoding="utf-8") as errors:
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=errors, preexec_fn=enter, check=False)
    if done.returncode not in statuses:
        sys.exit(f"{' '.join(command)}: exit status {done.returncode}, see {log}")
    return json.loads(done.stdout)


def once(file, make):
    if not file.exists():
        file.write_text(json.dumps(make(), indent=1))
    return json.loads(file.read_text())


def slowest_window(lines):
    """5th percentile of detections a second in windows of ten seconds."""
    times = [frame["captured"] for frame in map(json.loads, lines.read_text().splitlines()) if frame["by"] == "detector"]
    counts = [0] * int((times[-1] - times[0]) / WINDOW)
    for moment in times:
        window = int((moment - times[0]) / WINDOW)
        if window < len(counts):
            counts[window] += 1
    counts.sort()
    return counts[int(0.05 * len(counts))] / WINDOW


def try_goal(args, source, condition, goal, enter):
    option, value = goal
    folder = args.work / f"{condition}{option}-{value}"
    folder.mkdir(exist_ok=True)
    config = folder / "live.yaml"
    tuned = once(folder / "tune.json", lambda: octet(["tune", "--model", *args.models, "--source", source, option, value, "--budget", args.budget, "-o", config, "--json"],
                                                     folder / "tune.log", enter, (0, 1)))
    # A later camera may have another port.
    config.write_text("".join(f'  camera: "{source}"\n' if line.startswith("  camera:") else line for line in config.read_text().splitlines(keepends=True)))
    lines, held = folder / "lines.jsonl", folder / "held.yaml"
    held.write_text(config.read_text() + f'jsonl: {{file: "{lines}"}}\n')
    if not (folder / "live.json").exists():
        lines.unlink(missing_ok=True)  # a service continues them
    seen = once(folder / "live.json", lambda: octet(["live", "--config", held, "--seconds", args.hold, "--json"], folder / "live.log", enter))
    chosen = tuned["chosen"]
    row = {"condition": condition, "goal": f"{option[2:]} {value}", "met": tuned["met"], "chosen": chosen, "predicted": tuned["predicted"]["fps"],
           "p5": slowest_window(lines), "fps": seen["sources"][0]["detected"] / args.hold, "cpu_percent": seen["cpu_percent"], "seconds": tuned["seconds"]}
    goal_fps = value if option == FPS else 0
    row["held"] = row["p5"] >= HELD * (goal_fps if tuned["met"] else min(goal_fps, row["predicted"])) and (option == FPS or row["cpu_percent"] <= value)
    return row


def run_grid(args, source):
    """Each configuration that a tune on the whole machine knows, run alone."""
    accuracy, engines, threads = {}, set(), set()
    for file in sorted(args.work.glob("whole*/tune.json")):
        for tried in json.loads(file.read_text())["tried"]:
            engines.add(tried["engine"])
            threads.add(tried["threads"])
            if tried["accuracy"] is not None:
                accuracy[tried["model"], "x".join(map(str, tried["imgsz"])), tried["engine"]] = tried["accuracy"]
    rows = []
    for (model, size, engine), value in sorted(accuracy.items()):
        for count in sorted(threads):
            name = f"{pathlib.Path(model).name}-{size}-{engine}-{count}"
            seen = once(args.work / "grid" / f"{name}.json", lambda e=engine, m=model, s=size, c=count: octet(
                ["live", "--model", m, "--engine", e, "--imgsz", s, "--threads", c, "--source", source, "--seconds", GRID_SECONDS, "--json"],
                args.work / "grid.log"))
            rows.append({"name": name, "accuracy": value, "fps": seen["fps"], "cpu_percent": seen["cpu_percent"]})
    return rows


def compare(rows, grid):
    for g in grid:
        print(f"grid {g['name']:50} accuracy {g['accuracy']:.3f} {g['fps']:6.1f} fps {g['cpu_percent']:5.1f} %")
    for r in rows:
        option, value = r["goal"].split()
        reached = [g["accuracy"] for g in grid if g["fps"] >= HELD * int(value)]
        if r["condition"] == "whole" and option == FPS[2:] and reached:
            print(f"{r['goal']}: accuracy {r['chosen']['accuracy'] / max(reached):.3f} of the best of the grid")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("work", type=pathlib.Path)
    parser.add_argument("clip", type=pathlib.Path)
    parser.add_argument("models", nargs="+")
    parser.add_argument("--budget", default="5m")
    parser.add_argument("--hold", type=int, default=180)
    parser.add_argument("--conditions", nargs="+", choices=CONDITIONS, default=list(CONDITIONS))
    parser.add_argument("--grid", action="store_true")
    args = parser.parse_args()
    (args.work / "grid").mkdir(parents=True, exist_ok=True)
    with camera(args.clip, args.work) as source:
        rows = []
        for condition in args.conditions:
            for goal in GOALS[condition]:
                with CONDITIONS[condition]() as enter:
                    rows.append(try_goal(args, source, condition, goal, enter))
                r = rows[-1]
                c = r["chosen"]
                print(f"{condition:6} {r['goal']:14} {'held' if r['held'] else 'NOT HELD'} (tune: {'met' if r['met'] else 'not met'}, {r['seconds']:.0f} s): "
                      f"{pathlib.Path(c['model']).name} {c['imgsz']} {c['engine']} {c['threads']} threads skip {c['skip']}, accuracy {c['accuracy']:.3f}, "
                      f"predicted {r['predicted']:.1f} fps, seen {r['fps']:.1f}, p5 {r['p5']:.1f}, processor {r['cpu_percent']:.0f} %", flush=True)
        if args.grid:
            compare(rows, run_grid(args, source))
    (args.work / "table.json").write_text(json.dumps(rows, indent=1))


if __name__ == "__main__":
    main()
