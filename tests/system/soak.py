#!/usr/bin/env python3
"""octet live under load and faults, against real parts: RTSP servers, a broker of MQTT, viewers of the page.

usage: tests/system/soak.py MODEL [--minutes 10] [--cameras 4] [--faults 0] [--seed 1] [--viewers 1] [--engine auto] [--imgsz 320]
       [--clip CLIP.mp4] [--video] [--only kill_camera,garble_camera]

A schedule of faults drawn from the seed: cameras killed, frozen and garbled, the wire to the broker cut, requests that are malformed,
slow or never read, configurations right and wrong, models swapped and broken, the clock set wrong, the disk full (as root), an engine that
fails (TensorFlow Lite). The cameras show the clip, or grey. Prints one JSON object: whether all that was promised was kept, and the figures. Needs the test programs (make build), mosquitto
and mosquitto-clients, for a clip ffmpeg, and for faults libfaketime.
"""
import argparse
import collections
import contextlib
import json
import os
import pathlib
import random
import selectors
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time

from soak_parts import Box, Camera, Ear, Wire, free_port, raw_frames, small_disk


def view(box, count, stop):
    """Looks at a camera as so many browsers do, and takes as little of the processor as can be: what is measured is octet."""
    selector, buffer = selectors.DefaultSelector(), bytearray(1 << 20)
    while not stop.is_set():
        try:
            while len(selector.get_map()) < count:
                s = box.connect()
                s.sendall(b"GET /camera/0.mjpeg HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
                selector.register(s, selectors.EVENT_READ)
        except OSError:
            time.sleep(0.5)
        for key, _ in selector.select(0.5):
            try:
                alive = key.fileobj.recv_into(buffer)
            except OSError:
                alive = 0
            if not alive:
                selector.unregister(key.fileobj)
                key.fileobj.close()


class Faults:
    """Each takes a few tenths of a second or sets a time for its end."""

    def __init__(self, box, rng, only, disk_is_small):
        self.box, self.rng, self.held, self.later, self.counts = box, rng, [], [], collections.Counter()
        self.away, self.back_after = {}, []  # cameras that were started again, and since when
        self.all = [self.kill_camera, self.garble_camera, self.freeze_camera, self.cut_wire, self.bad_request, self.slow_request,
                    self.viewer_that_never_reads, self.new_configuration, self.wrong_configuration, self.new_model, self.broken_model, self.hang_up,
                    self.set_clock, self.fail_engine]
        if disk_is_small:
            self.all.append(self.full_disk)
        if only:
            self.all = [f for f in self.all if f.__name__ in only.split(",")]

    def one(self):
        fault = self.rng.choice(self.all)
        self.counts[fault.__name__] += 1
        fault()

    def after(self, seconds, action):
        self.later.append((time.monotonic() + seconds, action))

    def due(self, everything=False):
        for item in [i for i in self.later if everything or i[0] <= time.monotonic()]:
            self.later.remove(item)
            item[1]()

    def healthy_camera(self):
        up = [c for c in self.box.cameras[1:] if c.process]  # the first is never touched
        return self.rng.choice(up) if up else None

    def kill_camera(self):
        if camera := self.healthy_camera():
            camera.down()
            self.after(self.rng.uniform(0.1, 2), lambda: self.start(camera))

    def garble_camera(self):
        if camera := self.healthy_camera():
            camera.garble()
            self.after(self.rng.uniform(0.5, 2), lambda: self.start(camera))

    def start(self, camera):
        camera.up()
        self.away[self.box.cameras.index(camera)] = time.monotonic()

    def who_is_back(self):
        """Seconds from the camera's being there again to its first picture."""
        if self.away:
            states = self.box.state()["cameras"]
            for i in [i for i in self.away if states[i]["state"] == "up"]:
                self.back_after.append(time.monotonic() - self.away.pop(i))

    def freeze_camera(self):
        if camera := self.healthy_camera():
            process = camera.process
            process.send_signal(signal.SIGSTOP)
            self.after(self.rng.uniform(0.5, 4), lambda: process.send_signal(signal.SIGCONT))

    def cut_wire(self):
        self.box.wire.severed.set()

    def bad_request(self):
        with self.box.connect() as s:
            s.sendall(self.rng.choice([b"\0" * 100, b"GET / HTTP/9.9\r\n\r\n", b"POST /api/settings HTTP/1.1\r\nContent-Length: 99999999\r\n\r\n",
                                       b"GET /../../etc/passwd HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", os.urandom(3000)]))

    def slow_request(self):
        s = self.box.connect()
        s.sendall(b"GET /api/state HTTP/1.1\r\nHo")
        self.hold(s)

    def viewer_that_never_reads(self):
        s = self.box.connect()
        s.sendall(b"GET /camera/0.mjpeg HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        self.hold(s)

    def hold(self, s):
        self.held.append(s)
        if len(self.held) > 20:
            self.held.pop(0).close()

    def new_configuration(self):
        self.box.configure(conf=self.rng.choice([0.2, 0.25, 0.3]))

    def wrong_configuration(self):
        self.box.configure(wrong=self.rng.choice(["conf: 7\n", "cnof: 0.2\n", "[\n"]))
        self.after(0.6, self.box.configure)

    def new_model(self):
        self.box.swap_model(broken=False)

    def broken_model(self):
        self.box.swap_model(broken=True)
        self.after(0.6, lambda: self.box.swap_model(broken=False))

    def hang_up(self):
        self.box.process.send_signal(signal.SIGHUP)

    def set_clock(self):
        self.box.set_clock(self.rng.choice(["+30d", "-30d", "+2h", "-2h"]))
        self.after(self.rng.uniform(0.5, 3), lambda: self.box.set_clock("+0"))

    def full_disk(self):
        self.box.fill_disk()
        self.after(self.rng.uniform(0.5, 3), self.box.free_disk)

    def fail_engine(self):
        self.box.failures.write_text(str(self.rng.randint(1, 3)))

    def end(self):
        self.due(everything=True)
        for s in self.held:
            s.close()


def lines_of(folder):
    """All results, and how many lines are broken."""
    results, broken = [], 0
    for file in folder.glob("out*.jsonl"):
        for line in file.open():
            try:
                results.append(json.loads(line))
            except ValueError:
                broken += 1
    return results, broken


def quantile(values, share):
    values = sorted(values)
    return values[min(len(values) - 1, int(share * len(values)))] if values else None


def course(samples, key):
    """Once settled, after five minutes or the half, and at the end: means over a part of the time, since pictures in flight come and go."""
    end = samples[-1]["seconds"]
    part, begin = min(300, end / 4), min(300, end / 2)
    settled = [s[key] for s in samples if begin <= s["seconds"] <= begin + part]
    last = [s[key] for s in samples if s["seconds"] >= end - part]
    return {"settled": statistics.mean(settled), "end": statistics.mean(last), "last": samples[-1][key], "most": max(s[key] for s in samples)}


def run(args, folder, disk_is_small):
    broker_port = free_port()
    (folder / "mosquitto.conf").write_text(f"listener {broker_port} 127.0.0.1\nallow_anonymous true\nmax_queued_messages 0\n")
    broker = subprocess.Popen(["mosquitto", "-c", folder / "mosquitto.conf"], env=os.environ | {"PATH": os.environ["PATH"] + ":/usr/sbin"}, stderr=subprocess.DEVNULL)
    time.sleep(1)
    ear, wire = Ear(broker_port), Wire(broker_port)
    frames = raw_frames(args.clip, folder) if args.clip else None
    cameras = [Camera(frames) for _ in range(args.cameras)]
    time.sleep(2)
    box, stop = Box(folder, args, cameras, wire), threading.Event()
    time.sleep(8)
    threading.Thread(target=view, args=(box, args.viewers, stop), daemon=True).start()
    faults, samples, began = Faults(box, random.Random(args.seed), args.only, disk_is_small), [], time.monotonic()
    seconds = args.minutes * 60
    next_fault = began
    try:
        while (now := time.monotonic()) < began + seconds and box.process.poll() is None:
            if args.faults and now >= next_fault:
                faults.one()
                next_fault += seconds / args.faults
            faults.due()
            faults.who_is_back()
            if not samples or now - samples[-1]["at"] >= 10:
                samples.append({"at": now, "seconds": round(now - began), **box.resources()})
            time.sleep(0.05)
        faults.end()
        time.sleep(25 if args.faults else 1)  # cameras that are down are tried again after 15 s at most
        if (status := box.process.poll()) is not None:
            sys.exit(f"octet ended by itself, with {status}; its log ends in:\n{(folder / 'log').read_text()[-2000:]}")
        state = box.state()
        samples.append({"seconds": round(time.monotonic() - began), **box.resources()})
    finally:
        stop.set()
        box.process.send_signal(signal.SIGINT)
        try:
            out, _ = box.process.communicate(timeout=20)
        except subprocess.TimeoutExpired:
            out = ""
            box.process.kill()
        for camera in cameras:
            camera.down()
        time.sleep(2)
        ear.process.kill()
        broker.kill()
    return report(args, folder, json.loads(out or "{}"), state, samples, ear, faults)


def report(args, folder, summary, state, samples, ear, faults):
    results, broken = lines_of(folder / "disk")
    clock = quantile([r["captured"] for r in results], 0.5)
    everything, results = results, [r for r in results if abs(r["captured"] - clock) < max(3600, samples[-1]["seconds"])]
    start = min(r["captured"] for r in results)
    end = max(r["captured"] for r in results)
    first = [r["age_ms"] for r in results if start + 20 < r["captured"] < start + 80]
    last = [r["age_ms"] for r in results if r["captured"] > end - 60]
    delivered = summary.get("mqtt", {}).get("delivered", 0)
    log = (folder / "log").read_text()
    frames = collections.defaultdict(list)
    for r in everything:
        frames[r["source"]].append(r["frame"])
    promises = {
        "it ended when asked, with its summary": summary.get("interrupted") is True,
        "every camera is up at the end": all(c["state"] == "up" for c in state["cameras"]),
        "lines are whole": broken == 0,
        "no frame is told twice": all(len(set(f)) == len(f) for f in frames.values()),
        "what was delivered arrived": ear.count() >= delivered,
    }
    return {
        "kept": all(promises.values()), "promises": promises, "seconds": samples[-1]["seconds"], "faults": sum(faults.counts.values()), "by_kind": faults.counts,
        "seconds_to_come_back": {"cameras": len(faults.back_after), "p50": quantile(faults.back_after, 0.5), "most": max(faults.back_after, default=None)},
        "results": len(everything), "under_a_wrong_clock": len(everything) - len(results), "engine_failures": log.count("the engine failed"), "disk_was_full": log.count("No space left") + log.count("the disk is full"),
        "fps": summary.get("fps"), "inference_ms_p50": summary.get("inference_ms_p50"), "overhead_ms_p50": summary.get("overhead_ms_p50"),
        "age_ms": {"p50": summary.get("age_ms_p50"), "p99": summary.get("age_ms_p99"), "first_minute_p99": quantile(first, 0.99), "last_minute_p99": quantile(last, 0.99)},
        "by_camera": {s["name"]: {"detected": s["detected"], "openings": s["openings"]} for s in summary.get("sources", [])},
        "mqtt": {"delivered": delivered, "lost": summary.get("mqtt", {}).get("lost"), "heard": ear.count()},
        "configuration": state.get("configuration"),
        "rss_mb": course(samples, "rss_mb"),
        "own_mb": course(samples, "own_mb") | {"by_time": [round(s["own_mb"], 2) for s in samples[:: max(1, len(samples) // 24)]]},  # without files' pages
        "threads": course(samples, "threads"),
        "descriptors": course(samples, "descriptors"),
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model")
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--cameras", type=int, default=4)
    parser.add_argument("--faults", type=int, default=0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--viewers", type=int, default=1)
    parser.add_argument("--engine", default="auto")
    parser.add_argument("--imgsz", default="320")
    parser.add_argument("--clip", help="what the cameras show")
    parser.add_argument("--video", action="store_true", help="with one camera: write an annotated video too")
    parser.add_argument("--only", default="", help="these faults alone")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="octet-soak.") as name:
        folder = pathlib.Path(name)
        with small_disk(folder / "disk") if args.faults else contextlib.nullcontext(False) as disk_is_small:
            result = run(args, folder, disk_is_small)
            if not result["kept"]:
                kept = shutil.copytree(folder, tempfile.mkdtemp(prefix="octet-soak-failed.") + "/run")
                print(f"what is left of it: {kept}", file=sys.stderr)
    print(json.dumps(result, indent=1))
    sys.exit(0 if result["kept"] else 1)


if __name__ == "__main__":
    main()
