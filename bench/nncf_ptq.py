#!/usr/bin/env python3
"""NNCF's post-training quantization of the same float model, for comparison: judged by 'octet val' like octet's own.

usage: bench/nncf_ptq.py FLOAT.xml IMAGES_FOLDER OUT.xml [--head-in-float] [--images 128]

FLOAT.xml is 'octet export --format openvino' of the float model (raw layout). Needs nncf, openvino, numpy and pillow.
--head-in-float leaves the detection head (model.22) as it is, which is what NNCF's and Ultralytics' recipes do.
"""
import argparse
import pathlib

import nncf
import numpy as np
import openvino as ov
from PIL import Image

GREY = 114


def letterboxed(path, width, height):
    image = Image.open(path).convert("RGB")
    scale = min(width / image.width, height / image.height)
    size = (round(image.width * scale), round(image.height * scale))
    canvas = Image.new("RGB", (width, height), (GREY,) * 3)
    canvas.paste(image.resize(size, Image.BILINEAR), ((width - size[0]) // 2, (height - size[1]) // 2))
    return np.asarray(canvas)[None]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model")
    parser.add_argument("images")
    parser.add_argument("output")
    parser.add_argument("--head-in-float", action="store_true")
    parser.add_argument("--images-used", type=int, default=128)
    args = parser.parse_args()
    model = ov.Core().read_model(args.model)
    _, height, width, _ = model.input().shape
    files = sorted(p for p in pathlib.Path(args.images).iterdir() if p.suffix.lower() in (".jpg", ".png"))[: args.images_used]
    data = nncf.Dataset([letterboxed(p, width, height) for p in files])
    ignored = nncf.IgnoredScope(patterns=["model\\.22\\..*"]) if args.head_in_float else None
    quantized = nncf.quantize(model, data, preset=nncf.QuantizationPreset.MIXED, subset_size=len(files), ignored_scope=ignored)
    ov.save_model(quantized, args.output, compress_to_fp16=False)


if __name__ == "__main__":
    main()
