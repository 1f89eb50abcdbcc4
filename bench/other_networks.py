#!/usr/bin/env python3
"""other_networks.py DATA FOLDER [--bin BIN] [--networks NAME…] [--seeds N…] [--options "OPTION…"]: int8 pose networks of other programs beside float.

DATA is the folder with coco-pose/data.yaml and generic/ (MoveNet Lightning, PoseNet, BlazePose). Imports each network, quantizes it with each seed, exports
it, and runs float and int8 in every engine on crops of the validation persons. Prints AP by `octet val`, and how far the int8 outputs are from the float ones:
  MoveNet    mean OKS of its keypoints with a float score over 0.3, and their distance in parts of the crop
  PoseNet    share of such keypoints whose peak is in the same cell or the next
  BlazePose  distance of the points in parts of the crop, and share of equal presence where the float one is not between 0.4 and 0.6
All files lie in FOLDER; what is there is not made again, so that a stopped run goes on. Needs numpy and opencv-python-headless.
"""
import argparse
import json
import pathlib
import subprocess
import sys

import cv2
import numpy as np

ROOT = pathlib.Path(__file__).resolve().parent.parent
FILES = {"movenet": "movenet-lightning.onnx", "posenet": "posenet.onnx", "blazepose": "pose_landmark_lite.tflite"}
ENGINES = {"openvino": "xml", "onnxruntime": "onnx", "tflite": "tflite"}
SIGMA = np.array([0.26, 0.25, 0.25, 0.35, 0.35, 0.79, 0.79, 0.72, 0.72, 0.62, 0.62, 1.07, 1.07, 0.87, 0.87, 0.89, 0.89]) / 10  # COCO's
SEEN, MARGIN, LEAST_AREA, AREA = 0.3, 1.25, 1024, 0.53


def sigmoid(values):
    return 1 / (1 + np.exp(-np.clip(values, -60, 60)))


def read_picture(file):
    """A picture, also where a checkout without symbolic links has a text file with the path of it."""
    if file.stat().st_size < 256:
        file = file.parent / file.read_text().strip()
    return cv2.imread(str(file))


def persons(data):
    """File, box (centre and size, in pixels) of each person with a labelled keypoint."""
    for labels in sorted((data / "labels/val").glob("*.txt")):
        image = next((data / "images/val").glob(labels.stem + ".*"))
        height, width = read_picture(image).shape[:2]
        for line in labels.read_text().splitlines():
            v = np.array(line.split(), float)
            box = v[1:5] * [width, height, width, height]
            if box[2] * box[3] >= LEAST_AREA and (v[5:].reshape(-1, 3)[:, 2] > 0).any():
                yield image, box


def write_crops(data, folder, side):
    """A picture for each person, in the order of their names, and the boxes."""
    boxes = []
    folder.mkdir(parents=True, exist_ok=True)
    for i, (image, box) in enumerate(persons(data)):
        boxes.append(box)
        file = folder / f"{i:04}.png"
        if file.exists():
            continue
        scale = side / (MARGIN * max(box[2:]))
        move = np.array([[scale, 0, (side - 1) / 2 - scale * box[0]], [0, scale, (side - 1) / 2 - scale * box[1]]], np.float32)
        cv2.imwrite(str(file), cv2.warpAffine(read_picture(image), move, (side, side), flags=cv2.INTER_LINEAR))
    return np.array(boxes)


def movenet_joints(outputs):
    """(crops, 17, 3): x and y in parts of the crop, score."""
    heat, centre, regress, offset = (outputs[k] for k in ("heatmap", "center", "regress", "offset"))
    side = heat.shape[2]
    yy, xx = np.mgrid[0:side, 0:side]
    joints = np.zeros((len(heat), 17, 3))
    for i, poses in enumerate(joints):
        cy, cx = divmod(int((sigmoid(centre[i, 0]) / (np.hypot(yy - side / 2, xx - side / 2) + 1.8)).argmax()), side)
        for k in range(17):
            away = np.hypot(yy - (cy + regress[i, 2 * k, cy, cx]), xx - (cx + regress[i, 2 * k + 1, cy, cx])) + 1.8
            y, x = divmod(int((sigmoid(heat[i, k]) / away).argmax()), side)
            poses[k] = [(x + offset[i, 2 * k + 1, y, x]) / side, (y + offset[i, 2 * k, y, x]) / side, sigmoid(heat[i, k, y, x])]
    return joints


def compare_movenet(found, wanted, boxes):
    a, b = movenet_joints(found), movenet_joints(wanted)
    seen = b[..., 2] > SEEN
    crop = MARGIN * boxes[:, 2:].max(1)
    away = np.hypot(*(a - b)[..., :2].transpose(2, 0, 1))  # in parts of the crop
    area = AREA * boxes[:, 2] * boxes[:, 3]
    oks = np.exp(-((away * crop[:, None]) ** 2) / (2 * area[:, None] * (2 * SIGMA) ** 2))
    some = seen.any(1)
    mean = ((oks * seen).sum(1)[some] / seen.sum(1)[some]).mean()
    return {"oks": mean, "median": np.median(away[seen]), "p95": np.percentile(away[seen], 95)}


def compare_posenet(found, wanted, _boxes):
    def peaks(outputs):
        heat = outputs["heatmap"]
        flat = heat.reshape(*heat.shape[:2], -1)
        return np.stack(np.divmod(flat.argmax(2), heat.shape[3]), -1), sigmoid(flat.max(2))

    (a, _), (b, score) = peaks(found), peaks(wanted)
    near = np.abs(a - b).max(-1) <= 1
    return {"same_or_next": near[score > SEEN].mean(), "joints": int((score > SEEN).sum())}


def blazepose_points(outputs):
    """(crops, 33, 2) in pixels, and the presence. An int8 network has its points apart."""
    points = outputs["Identity_xy"].reshape(-1, 39, 2) if "Identity_xy" in outputs else outputs["Identity"].reshape(-1, 39, 5)
    return points[:, :33, :2], outputs["Identity_1"].reshape(-1)


def compare_blazepose(found, wanted, _boxes):
    (a, is_there), (b, was_there) = blazepose_points(found), blazepose_points(wanted)
    away = np.hypot(*(a - b).transpose(2, 0, 1)) / 256
    sure = (was_there < 0.4) | (was_there > 0.6)
    return {"median": np.median(away), "p95": np.percentile(away, 95), "median_present": np.median(away[was_there > 0.5]),
            "p95_present": np.percentile(away[was_there > 0.5], 95), "presence": ((is_there > 0.5) == (was_there > 0.5))[sure].mean()}


COMPARE = {"movenet": compare_movenet, "posenet": compare_posenet, "blazepose": compare_blazepose}
SIDES = {"movenet": 192, "posenet": 385, "blazepose": 256}


class Bench:
    def __init__(self, args):
        self.args, self.folder = args, args.folder
        self.data = args.data / "coco-pose"
        self.table = self.folder / "results.json"
        self.results = json.loads(self.table.read_text()) if self.table.exists() else {}

    def octet(self, *arguments):
        done = subprocess.run([str(self.args.bin / "octet"), *map(str, arguments)], capture_output=True, text=True)
        if done.returncode != 0:
            sys.exit(f"octet {' '.join(map(str, arguments))}: exit status {done.returncode}\n{done.stderr}")
        return done.stdout

    def once(self, key, make):
        """A figure that is measured once."""
        if key not in self.results:
            self.results[key] = make()
            self.table.write_text(json.dumps(self.results, indent=1))
        return self.results[key]

    def average_precision(self, file, engine=None):
        where = ["--engine", engine] if engine else []
        found = json.loads(self.octet("val", "--json", "--model", file, "--data", self.data / "data.yaml", *where))
        return found["pose_map50_95"]

    def outputs(self, file, name, engine=None):
        arrays = self.folder / f"raw/{file.stem}-{engine or 'float'}.npz"
        arrays.parent.mkdir(exist_ok=True)
        if not arrays.exists():
            where = ["--engine", engine] if engine else []
            self.octet("detect", "--model", file, "--source", self.folder / f"crops-{name}", "--raw", arrays, *where)
        return dict(np.load(arrays))

    def export(self, model):
        if not model.with_suffix(".tflite").exists():
            self.octet("export", "--model", model, "--format", "onnx,openvino,tflite", "-o", self.folder)

    def quantize(self, model, name, seed):
        int8 = self.folder / f"{name}-{seed}.safetensors"
        if not int8.exists():
            run = int8.with_name(int8.stem + "-run") / "last.safetensors"
            again = ["--resume"] if run.exists() else []
            told = self.octet("quantize", "--json", "--model", model, "--data", self.data / "data.yaml", "--seed", seed, "-o", int8, *again, *self.args.options)
            self.once(f"{name} {seed} quantize", lambda: json.loads(told))
        return int8

    def run(self, name):
        model = self.folder / f"{name}.safetensors"
        if not model.exists():
            self.octet("import", self.args.data / "generic" / FILES[name], "-o", model)
        boxes = write_crops(self.data, self.folder / f"crops-{name}", SIDES[name])
        wanted = self.outputs(model, name)
        print(f"{name}: float AP {self.once(f'{name} float AP', lambda: self.average_precision(model)):.4f}", flush=True)
        for seed in self.args.seeds:
            int8 = self.quantize(model, name, seed)
            self.export(int8)
            for engine, extension in ENGINES.items():
                file = int8.with_suffix("." + extension)
                key = f"{name} {seed} {engine}"
                ap = self.once(key + " AP", lambda f=file, e=engine: self.average_precision(f, e))
                near = self.once(key, lambda f=file, e=engine: {k: float(v) for k, v in COMPARE[name](self.outputs(f, name, e), wanted, boxes).items()})
                print(f"  seed {seed}, {engine}: AP {ap:.4f}, " + ", ".join(f"{k} {v:.4f}" for k, v in near.items()), flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=pathlib.Path)
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--bin", type=pathlib.Path, default=ROOT / "build/bin")
    parser.add_argument("--networks", nargs="+", choices=FILES, default=list(FILES))
    parser.add_argument("--seeds", nargs="+", default=["0", "1", "2"])
    parser.add_argument("--options", type=str.split, default=[], help="further options of octet quantize, as one word")
    bench = Bench(parser.parse_args())
    bench.folder.mkdir(parents=True, exist_ok=True)
    for name in bench.args.networks:
        bench.run(name)


if __name__ == "__main__":
    main()
