// A model file or a checkpoint becomes a file for an inference engine: ONNX, TensorFlow Lite or
// OpenVINO IR. The extension of the file to write says which.
//
// Threads: the function may be called from any thread.
//
// Example:
//   octet::export_model("best.safetensors", "best.tflite");
//   octet::export_model("best.safetensors", "wide.onnx", {.size = {640, 384}});
#pragma once

#include <filesystem>

#include "octet/image.h"
#include "octet/log.h"
#include "octet/version.h"

namespace octet::v0 {

struct ExportOptions {
  // Of the input, in multiples of 32; 0 x 0: the square that the model was trained on.
  Size size = {};
  // One output with boxes and probabilities, as Ultralytics writes it, for other programs. Else the
  // separate outputs that octet reads, which are faster.
  bool decoded = false;
  Log log = {};
};

// Writes `file`, which ends with .onnx, .tflite or .xml; beside an .xml its weights as .bin. A name
// that ends with _saved_model becomes a folder, a SavedModel of TensorFlow. A file that is there is
// replaced when the new one is complete. Throws an Error that names the file or the value that is
// wrong.
OCTET_API void export_model(const std::filesystem::path& model, const std::filesystem::path& file,
                            const ExportOptions& options = {});

}  // namespace octet::v0
