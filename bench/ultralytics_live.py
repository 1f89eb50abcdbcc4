"""Runs an Ultralytics model over a video as a user of theirs would, and prints one JSON object. A separate program, used by compare_live.py."""
import json
import resource
import sys
import time

process_start = time.time() - time.clock_gettime(time.CLOCK_BOOTTIME)
with open("/proc/self/stat") as stat:
    ticks = int(stat.read().rsplit(")", 1)[1].split()[19])
process_start += ticks / 100

import numpy as np  # noqa: E402
from ultralytics import YOLO  # noqa: E402

model, video = sys.argv[1:3]
stamps = []
for _ in YOLO(model, task="detect").predict(video, stream=True, imgsz=640, rect=False, verbose=False):
    if not stamps:
        first_result_ms = (time.time() - process_start) * 1e3
    stamps.append(time.perf_counter())
intervals = np.diff(stamps) * 1e3
usage = resource.getrusage(resource.RUSAGE_SELF)
print(json.dumps({
    "detected": len(stamps),
    "fps": (len(stamps) - 1) / (stamps[-1] - stamps[0]),
    "frame_ms_p50": float(np.percentile(intervals, 50)),
    "frame_ms_p99": float(np.percentile(intervals, 99)),
    "first_result_ms": first_result_ms,
    "rss_mb": usage.ru_maxrss / 1024,
    "cpu_ms_per_frame": (usage.ru_utime + usage.ru_stime) * 1e3 / len(stamps),
}))
