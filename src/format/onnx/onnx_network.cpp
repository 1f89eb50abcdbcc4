#include "format/onnx/onnx_network.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <set>

#include "core/error.h"
#include "format/onnx/onnx_call.h"
#include "format/onnx/onnx_tensor.h"
#include "format/onnx/parse.h"

namespace octet {
namespace {

constexpr int64_t kOldestOpset = 7, kNewestOpset = 25;

// Operators of quantized files.
constexpr std::array<std::string_view, 8> kIntegerOperators = {
    "QuantizeLinear", "DequantizeLinear", "DynamicQuantizeLinear", "QLinearConv",
    "QLinearMatMul",  "ConvInteger",      "MatMulInteger",         "QLinearAdd"};

int64_t opset_of(const onnx::ModelProto& model) {
  for (const auto& set : model.opset_import()) {
    if (!set.domain().empty() && set.domain() != "ai.onnx") continue;
    if (set.version() < kOldestOpset || set.version() > kNewestOpset)
      fail("has the opset {}; octet reads {} to {}", set.version(), kOldestOpset, kNewestOpset);
    return set.version();
  }
  fail("names no opset");
}

// "Softmax 'probabilities'"; the name of its value says more than that of the node.
std::string label_of(const onnx::NodeProto& node) {
  return fmt::format("{} '{}'", node.op_type(),
                     node.name().empty() && node.output_size() > 0 ? node.output(0) : node.name());
}

void require_float(const onnx::GraphProto& graph) {
  for (const auto& node : graph.node()) {
    if (std::find(kIntegerOperators.begin(), kIntegerOperators.end(), node.op_type()) !=
        kIntegerOperators.end())
      fail("is int8 already ({}); octet imports float networks and makes int8 of them",
           label_of(node));
  }
}

class Reader {
 public:
  Reader(const onnx::ModelProto& model, Budget& budget, const ImportOptions& options)
      : model_(model),
        graph_(model.graph()),
        budget_(budget),
        opset_(opset_of(model)),
        input_(only_input()),
        shape_(shape_of(input_)),
        draft_(budget, open_sides(input_size_of(shape_, options.size)), kChannelsFirst,
               output_names()) {}

  NetworkFile read() {
    NetworkFile out;
    for (const auto& t : graph_.initializer()) tensors_[t.name()] = &t;
    values_.set(input_.name(), add_input_values(draft_, shape_));
    for (const auto& node : graph_.node()) {
      const std::string label = label_of(node);
      if (!values_.attempt(budget_.name(), label, [&] { read_node(node); })) lose_outputs(node);
    }
    std::set<std::string> named;
    for (const auto& port : graph_.output())
      if (named.insert(port.name()).second)
        values_.attempt(budget_.name(), fmt::format("output '{}'", port.name()),
                        [&] { add_output(port.name(), out); });
    values_.require_read(budget_.name(), static_cast<size_t>(graph_.node_size()));
    out.graph = std::move(draft_.graph());
    out.notes = std::move(draft_.notes());
    const int32_t type = input_.type().tensor_type().elem_type();
    out.bytes = type == onnx::TensorProto::UINT8 || type == onnx::TensorProto::INT32 ||
                type == onnx::TensorProto::INT64;
    out.source = "ONNX";
    if (!model_.producer_name().empty()) out.source += ", " + plain_name(model_.producer_name());
    return out;
  }

 private:
  [[nodiscard]] const onnx::ValueInfoProto& only_input() const {
    std::set<std::string> constants;
    for (const auto& t : graph_.initializer()) constants.insert(t.name());
    const onnx::ValueInfoProto* found = nullptr;
    std::vector<std::string> names;
    for (const auto& port : graph_.input()) {
      if (constants.contains(port.name())) continue;
      found = &port;
      names.push_back(port.name());
    }
    if (names.size() != 1)
      fail("has {} inputs ({}); octet takes networks with one, an image", names.size(),
           fmt::join(names, ", "));
    return *found;
  }

  [[nodiscard]] static Shape shape_of(const onnx::ValueInfoProto& port) {
    Shape shape;
    for (const auto& side : port.type().tensor_type().shape().dim())
      shape.push_back(side.has_dim_value() ? side.dim_value() : -1);
    return shape;
  }

  // The shape of the input with the size in place of the sides that are open.
  Size open_sides(Size size) {
    const bool last = shape_[3] == 3;
    shape_[0] = 1;
    shape_[last ? 1 : 2] = size.height;
    shape_[last ? 2 : 3] = size.width;
    return size;
  }

  [[nodiscard]] std::set<std::string> output_names() const {
    std::set<std::string> names;
    for (const auto& port : graph_.output()) names.insert(plain_name(port.name()));
    return names;
  }

  void lose_outputs(const onnx::NodeProto& node) {
    for (const std::string& name : node.output()) values_.lose(name);
  }

  // Constants are read when a node needs them. Returns false for what could not be read.
  bool make_input_known(const std::string& name) {
    if (name.empty() || values_.find(name) != nullptr) return true;
    if (values_.is_lost(name)) return false;
    const auto at = tensors_.find(name);
    if (at == tensors_.end()) fail("reads '{}', which octet finds nowhere before it", name);
    values_.set(name, read_onnx_tensor(*at->second, budget_));
    return true;
  }

  void read_node(const onnx::NodeProto& node) {
    const bool known_domain = node.domain().empty() || node.domain() == "ai.onnx";
    const OnnxOperator layer = find_onnx_layer(node.op_type());
    const OnnxOperator constant = find_onnx_constant(node.op_type());
    if (!known_domain || (layer == nullptr && constant == nullptr))
      fail("octet has no such operator");
    if (node.output_size() < 1) fail("makes nothing");
    bool all_constant = true;
    for (const std::string& in : node.input()) {
      if (!make_input_known(in)) return lose_outputs(node);
      const auto* value = in.empty() ? nullptr : values_.find(in);
      all_constant = all_constant && (value == nullptr || std::holds_alternative<Constant>(*value));
    }
    OnnxCall call(node, opset_, draft_, values_, budget_);
    const bool folded = constant != nullptr && (all_constant || node.op_type() == "Shape");
    if (!folded && layer == nullptr) fail("octet computes it with constants only");
    (folded ? constant : layer)(call);
  }

  void add_output(const std::string& name, NetworkFile& out) {
    if (values_.is_lost(name)) return;
    const auto* value = values_.find(name);
    if (value == nullptr) fail("is not computed by any operator that octet reads");
    const auto* computed = std::get_if<Computed>(value);
    if (computed == nullptr) fail("is a constant");
    draft_.require_whole(*computed);
    out.outputs.push_back({name, *computed});
    out.shapes[computed->value] = draft_.nchw(*computed);
  }

  const onnx::ModelProto& model_;
  const onnx::GraphProto& graph_;
  Budget& budget_;
  int64_t opset_;
  const onnx::ValueInfoProto& input_;
  Shape shape_;
  Draft draft_;
  FileValues values_;
  std::map<std::string, const onnx::TensorProto*> tensors_;
};

}  // namespace

NetworkFile read_onnx_network(std::span<const std::byte> bytes, const std::string& name,
                              const ImportOptions& options) {
  Budget budget(name, bytes.size());
  const onnx::ModelProto model = parse_onnx(bytes, budget);
  try {
    require_float(model.graph());
    return Reader(model, budget, options).read();
  } catch (const Error& e) {
    if (e.code() == ErrorCode::kUsage || std::string_view(e.what()).starts_with(name)) throw;
    fail("{}: {}", name, e.what());
  }
}

}  // namespace octet
