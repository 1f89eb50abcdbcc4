/* The C interface of the library, for other languages: handles, return codes, no exceptions.
 *
 * Errors: a function that returns an octet_status returns OCTET_OK, or leaves a message for
 * octet_last_error() of the same thread. An output that a failed call should have given is NULL.
 *
 * Options: set every member of a struct to zero, which is its default, then those that you want:
 *   octet_detector_options options = {0};
 *
 * Texts are UTF-8. A text that a handle gives lives as long as the handle.
 *
 * Threads: a detector may be used from several threads, as octet/detector.h says. Other handles are
 * constant once they are made. A handle may be closed once no thread uses it.
 *
 * Example:
 *   octet_detector* detector = NULL;
 *   octet_detections* found = NULL;
 *   if (octet_detector_open("yolov8n.safetensors", NULL, &detector) != OCTET_OK ||
 *       octet_detect_file(detector, "street.jpg", NULL, &found) != OCTET_OK) {
 *     fprintf(stderr, "%s\n", octet_last_error());
 *   } else {
 *     size_t count = 0;
 *     const octet_detection* all = octet_detections_all(found, &count);
 *     for (size_t i = 0; i < count; ++i)
 *       printf("%s %.2f\n", octet_class_name(detector, all[i].class_index), all[i].confidence);
 *   }
 *   octet_detections_close(found);
 *   octet_detector_close(detector);
 */
#ifndef OCTET_C_H
#define OCTET_C_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define OCTET_C_API __attribute__((visibility("default")))

typedef enum octet_status {
  OCTET_OK = 0,
  OCTET_FAILED = 1, /* a file, a device or the machine is not as it should be */
  OCTET_USAGE = 2   /* an argument is wrong */
} octet_status;

/* Of the library that is loaded, such as "0.2.0". */
OCTET_C_API const char* octet_version(void);

/* Why the last call of this thread failed. It names the file or the value that is wrong. Valid until
 * this thread's next call that fails. Never NULL. */
OCTET_C_API const char* octet_last_error(void);

/* One line of the log. `is_warning` is 0 or 1. It is called from any thread, from one at a time. It
 * must not call the library, but it may close a detector that no thread uses. */
typedef void (*octet_log)(int is_warning, const char* line, void* user);

/* ---- images ---- */

typedef enum octet_pixel_format { OCTET_RGB = 0, OCTET_BGR = 1 } octet_pixel_format;

/* Pixels that the caller owns, three bytes each, rows from the top. */
typedef struct octet_view {
  const uint8_t* data; /* of the top left pixel */
  int32_t width, height;
  int32_t format;         /* an octet_pixel_format */
  ptrdiff_t stride_bytes; /* from a row to the one below; 0: 3 * width */
} octet_view;

typedef struct octet_image octet_image;

/* Reads an image file: JPEG, PNG, WebP, TIFF, BMP or PPM. */
OCTET_C_API octet_status octet_image_read(const char* file, octet_image** image);
/* Its pixels, which live as long as the image. */
OCTET_C_API octet_view octet_image_view(const octet_image* image);
OCTET_C_API void octet_image_close(octet_image* image); /* NULL: nothing happens */
/* `quality`: 1 to 100; 0: 92. */
OCTET_C_API octet_status octet_write_jpeg(const char* file, const octet_view* image, int quality);

/* ---- detector ---- */

typedef struct octet_detector octet_detector;

/* As octet::DetectorOptions. NULL and 0 are the defaults. */
typedef struct octet_detector_options {
  const char* engine;        /* "openvino", "onnxruntime", "tflite", "armnn"; NULL: "auto" */
  int32_t width, height;     /* of the input, in multiples of 32; 0: the model's own */
  int32_t threads;           /* for inference; 0: one a core */
  int32_t parallel;          /* calls of octet_detect() that run at the same time; 0: 1 */
  int32_t reduced_precision; /* 1: bf16 or fp16 where the processor has them */
  int32_t trusted;           /* 1: load the file without a trial in a process of its own */
  const char* delegate;      /* a TensorFlow Lite delegate's library; NULL: none */
  const char* cache;         /* folder for compiled networks; NULL: none */
  octet_log log;             /* NULL: lines are dropped */
  void* log_user;            /* given to `log` */
} octet_detector_options;

/* `options`: NULL for the defaults. */
OCTET_C_API octet_status octet_detector_open(const char* model,
                                             const octet_detector_options* options,
                                             octet_detector** detector);
OCTET_C_API void octet_detector_close(octet_detector* detector); /* NULL: nothing happens */

OCTET_C_API int32_t octet_class_count(const octet_detector* detector);
/* NULL for a class that the model does not have. */
OCTET_C_API const char* octet_class_name(const octet_detector* detector, int32_t class_index);
/* Of each object; 0: not a pose model. */
OCTET_C_API int32_t octet_keypoint_count(const octet_detector* detector);
OCTET_C_API void octet_input_size(const octet_detector* detector, int32_t* width, int32_t* height);
/* Engine and precision, such as "TensorFlow Lite 2.21.0, int8". */
OCTET_C_API const char* octet_engine(const octet_detector* detector);

/* ---- detections ---- */

typedef struct octet_detect_options {
  float confidence;       /* the lowest of a detection, to 1; 0: 0.25 */
  float iou;              /* overlap above which the weaker box is dropped, to 1; 0: 0.7 */
  int32_t max_detections; /* 0: 300 */
} octet_detect_options;

/* Coordinates are pixels of the image, from its top left corner. */
typedef struct octet_detection {
  int32_t class_index;
  float confidence;
  float x1, y1, x2, y2;
  int64_t track; /* -1: not tracked */
} octet_detection;

typedef struct octet_keypoint {
  float x, y, confidence;
} octet_keypoint;

typedef struct octet_detections octet_detections;

/* `options`: NULL for the defaults. */
OCTET_C_API octet_status octet_detect(const octet_detector* detector, const octet_view* image,
                                      const octet_detect_options* options,
                                      octet_detections** detections);
OCTET_C_API octet_status octet_detect_file(const octet_detector* detector, const char* image,
                                           const octet_detect_options* options,
                                           octet_detections** detections);
/* By falling confidence. */
OCTET_C_API const octet_detection* octet_detections_all(const octet_detections* detections,
                                                        size_t* count);
/* Of all detections, one after the other: octet_keypoint_count() for each. */
OCTET_C_API const octet_keypoint* octet_detections_keypoints(const octet_detections* detections,
                                                             size_t* count);
OCTET_C_API void octet_detections_close(octet_detections* detections); /* NULL: nothing happens */

/* ---- models ---- */

/* Reads an Ultralytics checkpoint (.pt) and writes octet's model file (.safetensors). */
OCTET_C_API octet_status octet_import(const char* checkpoint, const char* model);
/* Writes a model as .onnx, .tflite, .xml or _saved_model, whichever `file` ends with. The input is
 * `width` x `height`; 0: the model's own. */
OCTET_C_API octet_status octet_export(const char* model, const char* file, int32_t width,
                                      int32_t height);

#ifdef __cplusplus
}
#endif
#endif
