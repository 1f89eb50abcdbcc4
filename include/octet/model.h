// What a model file says of itself. Nothing is loaded into an engine for that.
//
// A model is octet's model file (.safetensors), an Ultralytics checkpoint (.pt), an export (.onnx,
// .tflite, OpenVINO's .xml), or the folder of an OpenVINO export.
//
// Threads: the function may be called from any thread.
//
// Example:
//   const octet::ModelInfo info = octet::read_model_info("yolov8n.safetensors");
//   std::printf("%s with %zu classes\n", info.family.c_str(), info.class_names.size());
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "octet/image.h"
#include "octet/log.h"
#include "octet/version.h"

namespace octet::v0 {

enum class Task { kDetect, kPose };

struct ModelInfo {
  Task task = Task::kDetect;
  std::string family;  // such as "YOLOv8"
  std::vector<std::string> class_names;
  int keypoints = 0;  // of each object; 0: not a pose model
  // Longer side of the images that it was trained on, in pixels; 0: not known.
  int trained_side = 0;
  Size input;           // that the file is fixed to; 0 x 0: it takes any, or does not say
  int weight_bits = 0;  // 8 or 7 for an int8 model; 0: float, or not known
  std::string format;   // "onnx", "openvino" or "tflite"; empty: a model file or a checkpoint
  std::string source, licence;  // of the weights, where the file says so
};

// Throws an Error that names the file when it is missing, damaged or no model.
[[nodiscard]] OCTET_API ModelInfo read_model_info(const std::filesystem::path& model,
                                                  const Log& log = {});

}  // namespace octet::v0
