#!/usr/bin/env python3
"""How old results are of a camera that the machine cannot keep up with: octet, then Ultralytics on the same camera.

usage: tests/system/freshness.py MODEL THEIR_MODEL [--clip CLIP.mp4] [--minutes 10] [--their-minutes 10] [--python PYTHON] [octet live options …]

The camera is a real RTSP server, 30 frames a second, whose frames have the time at which they were made burned in. octet's ages come from
its results; the burned time is read back from the pictures of its page. Theirs is read from the frames that predict(stream=True) yields.
PYTHON has ultralytics and pillow; a clip needs ffmpeg. Prints one JSON object; milliseconds, of the first minute and the last.
"""
import argparse
import io
import json
import pathlib
import subprocess
import sys
import tempfile
import time
import urllib.request

from soak_parts import BIN, Camera, free_port, raw_frames

BITS, BLOCK = 24, 16  # as tests/tools/burned_time.h has it


def burned_age_ms(pixel):
    """pixel(x, y): a brightness."""
    burned = sum(1 << bit for bit in range(BITS) if pixel(bit * BLOCK + BLOCK // 2, BLOCK // 2) > 128)
    return (int(time.monotonic() * 1000) - burned) % (1 << BITS)


def quantile(values, share):
    values = sorted(values)
    return values[min(len(values) - 1, int(share * len(values)))] if values else None


def summary(ages, seconds):
    """ages: (second since the start, milliseconds)"""
    parts = {"first_minute": [a for t, a in ages if 5 <= t < 65], "last_minute": [a for t, a in ages if t > seconds - 60]}
    return {name: {"results": len(v), "p50": quantile(v, 0.5), "p99": quantile(v, 0.99)} for name, v in parts.items()}


def octet(args, address, seconds):
    from PIL import Image
    page = f"127.0.0.1:{free_port()}"
    with tempfile.TemporaryDirectory() as folder:
        lines = pathlib.Path(folder) / "out.jsonl"
        process = subprocess.Popen([BIN / "octet", "live", "--model", args.model, "--source", address, "--jsonl", lines, "--http", page, "--json", *args.options],
                                   stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        began, seen = time.monotonic(), []
        while time.monotonic() < began + seconds:
            time.sleep(5)
            try:
                urllib.request.urlopen(f"http://{page}/camera/0.jpg", timeout=5).read()  # wakes the drawing
                time.sleep(0.5)
                picture = urllib.request.urlopen(f"http://{page}/camera/0.jpg", timeout=5).read()
                image = Image.open(io.BytesIO(picture)).convert("L")
                age = burned_age_ms(lambda x, y: image.getpixel((x, y)))
                if age < 3_600_000:  # else a box's label lies over a bit
                    seen.append((time.monotonic() - began, age))
            except OSError:
                pass
        process.terminate()
        totals = json.loads(process.communicate(timeout=30)[0])
        results = [json.loads(line) for line in lines.read_text().splitlines()]
    start = results[0]["captured"]
    ages = [(r["captured"] - start, r["age_ms"]) for r in results]
    return {"age_ms": summary(ages, results[-1]["captured"] - start), "seen_on_the_page_ms": summary(seen, seconds), "fps": totals["fps"],
            "inference_ms_p50": totals["inference_ms_p50"], "overhead_ms_p50": totals["overhead_ms_p50"], "engine": totals["engine"], "precision": totals["precision"]}


THEIRS = """
import sys, time, json
sys.path.insert(0, sys.argv[1])
from freshness import burned_age_ms
from ultralytics import YOLO
began, ages = None, []
for result in YOLO(sys.argv[2], task="detect").predict(sys.argv[3], stream=True, imgsz=640, verbose=False):
    began = began or time.monotonic()
    frame = result.orig_img
    ages.append((time.monotonic() - began, burned_age_ms(lambda x, y: int(frame[y, x].mean()))))
    if ages[-1][0] > float(sys.argv[4]):
        break
print(json.dumps(ages))
"""


def theirs(args, address, seconds):
    command = [args.python, "-c", THEIRS, str(pathlib.Path(__file__).parent), args.their_model, address, str(seconds)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    ages = json.loads(done.stdout.splitlines()[-1])
    return {"age_ms": summary(ages, ages[-1][0]), "fps": len(ages) / ages[-1][0]}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model")
    parser.add_argument("their_model")
    parser.add_argument("--clip", help="what the camera shows; grey without it")
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--their-minutes", type=float, default=10)
    parser.add_argument("--python", default=sys.executable)
    args, args.options = parser.parse_known_args()
    with tempfile.TemporaryDirectory() as folder:
        camera = Camera(raw_frames(args.clip, folder) if args.clip else None)
        try:
            time.sleep(1)
            address = f"rtsp://127.0.0.1:{camera.port}/camera"
            print(json.dumps({"octet": octet(args, address, args.minutes * 60), "theirs": theirs(args, address, args.their_minutes * 60)}, indent=1))
        finally:
            camera.down()


if __name__ == "__main__":
    main()
