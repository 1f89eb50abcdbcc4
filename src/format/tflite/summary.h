// The properties of a TensorFlow Lite file that engines need, without its weights.
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
  std::string output;             // the name of its output tensor
  std::string type;               // of its first input: "i8", "f32", …
  std::string weights_type = {};  // of its second input, where it has one
  int inputs = 0;                 // constants among them
  double multiplications = 0;     // multiply-accumulates, of convolutions
};

struct TfliteSummary {
  Size input;
  std::vector<TfliteOperator> operators;
  // Of its convolutions: int8, fp32, "int8 weights, float arithmetic", or mixed.
  std::string precision;
  bool edge_tpu = false;  // compiled for the Edge TPU, at least in part
  // The output tensor of an operator that Arm NN's parser computes wrongly; empty: there is none.
  // Such are a grouped convolution that is not depthwise, a depthwise one behind a padding, and
  // RESIZE_BILINEAR with half-pixel centres, which it takes for asymmetric.
  std::string wrong_in_armnn;
  // Whether it has a product of two int8 tensors, as in attention, whose second has a zero point.
  // XNNPACK of TensorFlow Lite 2.21 takes that for 0.
  bool wrong_in_xnnpack = false;
};
// Throws an Error that names the file when it is damaged.
[[nodiscard]] TfliteSummary summarize_tflite(std::span<const std::byte> bytes,
                                             const std::string& name);

}  // namespace octet
