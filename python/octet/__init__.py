"""Finds objects in images.

    detector = octet.Detector("yolov8n.safetensors")
    for found in detector("street.jpg"):
        print(found.name, found.confidence, found.box)

Images are files, or NumPy arrays of shape (height, width, 3) and type uint8, in the order red, green, blue. An image of
OpenCV is in the order blue, green, red: pass ``order="bgr"``. Coordinates are pixels of the image.

Log lines of the library go to the logger "octet" of the module logging, when the call that made them is over.
"""

from __future__ import annotations

import ctypes
import dataclasses
import operator
import os
from typing import Iterator, List, Optional, Tuple, Union, overload

import numpy as np

from . import _library
from ._library import Error, UsageError, check, keep_line, library

__all__ = ["Detection", "Detections", "Detector", "Error", "UsageError", "export_model", "import_checkpoint", "read_image", "version"]

Path = Union[str, "os.PathLike[str]"]

_BOX = np.dtype([("class_index", np.int32), ("confidence", np.float32), ("x1", np.float32), ("y1", np.float32),
                 ("x2", np.float32), ("y2", np.float32), ("track", np.int64)])
_ORDERS = {"rgb": 0, "bgr": 1}
_LARGEST = 2**31 - 1  # of an integer of the library
_SMALLEST_SHARE = float(np.finfo(np.float32).tiny)


def version() -> str:
    """Of the library that is loaded, such as "0.2.0"."""
    return library.octet_version().decode()


@dataclasses.dataclass(frozen=True)
class Detection:
    """One object. `keypoints` has the shape (count, 3): x, y and confidence; None where the model has none."""

    class_index: int
    name: str
    confidence: float
    x1: float
    y1: float
    x2: float
    y2: float
    keypoints: Optional[np.ndarray] = None

    @property
    def box(self) -> Tuple[float, float, float, float]:
        return self.x1, self.y1, self.x2, self.y2


class Detections:
    """The objects of one image, by falling confidence: a sequence of Detection, and the same as arrays.

    boxes      structured array with the fields class_index, confidence, x1, y1, x2, y2, track
    keypoints  float32 array of shape (objects, keypoints, 3), or None where the model has no keypoints
    """

    def __init__(self, boxes: np.ndarray, keypoints: Optional[np.ndarray], class_names: List[str]):
        self.boxes = boxes
        self.keypoints = keypoints
        self._class_names = class_names

    @property
    def xyxy(self) -> np.ndarray:
        """float32 array of shape (objects, 4): x1, y1, x2, y2."""
        return np.stack([self.boxes[field] for field in ("x1", "y1", "x2", "y2")], axis=-1)

    @property
    def names(self) -> List[str]:
        """Class name of each object."""
        return [self._class_names[index] for index in self.boxes["class_index"]]

    def __len__(self) -> int:
        return len(self.boxes)

    @overload
    def __getitem__(self, index: int) -> Detection: ...

    @overload
    def __getitem__(self, index: slice) -> Detections: ...

    def __getitem__(self, index: Union[int, slice]) -> Union[Detection, Detections]:
        if isinstance(index, slice):
            return Detections(self.boxes[index], None if self.keypoints is None else self.keypoints[index], self._class_names)
        index = operator.index(index)
        box = self.boxes[index]
        class_index = int(box["class_index"])
        return Detection(class_index, self._class_names[class_index], float(box["confidence"]), float(box["x1"]), float(box["y1"]),
                         float(box["x2"]), float(box["y2"]), None if self.keypoints is None else self.keypoints[index])

    def __iter__(self) -> Iterator[Detection]:
        return (self[index] for index in range(len(self)))

    def __repr__(self) -> str:
        return f"<octet.Detections: {', '.join(self.names) or 'nothing'}>"


class Detector:
    """A model that is ready to look at images. It may be used from several threads.

    model      a model file, a checkpoint (.pt), an .onnx, .tflite or .xml export
    engine     "auto", "openvino", "onnxruntime", "tflite" or "armnn"
    size       (width, height) of the input, in multiples of 32; None: the model's own
    threads    for inference; 0: one a core
    parallel   calls that run at the same time
    reduced_precision  bf16 or fp16 where the processor has them: faster, and nearly the same results
    delegate   a TensorFlow Lite delegate's library
    cache      folder for networks that OpenVINO compiled
    trusted    loads the file without a trial in a process of its own; for files that you made
    """

    def __init__(self, model: Path, *, engine: str = "auto", size: Optional[Tuple[int, int]] = None, threads: int = 0, parallel: int = 1,
                 reduced_precision: bool = False, delegate: Optional[str] = None, cache: Optional[Path] = None, trusted: bool = False):
        self._handle = ctypes.c_void_p()
        self._log = keep_line  # has to live as long as the handle
        width, height = _size(size)
        options = _library.DetectorOptions(
            engine=engine.encode(), width=width, height=height, threads=_whole("threads", threads, 0), parallel=_whole("parallel", parallel, 1),
            reduced_precision=reduced_precision, trusted=trusted, delegate=delegate.encode() if delegate else None,
            cache=os.fsencode(cache) if cache else None, log=self._log)
        check(library.octet_detector_open(os.fsencode(model), options, ctypes.byref(self._handle)))
        count = library.octet_class_count(self._handle)
        self.class_names: List[str] = [library.octet_class_name(self._handle, i).decode("utf-8", "replace") for i in range(count)]
        self.keypoints: int = library.octet_keypoint_count(self._handle)
        self.engine: str = library.octet_engine(self._handle).decode()

    @property
    def input_size(self) -> Tuple[int, int]:
        """(width, height) of the network's input."""
        width, height = ctypes.c_int32(), ctypes.c_int32()
        library.octet_input_size(self._handle, ctypes.byref(width), ctypes.byref(height))
        return width.value, height.value

    def __call__(self, image: Union[np.ndarray, Path], *, confidence: float = 0.25, iou: float = 0.7, max_detections: int = 300,
                 order: str = "rgb") -> Detections:
        """The objects in an image file, or in an array of shape (height, width, 3) and type uint8."""
        options = _library.DetectOptions(confidence=_share("confidence", confidence), iou=_share("iou", iou),
                                         max_detections=_whole("max_detections", max_detections, 1))
        found = ctypes.c_void_p()
        if isinstance(image, np.ndarray):
            array, view = _view_of(image, order)
            check(library.octet_detect(self._handle, view, options, ctypes.byref(found)))
            del array  # its pixels were needed until here
        else:
            check(library.octet_detect_file(self._handle, os.fsencode(image), options, ctypes.byref(found)))
        try:
            return self._take(found)
        finally:
            library.octet_detections_close(found)

    def _take(self, found: ctypes.c_void_p) -> Detections:
        count = ctypes.c_size_t()
        first = library.octet_detections_all(found, ctypes.byref(count))
        boxes = _copy_of(first, (count.value,), _BOX)
        if self.keypoints == 0:
            return Detections(boxes, None, self.class_names)
        point = library.octet_detections_keypoints(found, ctypes.byref(count))
        return Detections(boxes, _copy_of(point, (len(boxes), self.keypoints, 3), np.float32), self.class_names)

    def __del__(self) -> None:
        if getattr(self, "_handle", None) and library is not None:  # it is None when Python ends
            library.octet_detector_close(self._handle)


def read_image(file: Path) -> np.ndarray:
    """The pixels of an image file: uint8, (height, width, 3), red first, turned as the file says."""
    handle = ctypes.c_void_p()
    check(library.octet_image_read(os.fsencode(file), ctypes.byref(handle)))
    try:
        view = library.octet_image_view(handle)
        return _copy_of(view.data, (view.height, view.width, 3), np.uint8)
    finally:
        library.octet_image_close(handle)


def import_checkpoint(checkpoint: Path, model: Path) -> None:
    """Reads an Ultralytics checkpoint (.pt) and writes octet's model file (.safetensors)."""
    check(library.octet_import(os.fsencode(checkpoint), os.fsencode(model)))


def export_model(model: Path, file: Path, *, size: Optional[Tuple[int, int]] = None) -> None:
    """Writes a model as .onnx, .tflite, .xml or _saved_model, whichever `file` ends with."""
    width, height = _size(size)
    check(library.octet_export(os.fsencode(model), os.fsencode(file), width, height))


# The library takes 0 for "not given", and ctypes cuts an integer that is too large: neither may happen to what the user gave.
def _share(name: str, value: float) -> float:
    if not 0 <= value <= 1:  # nor NaN
        raise UsageError(f"{name} {value}: expected a number from 0 to 1")
    return max(float(value), _SMALLEST_SHARE)


def _whole(name: str, value: int, least: int) -> int:
    value = operator.index(value)
    if not least <= value <= _LARGEST:
        raise UsageError(f"{name} {value}: expected a number from {least} to {_LARGEST}")
    return value


def _size(size: Optional[Tuple[int, int]]) -> Tuple[int, int]:
    width, height = size or (0, 0)
    return _whole("width", width, 0), _whole("height", height, 0)


def _copy_of(pointer: object, shape: Tuple[int, ...], dtype: object) -> np.ndarray:
    out = np.empty(shape, dtype)
    if out.size:
        ctypes.memmove(out.ctypes.data, pointer, out.nbytes)
    return out


def _view_of(image: np.ndarray, order: str) -> Tuple[np.ndarray, _library.View]:
    """The array whose pixels the view shows, and the view. Pixels are copied only where they do not lie side by side."""
    if order not in _ORDERS:
        raise UsageError(f"order {order!r}: expected 'rgb' or 'bgr'")
    if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8:
        raise UsageError(f"image: expected an array of shape (height, width, 3) and type uint8, and got {image.shape} of {image.dtype}")
    height, width = image.shape[:2]
    stride = image.strides[0]
    if image.strides[1:] != (3, 1) or abs(stride) < 3 * width:
        image, stride = np.ascontiguousarray(image), 3 * width
    return image, _library.View(data=image.ctypes.data, width=width, height=height, format=_ORDERS[order], stride_bytes=stride)
