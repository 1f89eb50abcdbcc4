#include "graph/shapes.h"

#include <cmath>
#include <set>
#include <span>

#include "core/error.h"

namespace octet {
namespace {

std::string show(const Shape& shape) { return fmt::format("({})", fmt::join(shape, ", ")); }

// Computes one node's output shape from its inputs' shapes, refusing what does not fit.
class ShapeRule {
 public:
  ShapeRule(const Node& node, std::span<const Shape> inputs) : node_(node), inputs_(inputs) {}

  [[nodiscard]] Shape apply() const {
    return std::visit([this](const auto& op) { return rule(op); }, node_.op);
  }

 private:
  [[noreturn]] void refuse(const std::string& reason) const {
    fail("[{} {}] {}", operator_name(node_.op), node_.name, reason);
  }
  [[nodiscard]] const Shape& only() const {
    if (inputs_.size() != 1) refuse(fmt::format("expected 1 input, got {}", inputs_.size()));
    return inputs_[0];
  }
  [[nodiscard]] int64_t window(int64_t length, int64_t kernel, int stride, int padding) const {
    if (stride < 1 || kernel < 1 || padding < 0 || padding >= kernel) {
      refuse(fmt::format("kernel {}, stride {}, padding {} do not go together", kernel, stride,
                         padding));
    }
    const int64_t span = length + 2L * padding - kernel;
    if (span < 0)
      refuse(fmt::format("the kernel {} is larger than the padded input {}", kernel, length));
    return span / stride + 1;
  }

  [[nodiscard]] Shape rule(const Conv2d& op) const {
    const Shape& in = only();
    const Shape& w = op.weight.shape;
    if (w.size() != 4) refuse(fmt::format("expected a weight of 4 dimensions, got {}", show(w)));
    if (op.groups < 1 || in[1] != w[1] * op.groups || w[0] % op.groups != 0) {
      refuse(fmt::format("a weight {} in {} groups does not take {} channels", show(w), op.groups,
                         in[1]));
    }
    if (!op.bias.empty() && op.bias.shape != Shape{w[0]}) {
      refuse(fmt::format("expected a bias ({}), got {}", w[0], show(op.bias.shape)));
    }
    return {1, w[0], window(in[2], w[2], op.stride, op.padding),
            window(in[3], w[3], op.stride, op.padding)};
  }
  [[nodiscard]] Shape rule(const BatchNorm& op) const {
    const Shape& in = only();
    for (const auto& [name, tensor] : parameters(node_.op)) {
      if (tensor->shape != Shape{in[1]}) {
        refuse(fmt::format("expected {} ({}), got {}", name, in[1], show(tensor->shape)));
      }
    }
    if (op.gamma.empty() || op.beta.empty() || op.mean.empty() || op.variance.empty()) {
      refuse("gamma, beta, mean and variance are all needed");
    }
    return in;
  }
  [[nodiscard]] Shape rule(const Activation&) const { return only(); }
  [[nodiscard]] Shape rule(const Add&) const {
    if (inputs_.size() != 2 || inputs_[0] != inputs_[1])
      refuse("expected two inputs of equal shape");
    return inputs_[0];
  }
  [[nodiscard]] Shape rule(const Concat&) const {
    if (inputs_.empty()) refuse("expected inputs");
    Shape out = inputs_[0];
    for (const Shape& in : inputs_.subspan(1)) {
      if (in[2] != out[2] || in[3] != out[3]) {
        refuse(fmt::format("cannot join {} and {}", show(out), show(in)));
      }
      out[1] += in[1];
    }
    return out;
  }
  [[nodiscard]] Shape rule(const Slice& op) const {
    Shape out = only();
    if (op.begin < 0 || op.end <= op.begin || op.end > out[1]) {
      refuse(fmt::format("channels [{}, {}) are not within {}", op.begin, op.end, out[1]));
    }
    out[1] = op.end - op.begin;
    return out;
  }
  [[nodiscard]] Shape rule(const MaxPool& op) const {
    const Shape& in = only();
    return {1, in[1], window(in[2], op.kernel, op.stride, op.padding),
            window(in[3], op.kernel, op.stride, op.padding)};
  }
  [[nodiscard]] Shape rule(const ResizeNearest& op) const {
    const Shape& in = only();
    if (op.factor < 1 || op.factor > 8)
      refuse(fmt::format("a factor of {} is not supported", op.factor));
    return {1, in[1], in[2] * op.factor, in[3] * op.factor};
  }

  const Node& node_;
  std::span<const Shape> inputs_;
};

void require_sound(const Node& node, std::string_view name, const Tensor& tensor) {
  for (const int64_t d : tensor.shape) {
    if (d <= 0) fail("{}.{}: shape {} has an empty side", node.name, name, show(tensor.shape));
  }
  if (element_count(tensor.shape) != static_cast<int64_t>(tensor.values.size())) {
    fail("{}.{}: {} values do not fill the shape {}", node.name, name, tensor.values.size(),
         show(tensor.shape));
  }
  for (const float v : tensor.values) {
    if (!std::isfinite(v)) {
      fail("{}.{}: holds {}; the training that made it diverged, take an earlier checkpoint",
           node.name, name, std::isnan(v) ? "NaN" : "infinity");
    }
  }
}

}  // namespace

std::map<std::string, Shape> infer_shapes(const Graph& graph, Size size) {
  if (size.width <= 0 || size.height <= 0 || size.width % kInputMultiple != 0 ||
      size.height % kInputMultiple != 0) {
    fail("an input of {} is not a multiple of {}", to_string(size), kInputMultiple);
  }
  std::map<std::string, Shape> shapes{{graph.input, {1, 3, size.height, size.width}}};
  std::vector<Shape> inputs;
  for (const Node& node : graph.nodes) {
    inputs.clear();
    for (const std::string& name : node.inputs) {
      const auto found = shapes.find(name);
      if (found == shapes.end()) {
        fail("[{} {}] uses '{}' before it is made", operator_name(node.op), node.name, name);
      }
      inputs.push_back(found->second);
    }
    if (!shapes.emplace(node.name, ShapeRule(node, inputs).apply()).second) {
      fail("[{} {}] the name is used twice", operator_name(node.op), node.name);
    }
  }
  return shapes;
}

void verify(const Graph& graph) {
  for (const Node& node : graph.nodes) {
    for (const auto& [name, tensor] : parameters(node.op)) require_sound(node, name, *tensor);
  }
  const Size size{kInputMultiple, kInputMultiple};
  const auto shapes = infer_shapes(graph, size);
  if (graph.outputs.empty()) fail("the graph has no outputs");
  std::set<std::string> names;
  for (const Output& output : graph.outputs) {
    const auto found = shapes.find(output.value);
    if (found == shapes.end()) fail("output {}: no node makes '{}'", output.name(), output.value);
    if (output.stride < 1 || found->second[2] != size.height / output.stride) {
      fail("output {}: its stride does not fit its shape {}", output.name(), show(found->second));
    }
    if (!names.insert(output.name()).second) fail("output {}: is there twice", output.name());
  }
}

Cost cost(const Node& node, const Shape& output) {
  Cost sum;
  for (const auto& [name, tensor] : parameters(node.op)) {
    if (name != "mean" && name != "variance") sum.parameters += element_count(tensor->shape);
  }
  if (const auto* conv = std::get_if<Conv2d>(&node.op)) {
    const double macs_a_pixel = static_cast<double>(element_count(conv->weight.shape));
    sum.gflops = 2e-9 * macs_a_pixel * static_cast<double>(output[2] * output[3]);
  }
  return sum;
}

Cost cost(const Graph& graph, Size size) {
  const auto shapes = infer_shapes(graph, size);
  Cost sum;
  for (const Node& node : graph.nodes) {
    const Cost one = cost(node, shapes.at(node.name));
    sum.parameters += one.parameters;
    sum.gflops += one.gflops;
  }
  return sum;
}

}  // namespace octet
