#!/usr/bin/env python3
"""small_sets.py DATA MODEL [OPTION…]: does fine-tuning on few pictures get worse on the way?

DATA is a data.yaml whose train is a folder of pictures. Trains on all, a half and a quarter of them with three seeds, 10 epochs, batch 16, side 320, and prints
mAP50-95 after each epoch. The bounds: no epoch after the third is more than 0.1 below the best before it, and the best of the last three is within 0.01 of
the best of all. OPTIONs go to `octet train`, such as --lr 0.01.
"""
import csv
import os
import pathlib
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
PICTURES = {".jpg", ".jpeg", ".png"}
SHARES = os.environ.get("SHARES", "1 2 4").split()
SEEDS = os.environ.get("SEEDS", "0 1 2").split()


def train(folder, model, options):
    command = [ROOT / "build/bin/octet-train", "train", "--model", model, "--data", folder / "data.yaml", "--epochs", "10", "--batch", "16", "--imgsz", "320",
               "-o", folder / "run", "--overwrite", *options]
    subprocess.run([str(c) for c in command], check=True, capture_output=True)
    with open(folder / "run/results.csv", encoding="utf-8") as table:
        return [float(row["map50_95"]) for row in csv.DictReader(table)]


def main():
    data, model, options = pathlib.Path(sys.argv[1]).resolve(), sys.argv[2], sys.argv[3:]
    lines = data.read_text().splitlines()
    said = dict(line.split(":", 1) for line in lines if line.startswith(("train:", "val:")))
    others = "".join(f"{line}\n" for line in lines if not line.startswith(("path:", "train:", "val:", "test:")))
    root = data.parent
    pictures = sorted(p for p in (root / said["train"].strip()).iterdir() if p.suffix.lower() in PICTURES)
    good = True
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        for share in SHARES:
            kept = pictures[::int(share)]
            (folder / "train.txt").write_text("".join(f"{p}\n" for p in kept))
            (folder / "data.yaml").write_text(f"train: train.txt\nval: {root / said['val'].strip()}\n{others}")
            for seed in SEEDS:
                curve = train(folder, model, [*options, "--seed", seed])
                fall = max((max(curve[:i]) - curve[i] for i in range(3, len(curve))), default=0)
                behind = max(curve) - max(curve[-3:])
                good &= fall <= 0.1 and behind <= 0.01
                print(f"{len(kept):4} pictures, seed {seed}: {' '.join(f'{v:.3f}' for v in curve)}  fall {fall:.3f}, behind {behind:.3f}", flush=True)
    sys.exit(0 if good else 1)


if __name__ == "__main__":
    main()
