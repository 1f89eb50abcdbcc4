"""Writes tests/data/coco_metric.json: made-up objects and detections, and what pycocotools (PyPI) makes of them. Not needed to build or test octet.

Crowds, all area ranges, classes without objects, equal scores, more than 100 detections an image. Numbers are multiples of 1/8 and 1/1024, so that float and
double agree on them.
"""
import contextlib
import io
import json
import pathlib

import numpy as np
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

rng = np.random.default_rng(5)
eighth = lambda v: round(float(v) * 8) / 8
images, annotations, detections = [], [], []
for image in range(1, 13):
    images.append(dict(id=image, width=640, height=480))
    for _ in range(int(rng.integers(0, 9)) if image != 3 else 0):
        side = float(np.exp(rng.uniform(np.log(8), np.log(260))))
        w, h = eighth(side), eighth(side * rng.uniform(0.6, 1.6))
        x, y = eighth(rng.uniform(0, 500)), eighth(rng.uniform(0, 300))
        points = []
        for _ in range(17):
            points += [eighth(x + rng.uniform(0, w)), eighth(y + rng.uniform(0, h)), int(rng.choice([0, 1, 2]))]
        crowd = int(rng.random() < 0.12)
        if rng.random() < 0.15:
            points = [0] * 51
        annotations.append(dict(id=len(annotations) + 1, image_id=image, category_id=int(rng.integers(1, 4)), bbox=[x, y, w, h], iscrowd=crowd,
                                area=eighth(w * h * rng.uniform(0.4, 0.9)), keypoints=points,
                                num_keypoints=sum(v > 0 for v in points[2::3])))
    count = 400 if image == 5 else int(rng.integers(5, 40))
    own = [a for a in annotations if a["image_id"] == image]
    for i in range(count):
        near = own[int(rng.integers(len(own)))] if own and rng.random() < 0.6 else None
        box = near["bbox"] if near else [rng.uniform(0, 500), rng.uniform(0, 300), rng.uniform(8, 200), rng.uniform(8, 200)]
        noise = rng.choice([0.01, 0.05, 0.2])
        x, y = (eighth(box[k] + rng.normal(0, noise) * box[k + 2]) for k in (0, 1))
        w, h = (max(1.0, eighth(box[k] * np.exp(rng.normal(0, noise)))) for k in (2, 3))
        points = []
        for k in range(17):
            px, py = (near["keypoints"][3 * k:3 * k + 2] if near else (x, y))
            points += [eighth(px + rng.normal(0, noise * w)), eighth(py + rng.normal(0, noise * h)), 1]
        detections.append(dict(image_id=image, category_id=near["category_id"] if near and rng.random() < 0.9 else int(rng.integers(1, 5)),
                               bbox=[x, y, w, h], score=int(rng.integers(1, 200)) / 1024, keypoints=points))

truth = dict(images=images, annotations=annotations,
             categories=[dict(id=i, name=f"class {i}", keypoints=[str(k) for k in range(17)], skeleton=[]) for i in range(1, 5)])
expected = {}
with contextlib.redirect_stdout(io.StringIO()):
    for kind in ("bbox", "keypoints"):
        coco = COCO()
        coco.dataset = json.loads(json.dumps(truth))
        coco.createIndex()
        kept = [{k: v for k, v in d.items() if k != ("keypoints" if kind == "bbox" else "bbox")} for d in detections]
        evaluation = COCOeval(coco, coco.loadRes(kept), kind)
        evaluation.evaluate(), evaluation.accumulate(), evaluation.summarize()
        expected[kind] = [float(v) for v in evaluation.stats]
out = pathlib.Path(__file__).parent.parent / "data/coco_metric.json"
out.write_text(json.dumps(dict(truth=truth, detections=detections, expected=expected), separators=(",", ":")))
print(out, out.stat().st_size, expected)
