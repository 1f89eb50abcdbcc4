#include "format/emit/lower.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "core/error.h"
#include "core/text/json_text.h"
#include "format/emit/decoded_head.h"
#include "format/emit/frigate_head.h"
#include "graph/json/quantization_json.h"
#include "graph/slices.h"
#include "graph/topology.h"
#include "quant/params.h"

namespace octet {
namespace {

using Ref = Emitter::Ref;

constexpr const char* kQuantizerSuffix = ".quantized";

class Lowering {
 public:
  Lowering(const Model& model, Size size, Emitter& emitter)
      : model_(model),
        quantization_(model.quantization),
        size_(size),
        out_(emitter),
        topology_(model.graph) {}

  void raw() {
    image_and_network();
    for (const Output& o : model_.outputs()) out_.output(o.name(), formed(o));
  }

  void frigate() {
    image_and_network();
    emit_frigate_head(model_, out_, outputs());
  }

  void every_value() {
    raw();
    std::set<std::string> done{model_.graph.input};
    for (const Output& o : model_.outputs()) done.insert(o.value);
    for (const Node& node : model_.graph.nodes) {
      if (!done.contains(node.name) && (quantization_.empty() || is_shown(node.name)))
        out_.output(std::string(kValuePrefix) + node.name, value(node.name));
    }
  }

  void decoded() {
    const Ref image =
        out_.input("images", ElementType::kFloat32, {1, 3, size_.height, size_.width});
    network(quantization_.empty() ? image : out_.quantize("image.quantized", image, kImageParams));
    out_.output("output0", emit_decoded_head(model_.info, size_, out_, outputs()));
  }

  [[nodiscard]] const std::map<std::string, QuantParams>& left_out_before_silu() const {
    return left_out_;
  }

 private:
  // The image as bytes.
  void image_and_network() {
    const Ref bytes = out_.input("image", ElementType::kUint8, {1, size_.height, size_.width, 3});
    const Ref planar = out_.transpose("image.nchw", bytes, {0, 3, 1, 2});
    if (quantization_.empty()) {
      network(fractions(out_.to_float("image.float", planar)));
    } else {
      network(out_.image_from_bytes("image.real", planar));
    }
  }

  // The values of bytes as fractions of 255. The division goes into the weights of the first
  // convolutions, so that no pass over the image is spent on it, where the format allows it and
  // nothing else reads the image.
  Ref fractions(Ref values) {
    const auto readers = topology_.consumers(model_.graph.input);
    const bool by_weights = out_.traits().scale_in_weights &&
                            std::all_of(readers.begin(), readers.end(), [](const Node* reader) {
                              return std::holds_alternative<Conv2d>(reader->op);
                            });
    if (by_weights) {
      input_scale_ = 1.0F / 255;
      return values;
    }
    const Ref scale = out_.constant("image.scale", {{1, 1, 1, 1}, {1.0F / 255}});
    return out_.binary("image.fractions", BinaryKind::kMultiply, values, scale);
  }

  // A raw output in its shape.
  Ref formed(const Output& o) {
    Ref x = value(o.value);
    if (o.raw.shape.empty()) return x;
    const bool moved = out_.shape(x)[2] * out_.shape(x)[3] > 1 && o.raw.channels_last;
    if (moved) x = out_.transpose(o.value + ".channels_last", x, {0, 2, 3, 1});
    return out_.reshape(o.value + ".shaped", x, o.raw.shape);
  }

  std::vector<HeadPart> outputs() {
    std::vector<HeadPart> parts;
    for (const Output& o : model_.outputs())
      parts.push_back({.output = o, .value = value(o.value)});
    return parts;
  }

  void network(Ref image) {
    values_[model_.graph.input] = image;
    for (const Node& node : model_.graph.nodes) {
      if (!std::holds_alternative<Slice>(node.op)) values_[node.name] = node_value(node);
    }
  }

  // Slices are written where they are read, if they are.
  Ref value(const std::string& name) {
    const auto at = values_.find(name);
    if (at != values_.end()) return at->second;
    return values_[name] = node_value(*model_.graph.find(name));
  }

  Ref node_value(const Node& node) {
    std::vector<std::string> inputs = node.inputs;
    if (std::holds_alternative<Concat>(node.op))
      inputs = joined_values(model_.graph, inputs,
                             [&](const std::string& name) { return out_.shape(value(name))[1]; });
    std::vector<Ref> in;
    for (const std::string& name : inputs) in.push_back(value(name));
    return std::visit([&](const auto& op) { return lowered(node, op, in); }, node.op);
  }

  [[nodiscard]] bool is_shown(const std::string& name) const {
    return quantization_.find(name) != nullptr && shown_.contains(name);
  }

  // ---- operators: those that need more than their emit()
  template <typename Op>
  Ref lowered(const Node& node, const Op& op, const std::vector<Ref>& in) {
    if constexpr (Op::kTraits.training_only) {
      fail("[{} {}] has to be folded before an export", Op::kTraits.name, node.name);
    } else {
      const Ref y = out_.apply(node.name, in[0], op);
      return Op::kTraits.moves_data ? moved(node.name, y) : quantized(node.name, y);
    }
  }
  Ref lowered(const Node& node, const Conv2d& op, const std::vector<Ref>& in) {
    return conv(node, op, in[0]);
  }
  Ref lowered(const Node& node, const Activation& op, const std::vector<Ref>& in) {
    return activation(node, op.kind, in[0]);
  }
  Ref lowered(const Node& node, const Add&, const std::vector<Ref>& in) {
    return quantized(node.name, out_.binary(node.name, BinaryKind::kAdd, in[0], in[1]));
  }
  Ref lowered(const Node& node, const Mul&, const std::vector<Ref>& in) {
    return quantized(node.name, out_.binary(node.name, BinaryKind::kMultiply, in[0], in[1]));
  }
  Ref lowered(const Node& node, const ResizeBilinear& op, const std::vector<Ref>& in) {
    Ref y = out_.apply(node.name, in[0], op);
    const QuantParams* p = quantization_.find(node.name);
    if (p != nullptr && out_.traits().resizes_in_float) {
      const Shape& from = out_.shape(in[0]);
      const auto parts = static_cast<double>(op.parts(from[2]) * op.parts(from[3]));
      const auto quarter = static_cast<float>(p->scale / (4 * parts));
      const Ref shift = out_.constant(node.name + ".quarter", {{1, 1, 1, 1}, {quarter}});
      y = out_.binary(node.name + ".halves_up", BinaryKind::kAdd, y, shift);
    }
    return quantized(node.name, y);
  }
  Ref lowered(const Node& node, const Crop& op, const std::vector<Ref>& in) {
    const Padding& s = op.sides;
    const auto kept = [&](const std::string& name, Ref x, int axis, Ends cut) {
      const int64_t length = out_.shape(x)[static_cast<size_t>(axis)];
      if (cut.before + cut.after == 0) return x;
      return out_.slice(name, x, axis, cut.before, length - cut.after);
    };
    const bool both = s.top + s.bottom > 0 && s.left + s.right > 0;
    const std::string rows_name = both ? node.name + ".rows" : node.name;
    Ref rows = kept(rows_name, in[0], 2, {s.top, s.bottom});
    if (both) rows = moved(node.name, rows, rows_name);
    return moved(node.name, kept(node.name, rows, 3, {s.left, s.right}));
  }
  Ref lowered(const Node& node, const Concat&, const std::vector<Ref>& in) {
    return moved(node.name, out_.concat(node.name, in, 1));
  }
  Ref lowered(const Node& node, const Slice& op, const std::vector<Ref>& in) {
    return moved(node.name, out_.slice(node.name, in[0], 1, op.begin, op.end));
  }

  // ---- quantizers
  Ref quantized(const std::string& name, Ref x) {
    const QuantParams* p = quantization_.find(name);
    if (p == nullptr) return x;
    shown_.insert(name);
    return out_.quantize(name + kQuantizerSuffix, x, *p);
  }
  Ref moved(const std::string& name, Ref x) { return moved(name, x, name); }
  // `part`: what the value `name` is made from is called so.
  Ref moved(const std::string& name, Ref x, const std::string& part) {
    shown_.insert(name);
    const QuantParams* p = quantization_.find(name);
    if (p == nullptr || !out_.traits().after_moves) return x;
    return out_.quantize(part + kQuantizerSuffix, x, *p);
  }

  // Rounded before they are clamped, values are the same: 0 is a step, and rounding keeps the
  // order. Most quantizers clamp as ReLU6 does, and need no operator beside them.
  Ref clamped_in_integers(const Node& node, ActivationKind kind, Ref x, const QuantParams& p) {
    const bool clamps = p.zero_point == kInt8Min && quantize(function_of(kind).high, p) == kInt8Max;
    if (clamps) return quantized(node.name, x);
    const Ref rounded = out_.quantize(node.name + ".unclamped", x, p);
    return quantized(node.name, out_.apply(node.name, rounded, Activation{kind}));
  }

  // A sigmoid in integers has steps of its own, as TensorFlow Lite demands.
  Ref sigmoid(const std::string& name, Ref x) {
    return out_.quantize(name + kQuantizerSuffix,
                         out_.apply(name, x, Activation{ActivationKind::kSigmoid}), kSigmoidParams);
  }

  // SiLU in integers is a product with a quantized sigmoid.
  Ref activation(const Node& node, ActivationKind kind, Ref x) {
    const QuantParams* p = quantization_.find(node.name);
    if (function_of(kind).fuses_into_conv && topology_.fusing_node(node) == nullptr)
      out_.keep_apart(x);
    if (p != nullptr && kind == ActivationKind::kSigmoid && *p != kSigmoidParams)
      return quantized(node.name, sigmoid(node.name + ".sigmoid", x));
    if (p != nullptr && out_.traits().before_relu && function_of(kind).fuses_into_conv)
      return clamped_in_integers(node, kind, x, *p);
    const bool in_integers = kind == ActivationKind::kSilu &&
                             quantization_.find(node.inputs[0]) != nullptr &&
                             out_.traits().after_sigmoid;
    if (!in_integers) return quantized(node.name, out_.apply(node.name, x, Activation{kind}));
    const Ref gate = sigmoid(node.name + ".sigmoid", x);
    return quantized(node.name, out_.binary(node.name, BinaryKind::kMultiply, x, gate));
  }

  Ref conv(const Node& node, const Conv2d& op, Ref x) {
    const auto q = quantization_.convs.find(node.name);
    if (q != quantization_.convs.end()) {
      const QuantParams& input = *quantization_.find(node.inputs[0]);
      const Ref y = out_.quantized_conv(node.name, x, op, q->second, input);
      if (!topology_.feeds_silu(node) || out_.traits().before_silu) return quantized(node.name, y);
      left_out_[node.name] = *quantization_.find(node.name);
      return y;
    }
    if (node.inputs[0] != model_.graph.input || input_scale_ == 1.0F)
      return out_.apply(node.name, x, op);
    Conv2d scaled = op;
    for (float& w : scaled.weight.values) w *= input_scale_;
    return out_.apply(node.name, x, scaled);
  }

  const Model& model_;
  const Quantization& quantization_;
  Size size_;
  Emitter& out_;
  Topology topology_;
  float input_scale_ = 1.0F;
  std::map<std::string, Ref> values_;
  std::map<std::string, QuantParams> left_out_;
  std::set<std::string> shown_;  // lie on the grid of their parameters
};

// A Python dict literal, which is what Ultralytics' programs read names from.
std::string python_names(const std::vector<std::string>& names) {
  std::string text = "{";
  for (size_t i = 0; i < names.size(); ++i) {
    std::string escaped;
    for (const char c : names[i]) {
      if (c == '\'' || c == '\\') escaped.push_back('\\');
      escaped.push_back(c);
    }
    text += fmt::format("{}{}: '{}'", i == 0 ? "" : ", ", i, escaped);
  }
  return text + "}";
}

void lower_prepared(const Model& model, Size size, Layout layout, Emitter& emitter) {
  Lowering lowering(model, size, emitter);
  if (layout == Layout::kRaw) lowering.raw();
  if (layout == Layout::kEveryValue) lowering.every_value();
  if (layout == Layout::kUltralytics) lowering.decoded();
  if (layout == Layout::kFrigate) lowering.frigate();
  auto entries = export_metadata(model, size, layout);
  if (const auto& left_out = lowering.left_out_before_silu(); !left_out.empty())
    entries[kBeforeSiluKey] = dump_json(to_json(left_out));
  emitter.metadata(entries);
}

}  // namespace

void lower(const Model& model, Size size, Layout layout, Emitter& emitter) {
  layout == Layout::kFrigate ? lower_prepared(prepared_for_frigate(model), size, layout, emitter)
                             : lower_prepared(model, size, layout, emitter);
}

std::map<std::string, std::string> export_metadata(const Model& model, Size size, Layout layout) {
  const ModelInfo& info = model.info;
  const nlohmann::json octet{{"version", 1},
                             {"layout", layout_name(layout)},
                             {"imgsz", {size.width, size.height}},
                             {"weight_bits", model.quantization.weight_bits_or_zero()},
                             {"info", to_json(info)}};
  std::map<std::string, std::string> entries{{"octet", dump_json(octet)}};
  if (!info.licence.empty()) entries["license"] = info.licence;
  if (layout != Layout::kUltralytics) return entries;
  entries["description"] = info.family + " exported by octet from " + info.source;
  // The backbone goes down to stride 32, whatever scales the head has.
  entries["stride"] = std::to_string(std::max(info.head.strides.back(), kInputMultiple));
  entries["task"] = task_name(info.task);
  entries["batch"] = "1";
  entries["imgsz"] = fmt::format("[{}, {}]", size.height, size.width);
  entries["names"] = python_names(info.names);
  if (info.task == Task::kPose)
    entries["kpt_shape"] = fmt::format("[{}, {}]", info.head.keypoints, info.head.keypoint_dims);
  return entries;
}

}  // namespace octet
