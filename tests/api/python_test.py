#!/usr/bin/env python3
"""python_test.py BIN SOURCE: the Python module gives the boxes of the command line, and exceptions for what is wrong."""
import gc
import json
import logging
import os
import pathlib
import subprocess
import sys
import tempfile
import threading
import unittest
import weakref

BIN, SOURCE = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
os.environ["OCTET_LIBRARY"] = str(BIN / "liboctet.so")
sys.path.insert(0, str(SOURCE / "python"))

import numpy as np  # noqa: E402

import octet  # noqa: E402

IMAGES = sorted((SOURCE / "samples/coco/images/val").iterdir())[:8]
INT8 = SOURCE / "samples/yolov8n-int8.safetensors"
TINY = SOURCE / "tests/data/checkpoints/v8.4.190-detect3.pt"
POSE = SOURCE / "tests/data/checkpoints/v8.4.190-pose1-half-ema.pt"


def command_line(model, side, confidence):
    with tempfile.TemporaryDirectory() as folder:
        for image in IMAGES:
            (pathlib.Path(folder) / image.name).symlink_to(image)
        done = subprocess.run([BIN / "octet", "detect", "--json", "--model", model, "--imgsz", str(side), "--conf", str(confidence), "--source", folder],
                              check=True, capture_output=True)
    return [image["detections"] for image in json.loads(done.stdout)["images"]]


def as_json(found):
    """As `octet detect --json` rounds it."""
    boxes = []
    for d in found:
        box = {"class": d.class_index, "name": d.name, "confidence": to_digits(d.confidence, 1e5), "box": [to_digits(v, 100) for v in d.box]}
        if d.keypoints is not None:
            box["keypoints"] = [[to_digits(x, 100), to_digits(y, 100), to_digits(c, 1e5)] for x, y, c in d.keypoints.tolist()]
        boxes.append(box)
    return boxes


def to_digits(value, unit):
    scaled = value * unit
    return float(np.copysign(np.floor(abs(scaled) + 0.5), scaled) / unit)


class Boxes(unittest.TestCase):
    def equal_command_line(self, model, side, confidence):
        detector = octet.Detector(model, size=(side, side))
        expected = command_line(model, side, confidence)
        self.assertGreaterEqual(sum(len(boxes) for boxes in expected), len(IMAGES))
        for image, boxes in zip(IMAGES, expected):
            self.assertEqual(as_json(detector(image, confidence=confidence)), boxes, image)
            self.assertEqual(as_json(detector(octet.read_image(image), confidence=confidence)), boxes, image)

    def test_boxes(self):
        self.equal_command_line(INT8, 320, 0.25)

    def test_keypoints(self):
        self.equal_command_line(POSE, 64, 0.01)

    def test_arrays(self):
        detector = octet.Detector(INT8, size=(320, 320))
        image = octet.read_image(IMAGES[1])
        found = detector(image)
        self.assertGreater(len(found), 0)
        self.assertEqual(found.boxes.dtype.names, ("class_index", "confidence", "x1", "y1", "x2", "y2", "track"))
        self.assertEqual(found.xyxy.shape, (len(found), 4))
        self.assertEqual(found.names, [d.name for d in found])
        self.assertIsNone(found.keypoints)
        wide = np.zeros((image.shape[0], image.shape[1] + 9, 4), np.uint8)
        wide[:, :-9, :3] = image
        for same in (detector(np.ascontiguousarray(image[:, :, ::-1]), order="bgr"), detector(image[:, :, ::-1], order="bgr"),
                     detector(image[::-1].copy()[::-1]), detector(wide[:, :-9, :3]), detector(np.asfortranarray(image))):
            self.assertTrue(np.array_equal(same.boxes, found.boxes))
        self.assertEqual(len(detector(np.broadcast_to(np.uint8(7), (50, 40, 3)))), 0)
        self.assertEqual(detector.input_size, (320, 320))
        self.assertEqual(len(detector.class_names), 80)

    def test_sequence(self):
        for model, side, confidence in ((INT8, 320, 0.1), (POSE, 64, 0.001)):
            found = octet.Detector(model, size=(side, side))(IMAGES[1], confidence=confidence)
            self.assertGreater(len(found), 2)
            every = as_json(found)
            for part in (slice(0, 1), slice(0, 2), slice(1, None), slice(None, None, -1), slice(5000, None)):
                self.assertIsInstance(found[part], octet.Detections)
                self.assertEqual(as_json(found[part]), every[part])
                self.assertEqual(found[part].names, found.names[part])
            for index in (0, -1, np.int64(1), -len(found)):
                self.assertIsInstance(found[index], octet.Detection)
                self.assertEqual(as_json([found[index]]), [every[index]])
            for index in (len(found), -len(found) - 1):
                with self.assertRaises(IndexError):
                    found[index]
            for index in (0.0, "0", [0], None):
                with self.assertRaises(TypeError):
                    found[index]
            self.assertEqual(as_json(reversed(found)), every[::-1])

    def test_zero_is_a_threshold(self):
        detector = octet.Detector(INT8, size=(320, 320))
        lowest = detector(IMAGES[1], confidence=1e-5)
        self.assertGreater(len(lowest), len(detector(IMAGES[1])))
        for confidence in (0, 0.0, 1e-50):
            self.assertTrue(np.array_equal(detector(IMAGES[1], confidence=confidence).boxes, lowest.boxes))
        apart = detector(IMAGES[1], confidence=0.01, iou=0)
        self.assertLess(len(apart), len(detector(IMAGES[1], confidence=0.01)))
        self.assertEqual(len(detector(IMAGES[1], confidence=0.001, max_detections=1)), 1)

    def test_threads(self):
        detectors = [octet.Detector(INT8, size=(320, 320), threads=1) for _ in range(2)]
        expected = [as_json(detectors[0](image)) for image in IMAGES]
        results = [[], [], []]

        def run(detector, out):
            out.extend(as_json(detector(image)) for image in IMAGES)

        threads = [threading.Thread(target=run, args=pair) for pair in zip((*detectors, detectors[0]), results)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(results, [expected] * 3)


class Version(unittest.TestCase):
    def test_package(self):
        self.assertIn(f'\nversion = "{octet.version()}"\n', (SOURCE / "python/pyproject.toml").read_text())


class Errors(unittest.TestCase):
    def test_files(self):
        with tempfile.TemporaryDirectory() as folder:
            text = pathlib.Path(folder) / "text.onnx"
            text.write_text("no model")
            whole = pathlib.Path(folder) / "whole.tflite"
            octet.export_model(TINY, whole, size=(64, 64))
            cut = pathlib.Path(folder) / "cut.tflite"
            cut.write_bytes(whole.read_bytes()[:2000])
            for model in (text, cut, "missing.tflite"):
                with self.assertRaisesRegex(octet.Error, pathlib.Path(model).name):
                    octet.Detector(model)
            with self.assertRaisesRegex(octet.Error, "missing.pt"):
                octet.import_checkpoint("missing.pt", pathlib.Path(folder) / "x.safetensors")
            self.assertEqual(octet.Detector(whole).input_size, (64, 64))

    def test_arguments(self):
        detector = octet.Detector(TINY, size=(64, 64))
        for image, words in ((np.zeros((4, 4), np.uint8), "shape"), (np.zeros((4, 4, 3)), "float64"), (np.zeros((0, 4, 3), np.uint8), "no pixels")):
            with self.assertRaisesRegex(octet.UsageError, words):
                detector(image)
        with self.assertRaisesRegex(octet.UsageError, "order"):
            detector(np.zeros((4, 4, 3), np.uint8), order="gbr")
        for name, values in (("confidence", (2, -0.1, -1e-50, float("nan"))), ("iou", (2, -0.1, float("nan"))),
                             ("max_detections", (0, -1, 2**32, 2**32 + 1))):
            for value in values:
                with self.assertRaisesRegex(octet.UsageError, f"^{name} "):
                    detector(np.zeros((4, 4, 3), np.uint8), **{name: value})
        for name, values in (("parallel", (0, -1, 2**32 + 1)), ("threads", (-1, 2**32, 5000))):
            for value in values:
                with self.assertRaisesRegex(octet.UsageError, f"^{name} "):
                    octet.Detector(TINY, size=(64, 64), **{name: value})
        with self.assertRaisesRegex(octet.UsageError, "width"):
            octet.Detector(TINY, size=(2**32 + 64, 64))
        with self.assertRaisesRegex(ValueError, "size 300x300"):
            octet.Detector(TINY, size=(300, 300))
        with self.assertRaisesRegex(octet.Error, "missing.jpg"):
            detector("missing.jpg")

    def test_log(self):
        with self.assertLogs("octet", "INFO") as logs:
            octet.Detector(TINY, size=(64, 64))
        self.assertIn("was trained with size 640", logs.output[0])

    def write_a_line(self, emit):
        """Gives a line of the library's log to `emit`."""
        handler = logging.Handler()
        handler.emit = emit
        logger = logging.getLogger("octet")
        logger.addHandler(handler)
        logger.setLevel(logging.INFO)
        try:
            octet.Detector(TINY, size=(64, 64))
        finally:
            logger.setLevel(logging.NOTSET)
            logger.removeHandler(handler)

    def test_log_may_collect_garbage(self):
        """It closes a detector that nothing but itself refers to, and may use the library."""
        gc.disable()  # until the handler does it
        cycle = {"detector": octet.Detector(TINY, size=(64, 64))}
        cycle["cycle"] = cycle
        closed = weakref.ref(cycle["detector"])
        del cycle
        self.write_a_line(lambda record: (gc.collect(), octet.read_image(IMAGES[0])))
        gc.enable()
        self.assertIsNone(closed())

    def test_log_may_wait_for_a_thread_that_closes(self):
        others, ended = [octet.Detector(TINY, size=(64, 64))], []

        def emit(record):
            thread = threading.Thread(target=others.clear)
            thread.start()
            thread.join(10)
            ended.append(not thread.is_alive())

        self.write_a_line(emit)
        self.assertEqual(ended, [True])


unittest.main(argv=sys.argv[:1])
