"""liboctet.so and the functions of octet/c.h that the module calls."""

import collections
import ctypes
import logging
import os
from ctypes import POINTER, Structure, c_char_p, c_float, c_int, c_int32, c_int64, c_size_t, c_ssize_t, c_uint8, c_void_p
from typing import Tuple

_NAME = "liboctet.so.0"

_MOST_LINES = 1000  # that wait for a call

LogFunction = ctypes.CFUNCTYPE(None, c_int, c_char_p, c_void_p)


class View(Structure):
    _fields_ = [("data", c_void_p), ("width", c_int32), ("height", c_int32), ("format", c_int), ("stride_bytes", c_ssize_t)]


class DetectorOptions(Structure):
    _fields_ = [("engine", c_char_p), ("width", c_int32), ("height", c_int32), ("threads", c_int32), ("parallel", c_int32),
                ("reduced_precision", c_int32), ("trusted", c_int32), ("delegate", c_char_p), ("cache", c_char_p),
                ("log", LogFunction), ("log_user", c_void_p)]


class DetectOptions(Structure):
    _fields_ = [("confidence", c_float), ("iou", c_float), ("max_detections", c_int32)]


class Detection(Structure):
    _fields_ = [("class_index", c_int32), ("confidence", c_float), ("x1", c_float), ("y1", c_float), ("x2", c_float),
                ("y2", c_float), ("track", c_int64)]


class Keypoint(Structure):
    _fields_ = [("x", c_float), ("y", c_float), ("confidence", c_float)]


# Every function that the module calls: its result and its arguments.
_FUNCTIONS = {
    "octet_version": (c_char_p, []),
    "octet_last_error": (c_char_p, []),
    "octet_image_read": (c_int, [c_char_p, POINTER(c_void_p)]),
    "octet_image_view": (View, [c_void_p]),
    "octet_image_close": (None, [c_void_p]),
    "octet_detector_open": (c_int, [c_char_p, POINTER(DetectorOptions), POINTER(c_void_p)]),
    "octet_detector_close": (None, [c_void_p]),
    "octet_class_count": (c_int32, [c_void_p]),
    "octet_class_name": (c_char_p, [c_void_p, c_int32]),
    "octet_keypoint_count": (c_int32, [c_void_p]),
    "octet_input_size": (None, [c_void_p, POINTER(c_int32), POINTER(c_int32)]),
    "octet_engine": (c_char_p, [c_void_p]),
    "octet_detect": (c_int, [c_void_p, POINTER(View), POINTER(DetectOptions), POINTER(c_void_p)]),
    "octet_detect_file": (c_int, [c_void_p, c_char_p, POINTER(DetectOptions), POINTER(c_void_p)]),
    "octet_detections_all": (POINTER(Detection), [c_void_p, POINTER(c_size_t)]),
    "octet_detections_keypoints": (POINTER(Keypoint), [c_void_p, POINTER(c_size_t)]),
    "octet_detections_close": (None, [c_void_p]),
    "octet_import": (c_int, [c_char_p, c_char_p]),
    "octet_export": (c_int, [c_char_p, c_char_p, c_int32, c_int32]),
}


class Error(Exception):
    """What failed, and what to do about it."""


class UsageError(Error, ValueError):
    """An argument is wrong."""


def _load() -> ctypes.CDLL:
    name = os.environ.get("OCTET_LIBRARY") or _NAME
    try:
        library = ctypes.CDLL(name)
    except OSError as reason:
        raise ImportError(f"{name} cannot be loaded ({reason}); install the package octet, or set the environment variable "
                          f"OCTET_LIBRARY to the file {_NAME}") from reason
    for function, (result, arguments) in _FUNCTIONS.items():
        try:
            found = getattr(library, function)
        except AttributeError as reason:
            raise ImportError(f"{name} has no function {function}; install the octet that belongs to this module") from reason
        found.restype = result
        found.argtypes = arguments
    return library


library = _load()
_log = logging.getLogger("octet")
_lines: "collections.deque[Tuple[int, bytes]]" = collections.deque(maxlen=_MOST_LINES)


@LogFunction
def keep_line(is_warning: int, line: bytes, _user: object) -> None:
    """A log of the library. Handlers of the user may not run here: they may call the library, or wait for a thread that does."""
    _lines.append((is_warning, line))


def _write_lines() -> None:
    while True:
        try:
            is_warning, line = _lines.popleft()
        except IndexError:
            return
        _log.log(logging.WARNING if is_warning else logging.INFO, "%s", line.decode("utf-8", "replace"))


def check(status: int) -> None:
    """After each call: writes the lines of the log, and raises the message of a call that failed."""
    message = library.octet_last_error().decode("utf-8", "replace") if status else ""
    _write_lines()
    if status:
        raise UsageError(message) if status == 2 else Error(message)
