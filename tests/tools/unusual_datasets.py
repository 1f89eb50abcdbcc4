#!/usr/bin/env python3
"""unusual_datasets.py OUT.json: data sets as people have them, and what Ultralytics' loader makes of each.

A set is a few texts and the names of pictures. What Ultralytics reads of it is written beside it: the pictures it uses with
their boxes, or that it refuses the set. Where octet differs on purpose, the set says how ("octet") and why ("because").
src/eval/dataset/unusual_dataset_test.cpp writes the same files and compares. Needs ultralytics and pillow.
"""
import json
import os
import sys
import tempfile
from pathlib import Path

os.environ["YOLO_OFFLINE"] = "1"
os.environ["YOLO_AUTOINSTALL"] = "false"

BOX = "0 0.5 0.5 0.2 0.2\n"
TWO = "names: [a, b]\nval: images\n"
POSE = "names: [a]\nval: images\nkpt_shape: [2, 3]\nflip_idx: [1, 0]\n"


def one_a_label(labels, yaml=TWO):
    """A picture and its label file for each entry."""
    return {"data.yaml": yaml, **{f"labels/{name}.txt": text for name, text in labels.items()}}, [f"images/{n}.jpg" for n in labels]


SETS = {}


def add(name, made, octet=None, because=None):
    files, pictures = made
    yaml = next(f for f in files if f.endswith("data.yaml"))
    if "train:" not in files[yaml]:  # Ultralytics wants one
        files[yaml] += "train: images\n"
    SETS[name] = {"files": files, "pictures": pictures}
    if because:
        SETS[name].update({"octet": octet, "because": because})


add("doubled lines", one_a_label({"a": BOX * 2, "b": BOX + "1 0.5 0.5 0.2 0.2\n", "c": "0 0.5 0.5 0.2 0.2\n0 0.50 0.5 2e-1 .2\n"}))
add("polygons", one_a_label({
    "a": "0 0.1 0.1 0.5 0.1 0.5 0.7 0.1 0.7\n1 0.2 0.2 0.4 0.3 0.3 0.6\n",
    "odd": "0 0.1 0.1 0.5 0.1 0.5 0.7 0.1\n",
    "outside": "0 -0.2 0.1 0.5 0.1 0.5 0.7\n",
    "far": "0 -2 0.1 0.5 0.1 0.5 0.7\n",
    "doubled": "0 0.1 0.1 0.5 0.1 0.5 0.7 0.1 0.7\n" * 2}))
add("polygons and boxes in one file", one_a_label({"a": BOX + "0 0.1 0.1 0.5 0.1 0.5 0.7 0.1 0.7\n"}),
    {"images/a.jpg": [[0, 0.3, 0.4, 0.4, 0.6], [0, 0.5, 0.5, 0.2, 0.2]]},
    "Ultralytics leaves out a picture whose labels mix polygons and boxes")
add("byte order mark", one_a_label({"a": "\xef\xbb\xbf" + BOX, "b": BOX}))
add("byte order mark in data.yaml", one_a_label({"a": BOX}, "\xef\xbb\xbf" + TWO))
add("line ends of other systems", one_a_label({"windows": BOX.replace("\n", "\r\n") + "1 0.5 0.5 0.1 0.1\r\n",
                                               "mac": BOX.replace("\n", "\r") + "1 0.5 0.5 0.1 0.1\r", "none": BOX.strip()}))
add("boxes without size", one_a_label({"a": "0 0.5 0.5 0 0\n", "b": "0 0.5 0.5 0 0.1\n" + BOX}))
add("numbers as people write them", one_a_label({
    "a": "0.0 0.5 0.5 0.2 0.2\n", "b": "  0 0.5\t0.5   0.2 0.2  \t\n\n   \n", "c": "+0 5e-1 .5 0.20 +0.2\n", "d": "00 0.5 0.5 0.2 0.2\n"}))
add("nothing labelled", ({"data.yaml": TWO, "labels/empty.txt": "", "labels/blank.txt": "\n \n", "labels/b.txt": BOX},
                         [f"images/{n}.jpg" for n in ("empty", "blank", "missing", "b")]))
add("slightly outside", one_a_label({
    "a": "0 1.005 0.5 0.2 0.2\n", "b": "0 1.02 0.5 0.2 0.2\n", "c": "0 0.5 0.5 1.005 1\n", "d": "0 0.5 0.5 1.02 1\n",
    "e": "0 -0.005 0.5 0.2 0.2\n", "f": "0 -0.02 0.5 0.2 0.2\n", "g": "0 0.95 0.95 0.4 0.4\n", "h": BOX}))
add("negative sides", one_a_label({"a": "0 0.5 0.5 -0.2 0.2\n", "b": BOX}))
add("confidence in a sixth column", one_a_label({"a": "0 0.5 0.5 0.2 0.2 0.9\n", "b": BOX}))
add("too few numbers", one_a_label({"a": "0 0.5 0.5 0.2\n", "b": "0\n", "c": BOX + "0 0.5 0.5 0.2\n", "d": BOX}))
add("classes that are none", one_a_label({"a": "2 0.5 0.5 0.2 0.2\n", "b": "-1 0.5 0.5 0.2 0.2\n", "c": "a 0.5 0.5 0.2 0.2\n", "d": BOX}))
add("pixels", one_a_label({"a": "0 16 16 8 8\n", "b": BOX}))
add("no numbers", one_a_label({"a": "0 nan 0.5 0.2 0.2\n", "b": "0 0.5 0.5 inf 0.2\n", "c": "0 0,5 0,5 0,2 0,2\n", "d": "# note\n" + BOX,
                               "e": "0;0.5;0.5;0.2;0.2\n", "f": "\x00\x01\x02", "g": BOX.encode("utf-16").decode("latin-1"), "h": BOX}))
add("roboflow's paths", ({"data.yaml": "train: ../train/images\nval: ../valid/images\nnames: [a, b]\nnc: 2\n", "valid/labels/a.txt": BOX},
                         ["valid/images/a.jpg", "train/images/t.jpg"]))
add("paths that do lead up", ({"set/data.yaml": "train: ../images\nval: ../images\nnames: [a, b]\n", "labels/a.txt": BOX}, ["images/a.jpg"]))
add("nc against names", one_a_label({"a": BOX}, "nc: 4\n" + TWO))
add("nc without names", one_a_label({"a": "1 0.5 0.5 0.2 0.2\n", "b": "2 0.5 0.5 0.2 0.2\n"}, "nc: 2\nval: images\n"))
add("names as a map in any order", one_a_label({"a": "1 0.5 0.5 0.2 0.2\n"}, "names: {1: b, 0: a}\nval: images\n"))
add("names with a gap", one_a_label({"a": BOX}, "names: {0: a, 2: b}\nval: images\n"))
add("validation for val", one_a_label({"a": BOX}, "names: [a]\ntrain: images\nvalidation: images\n"))
add("list of pictures", ({"data.yaml": "names: [a]\nval: lists/val.txt\n",
                          "lists/val.txt": "./images/a.jpg\r\n./images/a b.jpg\n./images/gone.jpg\n./labels/a.txt\n\n",
                          "lists/labels/a.txt": BOX, "lists/labels/a b.txt": BOX * 2}, ["lists/images/a.jpg", "lists/images/a b.jpg", "lists/images/c.jpg"]))
add("extensions in capitals", ({"data.yaml": TWO, "labels/a.txt": BOX, "labels/b.txt": BOX, "labels/c.txt": BOX, "images/notes.md": "no picture"},
                               ["images/a.JPG", "images/b.Png", "images/c.JPEG"]))
add("spaces and dots in names", ({"data.yaml": "names: [a, b]\nval: my images/images\n", "my images/labels/a b.c.d.txt": BOX, "my images/labels/é.txt".encode().decode("latin-1"): BOX},
                                 ["my images/images/a b.c.d.jpg", "my images/images/é.jpg".encode().decode("latin-1")]))
add("labels beside pictures", ({"data.yaml": "names: [a, b]\nval: pictures\n", "pictures/a.txt": BOX}, ["pictures/a.jpg", "pictures/b.jpg"]))
add("hidden files", ({"data.yaml": TWO, "labels/a.txt": BOX}, ["images/a.jpg", "images/._a.jpg", "images/.ipynb_checkpoints/a-checkpoint.jpg"]))
add("folders in folders", ({"data.yaml": "path: .\nval: [images/x, images/y/images]\nnames: [a]\n", "labels/x/deep/a.txt": BOX, "images/y/labels/b.txt": BOX},
                           ["images/x/deep/a.jpg", "images/y/images/b.jpg"]))
add("two pictures of one name", ({"data.yaml": TWO, "labels/a.txt": BOX}, ["images/a.jpg", "images/a.png"]))
add("keypoints", one_a_label({
    "a": "0 0.5 0.5 0.2 0.2 0.4 0.4 2 0.6 0.6 1\n", "b": "0 0.5 0.5 0.2 0.2 0.4 0.4 2 0 0 0\n", "box": BOX,
    "few": "0 0.5 0.5 0.2 0.2 0.4 0.4 2\n", "share": "0 0.5 0.5 0.2 0.2 0.4 0.4 0.87 0.6 0.6 0.1\n",
    "outside": "0 0.5 0.5 0.2 0.2 0.4 1.2 2 0.6 0.6 1\n", "negative": "0 0.5 0.5 0.2 0.2 0.4 -0.2 2 0.6 0.6 1\n",
    "edge": "0 0.5 0.5 0.2 0.2 0.4 1.005 2 0.6 -0.005 1\n", "doubled": "0 0.5 0.5 0.2 0.2 0.4 0.4 2 0.6 0.6 1\n" * 2}, POSE))
add("keypoints without visibility", one_a_label({"a": "0 0.5 0.5 0.2 0.2 0.4 0.4 0.6 0.6\n", "b": "0 0.5 0.5 0.2 0.2 0 0 0.6 0.6\n",
                                                 "c": "0 0.5 0.5 0.2 0.2 -0.005 0.4 0.6 0.6\n"},
                                                POSE.replace("3]", "2]")),
    {"images/a.jpg": [[0, 0.5, 0.5, 0.2, 0.2, 0.4, 0.4, 1, 0.6, 0.6, 1]], "images/b.jpg": [[0, 0.5, 0.5, 0.2, 0.2, 0, 0, 0, 0.6, 0.6, 1]],
     "images/c.jpg": [[0, 0.5, 0.5, 0.2, 0.2, -0.005, 0.4, 0, 0.6, 0.6, 1]]},
    "Ultralytics takes 0 0 as a keypoint that is labelled in the picture's corner")
add("nothing usable", one_a_label({"a": "7 0.5 0.5 0.2 0.2\n"}))


def write(root, made):
    from PIL import Image
    for name, text in made["files"].items():
        path = root / os.fsdecode(name.encode("latin-1"))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode("latin-1"))
    for i, name in enumerate(made["pictures"]):
        path = root / os.fsdecode(name.encode("latin-1"))
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (32, 32), (8 * i % 256, 100, 100)).save(path)


def read(root, yaml, pose):
    from ultralytics.data.dataset import YOLODataset
    from ultralytics.data.utils import check_det_dataset
    os.chdir(root)
    data = check_det_dataset(str(root / yaml), autodownload=False)
    data.setdefault("channels", 3)
    found = YOLODataset(img_path=data["val"], data=data, task="pose" if pose else "detect", imgsz=32, augment=False, cache=False, prefix="")
    pictures = {}
    for label in found.labels:
        rows = [[int(c[0]), *map(float, b)] for c, b in zip(label["cls"], label["bboxes"])]
        if pose:
            rows = [r + [float(v) for p in k for v in (p[0], p[1], float(p[2] != 0))] for r, k in zip(rows, label["keypoints"])]
        name = os.path.relpath(label["im_file"], root)
        pictures[os.fsencode(name).decode("latin-1")] = sorted([round(v, 4) for v in r] for r in rows)
    return pictures, [data["names"][i] for i in sorted(data["names"])]


def main():
    out = Path(sys.argv[1]).resolve()
    for name, made in SETS.items():
        with tempfile.TemporaryDirectory() as folder:
            root = Path(folder).resolve()
            write(root, made)
            yaml = next(f for f in made["files"] if f.endswith("data.yaml"))
            try:
                made["ultralytics"], made["names"] = read(root, yaml, "kpt_shape" in made["files"][yaml])
            except Exception as e:  # noqa: BLE001: whatever it is, the set is refused
                print(f"{name}: {type(e).__name__}: {str(e)[:160]}", file=sys.stderr)
                made["ultralytics"] = None
    os.chdir("/")
    out.write_text("{\n" + ",\n".join(f"{json.dumps(n)}: {json.dumps(s)}" for n, s in SETS.items()) + "\n}\n")


if __name__ == "__main__":
    main()
