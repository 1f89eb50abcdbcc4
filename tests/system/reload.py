#!/usr/bin/env python3
"""Reloads under load: whether a frame is lost while configurations and models change.

usage: tests/system/reload.py MODEL CLIP.mp4 [--changes 100] [--sources 4] [--imgsz 320]

So many sources play the clip, whose every frame has to have a result. Meanwhile the configuration (another confidence) and the model file (a
copy) are replaced in turn, each as soon as octet says that the last change is in. Prints one JSON object: frames expected and found, in
order and each once, and how often it was read again. Takes as long as the clips do; a clip that ends before the changes is an error.
"""
import argparse
import json
import pathlib
import subprocess
import sys
import tempfile
import time
import urllib.request

from soak_parts import BIN, free_port, replace


class Box:
    def __init__(self, folder, args):
        self.folder, self.args, self.port = folder, args, free_port()
        self.model, self.file = folder / "model.safetensors", folder / "box.yaml"
        replace(self.model, pathlib.Path(args.model).read_bytes())
        self.configure(0.25)
        self.process = subprocess.Popen([BIN / "octet", "live", "--config", self.file, "--json"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)

    def configure(self, conf):
        clip = pathlib.Path(self.args.clip).resolve()
        sources = "".join(f"  clip{i}: {{address: {clip}}}\n" for i in range(self.args.sources))
        replace(self.file, (f"model: model.safetensors\nimgsz: {self.args.imgsz}\nconf: {conf}\nsources:\n{sources}"
                            f"http: {{address: 127.0.0.1:{self.port}}}\njsonl: {{file: out.jsonl}}\n").encode())

    def change(self, number):
        if number % 2:
            replace(self.model, pathlib.Path(self.args.model).read_bytes())
        else:
            self.configure(0.25 + number / 1000)

    def times(self):
        """How often it was read again; None when it does not answer."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/api/state", timeout=5) as answer:
                return json.load(answer)["configuration"]["times"]
        except (OSError, KeyError):
            return None


def run(args, folder):
    box, made = Box(folder, args), 0
    while box.times() is None and box.process.poll() is None:
        time.sleep(0.1)
    while made < args.changes and box.process.poll() is None:
        before, made = box.times(), made + 1
        box.change(made)
        while box.process.poll() is None and box.times() == before:
            time.sleep(0.05)
    in_time = box.process.poll() is None
    times = box.times()
    out, _ = box.process.communicate()
    summary, frames = json.loads(out), {}
    for line in (folder / "out.jsonl").open():
        result = json.loads(line)
        frames.setdefault(result["source"], []).append(result["frame"])
    counts = {s["name"]: s["frames"] for s in summary["sources"]}
    whole = all(frames.get(name) == list(range(count)) for name, count in counts.items())
    return {"kept": in_time and whole and len(counts) == args.sources, "changes": made, "read_again": times, "changed_before_the_end": in_time,
            "frames": sum(counts.values()), "results": sum(map(len, frames.values())), "each_once_in_order": whole}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model")
    parser.add_argument("clip")
    parser.add_argument("--changes", type=int, default=100)
    parser.add_argument("--sources", type=int, default=4)
    parser.add_argument("--imgsz", default="320")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="octet-reload.") as name:
        result = run(args, pathlib.Path(name))
    print(json.dumps(result, indent=1))
    sys.exit(0 if result["kept"] else 1)


if __name__ == "__main__":
    main()
