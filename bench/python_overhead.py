#!/usr/bin/env python3
"""python_overhead.py [--blocks N] [--frames N] [-o FILE.json]: the time of a frame in the Python module beside that in the C++ API.

Both give the same array of pixels to a detector of their own, in turn: a block of frames in Python, a block in C++, and so on. The
smallest of the models computes so little that the module's own time shows. Needs NumPy and 'make build'.
"""
import argparse
import datetime
import json
import os
import pathlib
import statistics
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
BIN = ROOT / "build/bin"
os.environ.setdefault("OCTET_LIBRARY", str(BIN / "liboctet.so"))
sys.path.insert(0, str(ROOT / "python"))

import octet  # noqa: E402

IMAGE = ROOT / "samples/coco/images/val/000000000785.jpg"
INT8 = ROOT / "samples/yolov8n-int8.safetensors"
TINY = ROOT / "tests/data/checkpoints/v8.4.190-detect3.pt"
SETTINGS = [("YOLOv8n, int8, 640", INT8, 640), ("YOLOv8n, int8, 320", INT8, 320), ("a network of 64×64 for tests", TINY, 64)]


def processor():
    lines = pathlib.Path("/proc/cpuinfo").read_text().splitlines()
    return next((line.split(":")[1].strip() for line in lines if line.startswith("model name")), "processor not recorded")


class Cpp:
    def __init__(self, model, side, threads):
        command = [BIN / "octet_api_frames", model, IMAGE, str(side), str(threads)]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def block(self, frames):
        print(frames, file=self.process.stdin, flush=True)
        return [float(value) for value in self.process.stdout.readline().split()]

    def end(self):
        self.process.stdin.close()
        self.process.wait()


class Python:
    def __init__(self, model, side, threads):
        self.detector = octet.Detector(model, size=(side, side), threads=threads, trusted=True)
        self.image = octet.read_image(IMAGE)

    def block(self, frames):
        times = []
        for _ in range(frames):
            begin = time.perf_counter_ns()
            self.detector(self.image)
            times.append((time.perf_counter_ns() - begin) / 1000)
        return times


def measure(model, side, args):
    """Medians of (Python, C++, difference of two neighbouring blocks), in microseconds."""
    cpp, python = Cpp(model, side, args.threads), Python(model, side, args.threads)
    cpp.block(args.frames), python.block(args.frames)  # the first frames are slower
    pairs = []
    for number in range(args.blocks):
        first, second = (python, cpp) if number % 2 else (cpp, python)
        times = {first: first.block(args.frames)}
        times[second] = second.block(args.frames)
        pairs.append((statistics.median(times[python]), statistics.median(times[cpp])))
    cpp.end()
    return (statistics.median(p for p, _ in pairs), statistics.median(c for _, c in pairs), statistics.median(p - c for p, c in pairs))


def as_text(result):
    """JSON with one row or column a line, as the other results have it."""
    def value_text(value):
        if isinstance(value, list):
            return "[\n    " + ",\n    ".join(json.dumps(item, ensure_ascii=False) for item in value) + "\n  ]"
        return json.dumps(value, ensure_ascii=False)
    return "{\n  " + ",\n  ".join(f'"{key}": {value_text(value)}' for key, value in result.items()) + "\n}\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--blocks", type=int, default=20, help="blocks of each of the two, a model")
    parser.add_argument("--frames", type=int, default=40, help="frames of a block")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("-o", "--output", type=pathlib.Path, help="file of bench/results to write")
    args = parser.parse_args()
    rows = []
    for name, model, side in SETTINGS:
        python, cpp, difference = measure(model, side, args)
        rows.append([name, round(cpp / 1000, 3), round(python / 1000, 3), round(difference)])
        print(f"{name}: C++ {cpp / 1000:.3f} ms, Python {python / 1000:.3f} ms, difference {difference:.0f} µs", flush=True)
    if args.output:
        result = {
            "title": "Python beside C++", "section": "speed", "order": 8, "date": datetime.date.today().isoformat(),
            "machine": {"processor": processor(), "cores": os.cpu_count()},
            "command": "bench/python_overhead.py",
            "conditions": f"the same array of 640×425 pixels to `octet.Detector` in Python and in C++; {args.threads} thread; "
                          f"{args.blocks} blocks of {args.frames} frames each, in turn; medians of the blocks' medians, and of their differences",
            "columns": [{"name": "model"}, {"name": "C++", "unit": "ms", "decimals": 3}, {"name": "Python", "unit": "ms", "decimals": 3},
                        {"name": "difference", "unit": "µs", "decimals": 0}],
            "rows": rows}
        args.output.write_text(as_text(result))


if __name__ == "__main__":
    main()
