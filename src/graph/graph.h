// The network as data: nodes in execution order over named values. The single truth that importers
// build and that exporters, the trainer, the pruner and the integer reference walk. A node makes
// exactly one value, which carries the node's name.
//
// Everything is a plain value type: copying a Graph copies its weights. Layout of activations is
// NCHW, of convolution weights (out, in / groups, height, width).
#pragma once

#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "core/tensor_view.h"

namespace octet {

// A parameter: dense, row-major, float32 in memory whatever the file held.
struct Tensor {
  Shape shape;
  std::vector<float> values;

  [[nodiscard]] bool empty() const { return values.empty(); }
};

enum class ActivationKind { kSilu, kRelu, kRelu6, kHardswish, kSigmoid };

struct Conv2d {
  int stride = 1;
  int padding = 0;  // the same on all four sides
  int groups = 1;
  Tensor weight;  // (O, I / groups, kH, kW)
  Tensor bias;    // (O), or empty
};

// y = gamma · (x − mean) / √(variance + epsilon) + beta, per channel. Present until
// fold_batch_norm().
struct BatchNorm {
  float epsilon = 1e-3F;
  Tensor gamma, beta, mean, variance;  // (C) each
};

struct Activation {
  ActivationKind kind = ActivationKind::kSilu;
};
struct Add {};     // two values of equal shape
struct Concat {};  // along channels
struct Slice {     // channels [begin, end)
  int begin = 0;
  int end = 0;
};
struct MaxPool {
  int kernel = 5;
  int stride = 1;
  int padding = 2;
};
struct ResizeNearest {
  int factor = 2;
};

using Operator =
    std::variant<Conv2d, BatchNorm, Activation, Add, Concat, Slice, MaxPool, ResizeNearest>;

struct Node {
  std::string name;  // also the name of the value it makes
  Operator op;
  std::vector<std::string> inputs;
};

// What the detection head's raw outputs mean, each at one stride: box (4·reg_max, h, w) distance
// logits, class (classes, h, w) logits, keypoint (2·keypoints, h, w) offsets, visibility
// (keypoints, h, w) logits. A quantized model may have fine keypoint (4·keypoints, h, w) too, at
// some strides: the same offsets twice, a third of a step lower and then a third of a step higher,
// so that the mean of all three has a third of a step.
enum class OutputRole { kBox, kClass, kKeypoint, kVisibility, kFineKeypoint };

struct Output {
  std::string value;
  OutputRole role = OutputRole::kBox;
  int stride = 8;

  [[nodiscard]] std::string name() const;  // "box_8": the name exports give it
};

struct Graph {
  std::string input = "image";  // (1, 3, H, W), RGB in [0, 1]
  std::vector<Node> nodes;
  std::vector<Output> outputs;

  [[nodiscard]] const Node* find(std::string_view name) const;
};

[[nodiscard]] std::string_view operator_name(const Operator& op);  // "Conv2d"
[[nodiscard]] std::string_view activation_name(ActivationKind kind);
[[nodiscard]] std::string_view role_name(OutputRole role);
[[nodiscard]] ActivationKind parse_activation(std::string_view name);
[[nodiscard]] OutputRole parse_role(std::string_view name);

// Parameters of an operator by their names in files: "weight", "bias", "gamma", … Empty ones are
// left out.
struct NamedTensor {
  std::string_view name;
  Tensor* tensor;
};
[[nodiscard]] std::vector<NamedTensor> parameters(Operator& op);
struct NamedConstTensor {
  std::string_view name;
  const Tensor* tensor;
};
[[nodiscard]] std::vector<NamedConstTensor> parameters(const Operator& op);

// Combines lambdas into one visitor of Operator.
template <typename... F>
struct Overloaded : F... {
  using F::operator()...;
};
template <typename... F>
Overloaded(F...) -> Overloaded<F...>;

}  // namespace octet
