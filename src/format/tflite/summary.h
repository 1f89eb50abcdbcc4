// What engines will make of a TensorFlow Lite file, without reading its weights.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "core/size.h"

namespace octet {

struct TfliteOperator {
  std::string code;  // "CONV_2D", or a custom operator's name
  int version = 1;
  std::string output;             // the tensor it makes
  std::string type;               // of its first input: "i8", "f32", …
  std::string weights_type = {};  // of its second input, where it has one
};

struct TfliteSummary {
  Size input;
  std::vector<TfliteOperator> operators;
  // Of its convolutions: int8, fp32, "int8 weights, float arithmetic", or mixed.
  std::string precision;
  bool edge_tpu = false;  // compiled for it, at least in part
  // What Arm NN's parser computes wrongly: a convolution in groups that is no depthwise one, and
  // a depthwise one behind a padding. The tensor that it makes; empty: there is none.
  std::string wrong_in_armnn;
};
// Throws an Error naming the file for anything that is damaged.
[[nodiscard]] TfliteSummary summarize_tflite(std::span<const std::byte> bytes,
                                             const std::string& name);

}  // namespace octet
