#include "format/emit/lower.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "core/error.h"
#include "graph/json/quantization_json.h"
#include "quant/params.h"

namespace octet {
namespace {

using Ref = Emitter::Ref;

constexpr const char* kQuantizerSuffix = ".quantized";
constexpr double kRelu6Most = 6;

class Lowering {
 public:
  Lowering(const Model& model, Size size, Emitter& emitter)
      : model_(model), quantization_(model.quantization), size_(size), out_(emitter) {}

  void raw() {
    const Ref bytes = out_.input("image", ElementType::kUint8, {1, size_.height, size_.width, 3});
    const Ref planar = out_.transpose("image.nchw", bytes, {0, 3, 1, 2});
    if (quantization_.empty()) {
      input_scale_ = 1.0F / 255;
      network(out_.to_float("image.float", planar));
    } else {
      network(out_.image_from_bytes("image.real", planar));
    }
    for (const Output& o : model_.graph.outputs) out_.output(o.name(), value(o.value));
  }

  void every_value() {
    raw();
    std::set<std::string> done{model_.graph.input};
    for (const Output& o : model_.graph.outputs) done.insert(o.value);
    for (const Node& node : model_.graph.nodes) {
      if (quantization_.find(node.name) != nullptr && !done.contains(node.name) &&
          shown_.contains(node.name))
        out_.output(std::string(kValuePrefix) + node.name, values_.at(node.name));
    }
  }

  void decoded() {
    const Ref image =
        out_.input("images", ElementType::kFloat32, {1, 3, size_.height, size_.width});
    network(quantization_.empty() ? image : out_.quantize("image.quantized", image, kImageParams));
    make_cells();
    std::vector<Ref> rows{boxes(), classes()};
    if (model_.info.task == Task::kPose) rows.push_back(keypoints());
    out_.output("output0", out_.concat("decoded", rows, 1));
  }

  [[nodiscard]] const std::map<std::string, QuantParams>& left_out_before_silu() const {
    return left_out_;
  }

 private:
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

  // Neighbouring slices that make up a whole value are that value: nothing is copied for them.
  std::vector<Ref> concat_parts(const std::vector<std::string>& inputs) {
    std::vector<Ref> parts;
    for (size_t i = 0; i < inputs.size();) {
      size_t end = i;
      int channels = 0;
      std::string source;
      for (; end < inputs.size(); ++end) {
        const Node* node = model_.graph.find(inputs[end]);
        const auto* slice = node == nullptr ? nullptr : std::get_if<Slice>(&node->op);
        if (slice == nullptr || slice->begin != channels) break;
        if (end > i && node->inputs[0] != source) break;
        source = node->inputs[0];
        channels = slice->end;
      }
      if (end > i && out_.shape(value(source))[1] == channels) {
        parts.push_back(value(source));
        i = end;
      } else {
        parts.push_back(value(inputs[i++]));
      }
    }
    return parts;
  }

  Ref node_value(const Node& node) {
    std::vector<Ref> in;
    if (std::holds_alternative<Concat>(node.op)) {
      in = concat_parts(node.inputs);
    } else {
      for (const std::string& name : node.inputs) in.push_back(value(name));
    }
    return std::visit(
        Overloaded{[&](const Conv2d& op) { return conv(node, op, in[0]); },
                   [&](const BatchNorm&) -> Ref {
                     fail("[BatchNorm {}] has to be folded before an export", node.name);
                   },
                   [&](const Activation& op) { return activation(node, op.kind, in[0]); },
                   [&](const Add&) {
                     return quantized(node.name,
                                      out_.binary(node.name, BinaryKind::kAdd, in[0], in[1]));
                   },
                   [&](const Concat&) { return moved(node.name, out_.concat(node.name, in, 1)); },
                   [&](const Slice& op) {
                     return moved(node.name, out_.slice(node.name, in[0], 1, op.begin, op.end));
                   },
                   [&](const MaxPool& op) {
                     return moved(node.name, out_.max_pool(node.name, in[0], op));
                   },
                   [&](const ResizeNearest& op) {
                     return moved(node.name, out_.resize_nearest(node.name, in[0], op.factor));
                   }},
        node.op);
  }

  // ---- quantizers
  bool before_silu(const Node& conv) const {
    return std::any_of(model_.graph.nodes.begin(), model_.graph.nodes.end(), [&](const Node& n) {
      const auto* act = std::get_if<Activation>(&n.op);
      return act != nullptr && act->kind == ActivationKind::kSilu && n.inputs[0] == conv.name;
    });
  }
  Ref quantized(const std::string& name, Ref x) {
    const QuantParams* p = quantization_.find(name);
    if (p == nullptr) return x;
    shown_.insert(name);
    return out_.quantize(name + kQuantizerSuffix, x, *p);
  }
  Ref moved(const std::string& name, Ref x) {
    shown_.insert(name);
    return out_.traits().after_moves ? quantized(name, x) : x;
  }

  // Rounded before they are clamped, values are the same: 0 is a step, and rounding keeps the
  // order. Most quantizers clamp as ReLU6 does, and need no operator beside them.
  Ref clamped_in_integers(const Node& node, ActivationKind kind, Ref x, const QuantParams& p) {
    const bool clamps = p.zero_point == kInt8Min &&
                        (kind == ActivationKind::kRelu || quantize(kRelu6Most, p) == kInt8Max);
    if (clamps) return quantized(node.name, x);
    const Ref rounded = out_.quantize(node.name + ".unclamped", x, p);
    return quantized(node.name, out_.activation(node.name, rounded, kind));
  }

  // SiLU in integers is a product with a quantized sigmoid.
  Ref activation(const Node& node, ActivationKind kind, Ref x) {
    const QuantParams* p = quantization_.find(node.name);
    if (p != nullptr && out_.traits().before_relu &&
        (kind == ActivationKind::kRelu || kind == ActivationKind::kRelu6))
      return clamped_in_integers(node, kind, x, *p);
    const bool in_integers = kind == ActivationKind::kSilu &&
                             quantization_.find(node.inputs[0]) != nullptr &&
                             out_.traits().after_sigmoid;
    if (!in_integers) return quantized(node.name, out_.activation(node.name, x, kind));
    const std::string gate_name = node.name + ".sigmoid";
    const Ref gate =
        out_.quantize(gate_name + kQuantizerSuffix,
                      out_.activation(gate_name, x, ActivationKind::kSigmoid), kSigmoidParams);
    return quantized(node.name, out_.binary(node.name, BinaryKind::kMultiply, x, gate));
  }

  // The division by 255 goes into the first convolution's weights, so that no pass over the image
  // is spent on it.
  Ref conv(const Node& node, const Conv2d& op, Ref x) {
    const auto q = quantization_.convs.find(node.name);
    if (q != quantization_.convs.end()) {
      const QuantParams& input = *quantization_.find(node.inputs[0]);
      const Ref y = out_.quantized_conv(node.name, x, op, q->second, input);
      if (!before_silu(node) || out_.traits().before_silu) return quantized(node.name, y);
      left_out_[node.name] = *quantization_.find(node.name);
      return y;
    }
    if (node.inputs[0] != model_.graph.input || input_scale_ == 1.0F)
      return out_.conv(node.name, x, op);
    Conv2d scaled = op;
    for (float& w : scaled.weight.values) w *= input_scale_;
    return out_.conv(node.name, x, scaled);
  }

  // ---- the decoded head: everything over all cells of all strides, (1, rows, cells)

  // Centres of the cells in units of their stride, (1, 2, cells), and the strides, (1, 1, cells).
  void make_cells() {
    std::vector<float> x;
    std::vector<float> y;
    std::vector<float> s;
    for (const int stride : model_.info.strides) {
      for (int row = 0; row < size_.height / stride; ++row) {
        for (int column = 0; column < size_.width / stride; ++column) {
          x.push_back(static_cast<float>(column) + 0.5F);
          y.push_back(static_cast<float>(row) + 0.5F);
          s.push_back(static_cast<float>(stride));
        }
      }
    }
    cells_ = static_cast<int64_t>(x.size());
    strides_ = out_.constant("cells.stride", {.shape = {1, 1, cells_}, .values = std::move(s)});
    x.insert(x.end(), y.begin(), y.end());
    centres_ = out_.constant("cells.centre", {.shape = {1, 2, cells_}, .values = std::move(x)});
  }

  // All outputs of one role side by side: (1, channels, cells).
  Ref joined(OutputRole role) {
    std::vector<Ref> parts;
    for (const int stride : model_.info.strides) {
      const std::vector<Ref> here = flat(role, stride);
      parts.insert(parts.end(), here.begin(), here.end());
    }
    return out_.concat(fmt::format("{}.all", role_name(role)), parts, 2);
  }

  // The outputs of a role at a stride, (1, channels, cells): one, or none.
  std::vector<Ref> flat(OutputRole role, int stride) {
    std::vector<Ref> list;
    for (const Output& o : model_.graph.outputs) {
      if (o.role != role || o.stride != stride) continue;
      const Ref x = value(o.value);
      const Shape shape = out_.shape(x);
      list.push_back(out_.reshape(o.name() + ".flat", x, {1, shape[1], shape[2] * shape[3]}));
    }
    return list;
  }

  // Distances to the four sides are the means of distributions over bins (Li et al., "Generalized
  // Focal Loss", 2020).
  Ref boxes() {
    const auto bins = static_cast<int64_t>(model_.info.bins.size());
    const Ref logits = out_.reshape("box.bins", joined(OutputRole::kBox), {1, 4, bins, cells_});
    const Tensor steps{.shape = {1, 1, bins, 1}, .values = model_.info.bins};
    const Ref weighted =
        out_.binary("box.weighted", BinaryKind::kMultiply, out_.softmax("box.softmax", logits, 2),
                    out_.constant("box.steps", steps));
    const Ref sides = out_.reduce_sum("box.sides", weighted, 2);
    const Ref first = out_.binary("box.first", BinaryKind::kSubtract, centres_,
                                  out_.slice("box.lt", sides, 1, 0, 2));
    const Ref second =
        out_.binary("box.second", BinaryKind::kAdd, centres_, out_.slice("box.rb", sides, 1, 2, 4));
    const Ref half = out_.constant("box.half", {.shape = {1, 1, 1}, .values = {0.5F}});
    const Ref centre = out_.binary("box.centre", BinaryKind::kMultiply,
                                   out_.binary("box.sum", BinaryKind::kAdd, first, second), half);
    const Ref extent = out_.binary("box.extent", BinaryKind::kSubtract, second, first);
    const Ref pixels = out_.binary("box.pixels", BinaryKind::kMultiply,
                                   out_.concat("box.cells", {centre, extent}, 1), strides_);
    return as_fractions("box", pixels, {1, 4, 1});
  }

  // Rows (or pairs of them) of x and y, as fractions of the input's sides where the format wants
  // it.
  Ref as_fractions(const std::string& name, Ref pixels, const Shape& shape) {
    if (!out_.traits().fractions) return pixels;
    Tensor sides{.shape = shape, .values = {}};
    for (int64_t i = 0; i < element_count(shape); ++i)
      sides.values.push_back(1.0F / static_cast<float>(i % 2 == 0 ? size_.width : size_.height));
    return out_.binary(name + ".fractions", BinaryKind::kMultiply, pixels,
                       out_.constant(name + ".sides", sides));
  }

  Ref classes() {
    return out_.activation("class.probability", joined(OutputRole::kClass),
                           ActivationKind::kSigmoid);
  }

  // At a stride with fine keypoints the mean of all three. (1, 2 · keypoints, cells)
  Ref offsets_of_keypoints() {
    std::vector<Ref> parts;
    for (const int stride : model_.info.strides) {
      std::vector<Ref> same = flat(OutputRole::kKeypoint, stride);
      const std::vector<Ref> fine = flat(OutputRole::kFineKeypoint, stride);
      same.insert(same.end(), fine.begin(), fine.end());
      parts.push_back(fine.empty() ? same.at(0)
                                   : mean_of_three(fmt::format("keypoint_{}", stride), same));
    }
    return out_.concat("keypoint.all", parts, 2);
  }

  // (1, n, cells) and (1, 2n, cells).
  Ref mean_of_three(const std::string& name, const std::vector<Ref>& parts) {
    const Shape shape = out_.shape(parts.at(0));
    const Ref all = out_.reshape(name + ".three", out_.concat(name + ".thrice", parts, 1),
                                 {1, 3, shape[1], shape[2]});
    const Ref third = out_.constant(name + ".third", {.shape = {1, 1, 1}, .values = {1.0F / 3}});
    return out_.binary(name + ".mean", BinaryKind::kMultiply,
                       out_.reduce_sum(name + ".sum", all, 1), third);
  }

  // x = (2·offset + column) · stride: the offset counts from the cell's corner.
  Ref keypoints() {
    const int64_t count = model_.info.keypoints;
    const Ref offsets =
        out_.reshape("keypoint.pairs", offsets_of_keypoints(), {1, count, 2, cells_});
    const Ref two = out_.constant("keypoint.two", {.shape = {1, 1, 1, 1}, .values = {2.0F}});
    const Ref half = out_.constant("keypoint.half", {.shape = {1, 1, 1}, .values = {0.5F}});
    const Ref corner = out_.reshape(
        "keypoint.corner", out_.binary("keypoint.corners", BinaryKind::kSubtract, centres_, half),
        {1, 1, 2, cells_});
    const Ref doubled = out_.binary("keypoint.doubled", BinaryKind::kMultiply, offsets, two);
    const Ref moved = out_.binary("keypoint.moved", BinaryKind::kAdd, doubled, corner);
    Ref points = out_.binary("keypoint.pixels", BinaryKind::kMultiply, moved,
                             out_.reshape("keypoint.strides", strides_, {1, 1, 1, cells_}));
    points = as_fractions("keypoint", points, {1, 1, 2, 1});
    if (model_.info.keypoint_dims == 3) {
      const Ref visible = out_.activation("visibility.probability", joined(OutputRole::kVisibility),
                                          ActivationKind::kSigmoid);
      points = out_.concat(
          "keypoint.triples",
          {points, out_.reshape("visibility.column", visible, {1, count, 1, cells_})}, 2);
    }
    return out_.reshape("keypoint.rows", points, {1, count * model_.info.keypoint_dims, cells_});
  }

  const Model& model_;
  const Quantization& quantization_;
  Size size_;
  Emitter& out_;
  float input_scale_ = 1.0F;
  std::map<std::string, Ref> values_;
  std::map<std::string, QuantParams> left_out_;
  std::set<std::string> shown_;  // lie on the grid of their parameters
  int64_t cells_ = 0;
  Ref centres_ = 0;
  Ref strides_ = 0;
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

}  // namespace

void lower(const Model& model, Size size, Layout layout, Emitter& emitter) {
  Lowering lowering(model, size, emitter);
  if (layout == Layout::kRaw) lowering.raw();
  if (layout == Layout::kEveryValue) lowering.every_value();
  if (layout == Layout::kUltralytics) lowering.decoded();
  auto entries = export_metadata(model, size, layout);
  if (const auto& left_out = lowering.left_out_before_silu(); !left_out.empty())
    entries[kBeforeSiluKey] = to_json(left_out).dump();
  emitter.metadata(entries);
}

std::map<std::string, std::string> export_metadata(const Model& model, Size size, Layout layout) {
  const ModelInfo& info = model.info;
  const nlohmann::json octet{{"version", 1},
                             {"layout", layout == Layout::kRaw ? "raw" : "ultralytics"},
                             {"imgsz", {size.width, size.height}},
                             {"weight_bits", model.quantization.weight_bits_or_zero()},
                             {"info", to_json(info)}};
  std::map<std::string, std::string> entries{{"octet", octet.dump()}};
  if (!info.licence.empty()) entries["license"] = info.licence;
  if (layout == Layout::kRaw) return entries;
  entries["description"] = "YOLOv8 exported by octet from " + info.source;
  entries["stride"] = std::to_string(info.strides.back());
  entries["task"] = task_name(info.task);
  entries["batch"] = "1";
  entries["imgsz"] = fmt::format("[{}, {}]", size.height, size.width);
  entries["names"] = python_names(info.names);
  if (info.task == Task::kPose)
    entries["kpt_shape"] = fmt::format("[{}, {}]", info.keypoints, info.keypoint_dims);
  return entries;
}

}  // namespace octet
