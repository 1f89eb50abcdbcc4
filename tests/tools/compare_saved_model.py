#!/usr/bin/env python3
"""compare_saved_model.py OCTET MODEL [--imgsz 320] [--images FOLDER] [--count 8] [--layout raw] [--convert]

Exports MODEL with the program OCTET as SavedModel and as ONNX, and runs both on images. Prints for each output the largest difference
and the mean difference between TensorFlow and ONNX Runtime, as shares of the output's range: with ONNX Runtime's graph as it is written,
and optimized; and that between these two, since a value of an int8 network that is rounded otherwise changes many after it.
--convert lets TensorFlow's own converter make a .tflite of the SavedModel, and compares its integers with those of octet's .tflite.
Needs tensorflow (or tensorflow-cpu) and onnxruntime, which octet itself does not. The images are resized without letterboxing.
"""
import argparse
import collections
import os
import subprocess
import tempfile
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
import numpy
import onnxruntime
import tensorflow


def pictures(folder, count, sides):
    for path in sorted(Path(folder).glob("*.jpg"))[:count]:
        pixels = tensorflow.io.decode_jpeg(tensorflow.io.read_file(str(path)), channels=3)
        yield numpy.round(tensorflow.image.resize(pixels, sides).numpy()).astype(numpy.uint8)[None]


def input_sides(function, layout):
    """Height and width."""
    shape = list(function.structured_input_signature[1].values())[0].shape
    return tuple(shape[1:3] if layout == "raw" else shape[2:4])


def session(path, optimized):
    options = onnxruntime.SessionOptions()
    level = onnxruntime.GraphOptimizationLevel
    options.graph_optimization_level = level.ORT_ENABLE_ALL if optimized else level.ORT_DISABLE_ALL
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def run_onnx(network, layout, picture):
    port = network.get_inputs()[0]
    value = picture if layout == "raw" else numpy.ascontiguousarray(picture.transpose(0, 3, 1, 2), dtype=numpy.float32) / 255
    names = [output.name for output in network.get_outputs()]
    values = network.run(names, {port.name: value})
    return dict(zip(names, values))


def run_saved_model(function, layout, picture):
    name = list(function.structured_input_signature[1])[0]
    value = picture if layout == "raw" else picture.astype(numpy.float32) / 255
    values = {key: v.numpy() for key, v in function(**{name: tensorflow.constant(value)}).items()}
    return {key: v.transpose(0, 3, 1, 2) if layout == "raw" and v.ndim == 4 else v for key, v in values.items()}


class Differences:
    """The largest and the mean difference of each output, and the ends of its range."""

    def __init__(self):
        self.largest, self.low, self.high = {}, {}, {}
        self.means = collections.defaultdict(list)

    def add(self, wanted, found):
        assert wanted.keys() == found.keys(), (sorted(wanted), sorted(found))
        for name, value in wanted.items():
            assert value.shape == found[name].shape, (name, value.shape, found[name].shape)
            self.largest[name] = max(self.largest.get(name, 0), float(abs(value - found[name]).max()))
            self.means[name].append(float(abs(value - found[name]).mean()))
            self.low[name] = min(self.low.get(name, numpy.inf), float(value.min()))
            self.high[name] = max(self.high.get(name, -numpy.inf), float(value.max()))

    def print(self, title):
        print(title)
        for name, largest in self.largest.items():
            extent = self.high[name] - self.low[name]
            mean = numpy.mean(self.means[name])
            print(f"  {name:<20} largest {largest / extent:.2e}, mean {mean / extent:.2e} of {self.low[name]:.3f} … {self.high[name]:.3f}")


class LiteFile:
    """The convolutions of a .tflite file by the bytes of their weights."""

    def __init__(self, content):
        self.interpreter = tensorflow.lite.Interpreter(model_content=content, experimental_preserve_all_tensors=True)
        self.interpreter.allocate_tensors()
        self.tensors = {t["index"]: t for t in self.interpreter.get_tensor_details()}
        self.operators = self.interpreter._get_ops_details()
        self.convolutions = {}
        for op in self.operators:
            if op["op_name"] in ("CONV_2D", "DEPTHWISE_CONV_2D") and self.tensors[op["inputs"][1]]["dtype"] == numpy.int8:
                self.convolutions[self.interpreter.get_tensor(op["inputs"][1]).tobytes()] = op

    def scales(self, index):
        q = self.tensors[index]["quantization_parameters"]
        return q["scales"], q["zero_points"]

    def run(self, picture):
        """The outputs of the raw layout, as real values."""
        port = self.interpreter.get_input_details()[0]
        value = picture if port["dtype"] == numpy.uint8 else (picture ^ 128).view(numpy.int8)
        if self.interpreter.get_signature_list():
            return self.interpreter.get_signature_runner()(image=value)
        self.interpreter.set_tensor(port["index"], value)
        self.interpreter.invoke()
        values = {}
        for output in self.interpreter.get_output_details():
            scale, zero = output["quantization"]
            real = self.interpreter.get_tensor(output["index"]).astype(numpy.float32)
            values[output["name"]] = (real - zero) * numpy.float32(scale) if scale else real
        return values

    def counts(self):
        return dict(collections.Counter(op["op_name"] for op in self.operators if op["op_name"] != "DELEGATE").most_common())

    def activations(self):
        """How often each scale and zero point occurs among the results of operators."""
        found = collections.Counter()
        for op in self.operators:
            scales, zeros = self.scales(op["outputs"][0]) if len(op["outputs"]) else ([], [])
            if len(scales) == 1 and self.tensors[op["outputs"][0]]["dtype"] == numpy.int8:
                found[(float(scales[0]), int(zeros[0]))] += 1
        return found


def compare_lite(own, converted):
    print(f"octet's .tflite:     {own.counts()}")
    print(f"converter's .tflite: {converted.counts()}")
    values = equal = biases = equal_biases = farthest = 0
    same = collections.Counter()
    for weights, op in own.convolutions.items():
        other = converted.convolutions.get(weights)
        values += len(weights)
        if other is None:
            continue
        equal += len(weights)
        for part, index in (("weight scales", op["inputs"][1]), ("input", op["inputs"][0]), ("output", op["outputs"][0])):
            place = other["outputs"][0] if part == "output" else other["inputs"][1 if part == "weight scales" else 0]
            same[part] += all(numpy.array_equal(a, b) for a, b in zip(own.scales(index), converted.scales(place)))
        a = own.interpreter.get_tensor(op["inputs"][2]).astype(numpy.int64)
        b = converted.interpreter.get_tensor(other["inputs"][2]).astype(numpy.int64)
        biases += len(a)
        equal_biases += int((a == b).sum())
        farthest = max(farthest, int(abs(a - b).max()))
    count = len(own.convolutions)
    if count == 0:
        return
    print(f"convolutions: {count} of octet's, {len(converted.convolutions)} of the converter's; int8 weights equal: {equal} of {values}")
    for part, number in same.items():
        print(f"  {part}: scale and zero point equal in {number} of {count}")
    print(f"  biases equal: {equal_biases} of {biases}, farthest by {farthest}")
    wanted, found = own.activations(), converted.activations()
    print(f"  scales and zero points of octet's activations that the converter's file has: {len(wanted.keys() & found.keys())} of {len(wanted)}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("octet")
    parser.add_argument("model")
    parser.add_argument("--imgsz", help="of a YOLO model; other networks have one size")
    parser.add_argument("--images", default=Path(__file__).parents[2] / "samples/coco/images/val")
    parser.add_argument("--count", type=int, default=8)
    parser.add_argument("--layout", choices=["raw", "ultralytics"], default="raw")
    parser.add_argument("--convert", action="store_true")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([args.octet, "export", "--model", args.model, "--format", "saved_model,onnx,tflite",
                        *(["--imgsz", args.imgsz] if args.imgsz else []), "--layout", args.layout, "-o", folder], check=True)
        saved = next(Path(folder).glob("*_saved_model"))
        loaded = tensorflow.saved_model.load(str(saved))
        function = loaded.signatures["serving_default"]
        print(function.structured_input_signature, function.structured_outputs)
        sides = input_sides(function, args.layout)
        plain, optimized, both = Differences(), Differences(), Differences()
        network, fast = (session(next(Path(folder).glob("*.onnx")), optimize) for optimize in (False, True))
        for picture in pictures(args.images, args.count, sides):
            found = run_saved_model(function, args.layout, picture)
            as_written, as_optimized = (run_onnx(n, args.layout, picture) for n in (network, fast))
            plain.add(as_written, found)
            optimized.add(as_optimized, found)
            both.add(as_written, as_optimized)
        plain.print("TensorFlow and ONNX Runtime as written")
        optimized.print("TensorFlow and ONNX Runtime optimized")
        both.print("ONNX Runtime as written and optimized")
        if args.convert:
            converter = tensorflow.lite.TFLiteConverter.from_saved_model(str(saved))
            converter.optimizations = [tensorflow.lite.Optimize.DEFAULT]
            own, converted = LiteFile(next(Path(folder).glob("*.tflite")).read_bytes()), LiteFile(converter.convert())
            compare_lite(own, converted)
            if args.layout == "raw":
                difference = Differences()
                for picture in pictures(args.images, args.count, sides):
                    difference.add(own.run(picture), converted.run(picture))
                difference.print("octet's .tflite and the converter's")


main()
