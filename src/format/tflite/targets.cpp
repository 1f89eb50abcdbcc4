#include "format/tflite/targets.h"

#include <algorithm>
#include <array>
#include <span>
#include <string_view>

#include "core/error.h"

namespace octet {
namespace {

using Names = std::span<const std::string_view>;

// Of the operators that octet writes. Coral's "TensorFlow models on the Edge TPU"; the README of
// XNNPACK's delegate; the support page of Arm NN 20.08's parser.
constexpr std::string_view kEdgeTpu[] = {"ADD",
                                         "AVERAGE_POOL_2D",
                                         "CONCATENATION",
                                         "CONV_2D",
                                         "DEPTHWISE_CONV_2D",
                                         "LOGISTIC",
                                         "MAX_POOL_2D",
                                         "MEAN",
                                         "MUL",
                                         "PAD",
                                         "PRELU",
                                         "QUANTIZE",
                                         "RELU",
                                         "RELU6",
                                         "RESHAPE",
                                         "RESIZE_BILINEAR",
                                         "SUB",
                                         "SOFTMAX",
                                         "SUM",
                                         "RESIZE_NEAREST_NEIGHBOR",
                                         "TRANSPOSE",
                                         "STRIDED_SLICE",
                                         "edgetpu-custom-op"};
constexpr std::string_view kXnnpackInt8[] = {
    "ADD",        "AVERAGE_POOL_2D", "CONCATENATION", "CONV_2D",     "DEPTHWISE_CONV_2D",
    "DEQUANTIZE", "LOGISTIC",        "MUL",           "MAX_POOL_2D", "PAD",
    "QUANTIZE",   "RESHAPE",         "STRIDED_SLICE", "TRANSPOSE",   "SUB"};
constexpr std::string_view kXnnpackFloat[] = {"ADD",
                                              "AVERAGE_POOL_2D",
                                              "CONCATENATION",
                                              "CONV_2D",
                                              "DEPTHWISE_CONV_2D",
                                              "HARD_SWISH",
                                              "LOGISTIC",
                                              "MEAN",
                                              "MUL",
                                              "MAX_POOL_2D",
                                              "PAD",
                                              "PRELU",
                                              "QUANTIZE",
                                              "RELU",
                                              "RELU6",
                                              "RESHAPE",
                                              "RESIZE_BILINEAR",
                                              "SOFTMAX",
                                              "SUB",
                                              "SUM",
                                              "TRANSPOSE_CONV",
                                              "STRIDED_SLICE",
                                              "TRANSPOSE"};
constexpr std::string_view kArmNn[] = {"ADD",
                                       "AVERAGE_POOL_2D",
                                       "CONCATENATION",
                                       "CONV_2D",
                                       "DEPTHWISE_CONV_2D",
                                       "DEQUANTIZE",
                                       "HARD_SWISH",
                                       "MUL",
                                       "LOGISTIC",
                                       "PAD",
                                       "MAX_POOL_2D",
                                       "QUANTIZE",
                                       "RELU",
                                       "RELU6",
                                       "RESHAPE",
                                       "SOFTMAX",
                                       "RESIZE_NEAREST_NEIGHBOR",
                                       "STRIDED_SLICE",
                                       "SUB",
                                       "TRANSPOSE"};

struct Target {
  const char* name;
  Names integers, floats;
};
constexpr Target kTargets[] = {
    {"edgetpu", kEdgeTpu, {}}, {"xnnpack", kXnnpackInt8, kXnnpackFloat}, {"armnn", kArmNn, kArmNn}};

bool in(Names names, const std::string& code) {
  return std::find(names.begin(), names.end(), code) != names.end();
}

}  // namespace

std::vector<std::string> tflite_targets() {
  std::vector<std::string> names;
  for (const Target& t : kTargets) names.emplace_back(t.name);
  return names;
}

std::vector<Fallback> fallbacks(const TfliteSummary& file, const std::string& target) {
  const auto* const found = std::find_if(std::begin(kTargets), std::end(kTargets),
                                         [&](const Target& t) { return target == t.name; });
  if (found == std::end(kTargets))
    fail_usage("--target {}: is not known; there are: {}", target,
               fmt::join(tflite_targets(), ", "));
  std::vector<Fallback> out;
  for (const TfliteOperator& op : file.operators) {
    const bool real = op.type == "f32";
    if (real && found->floats.empty()) {
      out.push_back({op, "computes in float; only integers are taken"});
    } else if (!in(real ? found->floats : found->integers, op.code)) {
      out.push_back({op, fmt::format("is not taken for {}", real ? "float" : "integers")});
    }
  }
  return out;
}

}  // namespace octet
