#!/usr/bin/env python3
"""Times .tflite files of any origin in one LiteRT (XNNPACK), taking turns.

usage: bench/litert_files.py FILE FILE… [--rounds 40] [--threads 2]

Prints for each the median and the 90th percentile of a run in milliseconds, the median ratio to the first file in the same round, and
its size. Needs ai-edge-litert and numpy.
"""
import argparse
import os
import time

import numpy
from ai_edge_litert.interpreter import Interpreter


def load(file, threads):
    interpreter = Interpreter(model_path=file, num_threads=threads)
    interpreter.allocate_tensors()
    for detail in interpreter.get_input_details():
        noise = numpy.random.default_rng(1).integers(0, 256, detail["shape"])
        shift = 128 if detail["dtype"] == numpy.int8 else 0
        value = noise / 255 if detail["dtype"] == numpy.float32 else noise - shift
        interpreter.set_tensor(detail["index"], value.astype(detail["dtype"]))
    return interpreter


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="+")
    parser.add_argument("--rounds", type=int, default=40)
    parser.add_argument("--threads", type=int, default=2)
    args = parser.parse_args()
    interpreters = [load(file, args.threads) for file in args.files]
    times = numpy.zeros((args.rounds + 3, len(interpreters)))
    for row in times:
        for i, interpreter in enumerate(interpreters):
            began = time.perf_counter()
            interpreter.invoke()
            row[i] = 1e3 * (time.perf_counter() - began)
    times = times[3:]  # the first warm up
    for i, file in enumerate(args.files):
        ratio = numpy.median(times[:, i] / times[:, 0])
        print(f"{numpy.median(times[:, i]):7.1f} ms  p90 {numpy.percentile(times[:, i], 90):7.1f} ms  {ratio:5.2f}x  {os.path.getsize(file):>9} bytes  {file}")


if __name__ == "__main__":
    main()
