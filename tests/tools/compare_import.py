#!/usr/bin/env python3
"""Compares what 'octet detect --raw' wrote with the original network in its own runtime, on the same images.

compare_import.py ORIGINAL.onnx|.tflite IMAGES MEAN STD OUTPUTS.npz…

Needs numpy and opencv, and onnxruntime or ai-edge-litert. The images have the size of the network's input. Each line has the largest
difference of one output, in parts of its range."""
import glob
import os
import sys

import cv2
import numpy as np


def pictures(folder, mean, std):
    for file in sorted(glob.glob(os.path.join(folder, '*'))):
        rgb = cv2.cvtColor(cv2.imread(file), cv2.COLOR_BGR2RGB).astype(np.float64)
        yield ((rgb - mean) / std).astype(np.float32)[None]


def run_onnx(file, images):
    import onnxruntime
    session = onnxruntime.InferenceSession(file)
    port = session.get_inputs()[0]
    names = [o.name for o in session.get_outputs()]
    rows = port.shape[3] == 3
    runs = [session.run(None, {port.name: x if rows else x.transpose(0, 3, 1, 2)}) for x in images]
    return {n: np.concatenate([r[i] for r in runs]) for i, n in enumerate(names)}


def run_tflite(file, images):
    from ai_edge_litert.interpreter import Interpreter
    interpreter = Interpreter(model_path=file)
    interpreter.allocate_tensors()
    outputs = {}
    for x in images:
        interpreter.set_tensor(interpreter.get_input_details()[0]['index'], x)
        interpreter.invoke()
        for o in interpreter.get_output_details():
            value = interpreter.get_tensor(o['index'])
            outputs.setdefault(o['name'], []).append(value.transpose(0, 3, 1, 2) if value.ndim == 4 else value)
    return {n: np.concatenate(v) for n, v in outputs.items()}


def main():
    original, folder = sys.argv[1:3]
    mean, std = (np.array([float(n) for n in text.split(',')]) for text in sys.argv[3:5])
    run = run_onnx if original.endswith('.onnx') else run_tflite
    expected = run(original, pictures(folder, mean, std))
    worst = 0.0
    for file in sys.argv[5:]:
        found = np.load(file)
        for name, value in expected.items():
            other = found[name].reshape(value.shape)
            difference = np.abs(other - value).max() / max(1e-9, float(value.max() - value.min()))
            worst = max(worst, difference)
            print(f'{os.path.basename(file):32} {name:24} {str(value.shape):22} {difference:.2e}')
    print(f'largest {worst:.2e}')
    sys.exit(int(worst > 1e-3))


if __name__ == '__main__':
    main()
