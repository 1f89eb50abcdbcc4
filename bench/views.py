#!/usr/bin/env python3
"""mAP50-95 of models on several views of the same validation pictures: as they are, mirrored, and moved by a few pixels.

usage: VENV/bin/python bench/views.py --data data.yaml [--engine onnxruntime] [--imgsz 640] MODEL…

What nothing but rounding decides falls out differently in each view, so that the mean says more of a model than one validation.
VENV: a Python environment with Pillow and PyYAML. Labels in 'labels' beside 'images'. Of a pose model the keypoints are judged.
"""
import argparse
import pathlib
import statistics
import tempfile

import yaml
from compare_live import run
from PIL import Image, ImageOps

OCTET = pathlib.Path(__file__).resolve().parent.parent / "build/bin/octet"
VIEWS = ((False, 0, 0), (True, 0, 0), (False, 13, 7), (True, 5, 19), (False, 27, 11), (True, 21, 3))  # mirrored, grey columns and rows added
GREY = (114, 114, 114)


def moved_points(points, pairs, size, view):
    """Of (x, y, …) as shares of a picture. `pairs`: which point is which in the mirror."""
    mirrored, right, down = view
    width, height = size
    if mirrored:
        points = [(1 - points[i][0], *points[i][1:]) for i in pairs]
    return [((x * width + right) / (width + right), (y * height + down) / (height + down), *rest) for x, y, *rest in points]


def moved(line, described, size, view):
    name, *numbers = line.split()
    x, y, w, h, *rest = map(float, numbers)
    _, right, down = view
    width, height = size
    box = [*moved_points([(x, y)], [0], size, view)[0], w * width / (width + right), h * height / (height + down)]
    count, each = described.get("kpt_shape", (0, 1))
    points = [tuple(rest[i * each : (i + 1) * each]) for i in range(count)]
    points = moved_points(points, described.get("flip_idx", range(count)), size, view)
    return " ".join([name, *(f"{v:.6f}" for v in [*box, *(v for point in points for v in point)])])


def picture_of(file):
    if file.stat().st_size < 300:  # a symbolic link, as Git writes it where there are none
        file = file.parent / file.read_text()
    return Image.open(file).convert("RGB")


def make_view(data, folder, view):
    """Writes the pictures, their labels and a data.yaml to the folder."""
    described = yaml.safe_load(data.read_text())
    images = pathlib.Path(described.get("path", data.parent)) / described["val"]
    labels = pathlib.Path(str(images).replace("/images/", "/labels/"))
    for kind in ("images", "labels"):
        (folder / kind / "val").mkdir(parents=True)
    for file in sorted(images.iterdir()):
        picture = picture_of(file)
        canvas = Image.new("RGB", (picture.width + view[1], picture.height + view[2]), GREY)
        canvas.paste(ImageOps.mirror(picture) if view[0] else picture, view[1:])
        canvas.save(folder / "images/val" / f"{file.stem}.png", compress_level=1)
        label = labels / f"{file.stem}.txt"
        if label.exists():
            lines = [moved(line, described, picture.size, view) for line in label.read_text().splitlines() if line.strip()]
            (folder / "labels/val" / label.name).write_text("\n".join(lines) + "\n")
    described.update(path=str(folder), train="images/val", val="images/val")
    (folder / "data.yaml").write_text(yaml.safe_dump(described))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", nargs="+")
    parser.add_argument("--data", required=True, type=pathlib.Path)
    parser.add_argument("--engine", default="onnxruntime")
    parser.add_argument("--imgsz", default="640")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        folders = [pathlib.Path(folder) / str(i) for i in range(len(VIEWS))]
        for view, to in zip(VIEWS, folders):
            make_view(args.data.resolve(), to, view)
        for model in args.models:
            scores = []
            for to in folders:
                val = [OCTET, "val", "--model", model, "--data", to / "data.yaml", "--engine", args.engine, "--imgsz", args.imgsz, "--json"]
                found = run(val)
                scores.append(found.get("pose_map50_95", found["map50_95"]))
            print(f"{statistics.mean(scores):.4f}  {' '.join(f'{s:.4f}' for s in scores)}  {model}", flush=True)


if __name__ == "__main__":
    main()
