#!/usr/bin/env python3
"""octet's training beside Ultralytics', the same epochs in turn: images a second (loader included), seconds in all (judging included), mAP.

usage: bench/compare_train.py --python VENV/bin/python --model W.pt --data data.yaml [--test test.yaml] [--epochs 10] [--imgsz 320] [--batch 16]

VENV is a Python environment with ultralytics in it (a yardstick, run as a separate program, with its defaults). data.yaml has to name
its folder by an absolute "path:", as Ultralytics wants it. The pictures under "val:" of test.yaml, by default those of data.yaml, judge
both, by `octet val`.
"""
import argparse
import pathlib
import tempfile

from compare_live import run

HERE = pathlib.Path(__file__).resolve().parent
OCTET = HERE.parent / "build/bin/octet"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--python", required=True)
    parser.add_argument("--model", required=True)
    parser.add_argument("--data", required=True)
    parser.add_argument("--test")
    parser.add_argument("--epochs", default="10")
    parser.add_argument("--imgsz", default="320")
    parser.add_argument("--batch", default="16")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        ours = [OCTET, "train", "--model", args.model, "--data", args.data, "--epochs", args.epochs, "--imgsz", args.imgsz, "--batch", args.batch, "--json"]
        rows = {}
        for name, extra in (("octet", []), ("octet --bf16", ["--bf16"])):
            rows[name] = run([*ours, *extra, "-o", f"{folder}/{name}"])
            rows[name]["model"] = f"{folder}/{name}/best.safetensors"
        theirs = [args.python, HERE / "ultralytics_train.py", args.model, args.data, args.epochs, args.imgsz, args.batch, folder]
        rows["Ultralytics"] = run(theirs, YOLO_OFFLINE="1", YOLO_AUTOINSTALL="false")
        print(f"{'':14} {'images/s':>9} {'ratio':>6} {'seconds':>8} {'mAP50':>7} {'mAP50-95':>9}")
        for name, row in rows.items():
            judged = run([OCTET, "val", "--model", row["model"], "--data", args.test or args.data, "--imgsz", args.imgsz, "--json"])
            ratio = row["images_per_second"] / rows["Ultralytics"]["images_per_second"]
            print(f"{name:14} {row['images_per_second']:9.1f} {ratio:6.2f} {row['seconds']:8.0f} {judged['map50']:7.4f} {judged['map50_95']:9.4f}")


if __name__ == "__main__":
    main()
