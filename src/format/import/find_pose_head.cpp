#include "format/import/find_pose_head.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdlib>
#include <set>
#include <utility>
#include <vector>

#include "core/error.h"
#include "graph/shapes.h"
#include "model/known_keypoints.h"

namespace octet {
namespace {

constexpr int kCocoKeypoints = 17;
constexpr int kBlazePoseKeypoints = 33;
constexpr int kBlazePosePoints = 39;  // with six that align the next crop
constexpr int kBlazePoseNumbers = 5;  // x, y, z, visibility, presence
constexpr int kMostPointNumbers = 8;  // of a network whose keypoints are guessed
constexpr std::array<std::string_view, 4> kOrders = {"yx-pairs", "xy-pairs", "yx-planes",
                                                     "xy-planes"};
constexpr std::string_view kLogits = "logits", kProbabilities = "probabilities";

std::string in_lower_case(std::string text) {
  for (char& c : text) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return text;
}

class NetworkOutputs {
 public:
  struct One {
    std::string name, value;
    Shape shape;  // in exports
    [[nodiscard]] bool is_map() const { return shape.size() == 4 && shape[2] * shape[3] > 1; }
    [[nodiscard]] int64_t numbers() const { return element_count(shape); }
    [[nodiscard]] bool holds(std::string_view word) const {
      return in_lower_case(name).find(word) != std::string::npos;
    }
  };

  explicit NetworkOutputs(const Model& model) : graph_(model.graph) {
    const auto shapes = infer_shapes(graph_, model.graph.smallest_size());
    for (const Output& o : model.outputs())
      all_.push_back({.name = o.name(),
                      .value = o.value,
                      .shape = o.raw.shape.empty() ? shapes.at(o.value) : o.raw.shape});
  }

  [[nodiscard]] const std::vector<One>& all() const { return all_; }
  // The first that fits; null: none.
  template <typename Fits>
  [[nodiscard]] const One* find(const Fits& fits) const {
    const auto at = std::find_if(all_.begin(), all_.end(), fits);
    return at == all_.end() ? nullptr : &*at;
  }
  [[nodiscard]] const One* named(std::string_view name) const {
    return find([&](const One& o) { return o.name == name; });
  }
  // Maps of the same cells, with a word in their name.
  [[nodiscard]] const One* beside(const One& map, std::string_view word, int64_t channels) const {
    return find([&](const One& o) {
      return o.holds(word) && o.shape == Shape{1, channels, map.shape[2], map.shape[3]};
    });
  }
  // Whether sigmoids make all of its values, which may be moved behind them.
  [[nodiscard]] bool ends_in_sigmoid(const One& output) const {
    std::vector<std::string> values{output.value};
    std::set<std::string> seen;
    while (!values.empty()) {
      const std::string value = values.back();
      values.pop_back();
      if (!seen.insert(value).second) continue;
      const Node* node = graph_.find(value);
      if (node == nullptr) return false;
      const auto* activation = std::get_if<Activation>(&node->op);
      if (activation != nullptr && activation->kind == ActivationKind::kSigmoid) continue;
      if (!traits_of(node->op).moves_data) return false;
      values.insert(values.end(), node->inputs.begin(), node->inputs.end());
    }
    return true;
  }
  [[nodiscard]] std::string names() const {
    std::vector<std::string> list;
    for (const One& o : all_) list.push_back(o.name);
    return fmt::format("{}", fmt::join(list, ", "));
  }

 private:
  const Graph& graph_;
  std::vector<One> all_;
};
using One = NetworkOutputs::One;

// ---- the outputs of each kind, by names and shapes

using Parts = std::map<PosePart, std::string>;

void keep(const One* output, PosePart part, Parts& parts) {
  if (output != nullptr) parts.emplace(part, output->name);  // unless the user named one
}

// The heat maps: by name, or the only output.
const One* heatmaps_of(const NetworkOutputs& outputs, const Parts& parts) {
  if (const auto at = parts.find(PosePart::kHeatmap); at != parts.end())
    return outputs.named(at->second);
  const One* named = outputs.find([](const One& o) { return o.is_map() && o.holds("heatmap"); });
  const bool only = outputs.all().size() == 1 && outputs.all()[0].is_map();
  return named != nullptr || !only ? named : &outputs.all()[0];
}

Parts find_maps(const NetworkOutputs& outputs, PoseHeadKind kind, Parts parts) {
  const One* heat = heatmaps_of(outputs, parts);
  if (heat == nullptr || !heat->is_map()) return parts;
  const int64_t points = heat->shape[1];
  keep(heat, PosePart::kHeatmap, parts);
  keep(outputs.beside(*heat, "offset", 2 * points), PosePart::kOffset, parts);
  if (kind != PoseHeadKind::kCentre) return parts;
  keep(outputs.beside(*heat, "cent", 1), PosePart::kCentre, parts);
  keep(outputs.beside(*heat, "regress", 2 * points), PosePart::kRegress, parts);
  return parts;
}

const One* blazepose_points(const NetworkOutputs& outputs) {
  return outputs.find([](const One& o) {
    return !o.is_map() && o.numbers() == kBlazePosePoints * kBlazePoseNumbers;
  });
}

Parts find_points(const NetworkOutputs& outputs, Parts parts) {
  const One* points = blazepose_points(outputs);
  if (points == nullptr && outputs.all().size() == 1) points = &outputs.all()[0];
  keep(points, PosePart::kPoints, parts);
  if (points != nullptr && points == blazepose_points(outputs))
    keep(outputs.find([](const One& o) { return o.numbers() == 1; }), PosePart::kPresence, parts);
  return parts;
}

std::optional<PoseHeadKind> guessed_kind(const NetworkOutputs& outputs) {
  const One* points = blazepose_points(outputs);
  if (points != nullptr && outputs.find([](const One& o) { return o.numbers() == 1; }) != nullptr)
    return PoseHeadKind::kRegression;
  const One* heat = heatmaps_of(outputs, {});
  if (heat == nullptr || heat->shape[1] > kMostPoseKeypoints) return std::nullopt;
  const Parts parts = find_maps(outputs, PoseHeadKind::kCentre, {});
  const bool offsets = parts.contains(PosePart::kOffset);
  if (offsets && parts.contains(PosePart::kCentre) && parts.contains(PosePart::kRegress))
    return PoseHeadKind::kCentre;
  if (offsets) return PoseHeadKind::kHeatmap;
  const bool only = outputs.all().size() == 1 && heat->shape[1] == kCocoKeypoints;
  return only ? std::optional(PoseHeadKind::kHeatmap) : std::nullopt;
}

// ---- the fields of a head

void set_map_fields(const NetworkOutputs& outputs, PoseHead& head) {
  const One& heat = *outputs.named(*head.output(PosePart::kHeatmap));
  const bool offsets = head.output(PosePart::kOffset) != nullptr;
  if (!heat.is_map())
    fail_usage("--head {}: the output '{}' is no image of heat maps", pose_head_name(head.kind),
               heat.name);
  if (head.keypoints == 0) head.keypoints = static_cast<int>(heat.shape[1]);
  head.logits = offsets && !outputs.ends_in_sigmoid(heat);
  // PoseNet has pixels, all y before all x; MoveNet has cells, and pairs.
  head.pairs = head.kind == PoseHeadKind::kCentre;
  head.offset_in_pixels = head.kind == PoseHeadKind::kHeatmap;
}

// The keypoints of so many numbers; 0: unknown.
int keypoints_of(int64_t numbers) {
  if (numbers == kBlazePosePoints * kBlazePoseNumbers) return kBlazePoseKeypoints;
  for (const int keypoints : {kCocoKeypoints, kBlazePoseKeypoints}) {
    const int64_t each = numbers / keypoints;
    if (numbers % keypoints == 0 && each >= 2 && each <= kMostPointNumbers) return keypoints;
  }
  return 0;
}

void set_point_fields(const NetworkOutputs& outputs, PoseHead& head) {
  const One& points = *outputs.named(*head.output(PosePart::kPoints));
  if (head.keypoints == 0) head.keypoints = keypoints_of(points.numbers());
  if (head.keypoints == 0)
    fail_usage("--keypoints: is needed, since '{}' has {} numbers", points.name, points.numbers());
  const bool blazepose = head.keypoints == kBlazePoseKeypoints &&
                         points.numbers() == kBlazePosePoints * kBlazePoseNumbers;
  const int64_t each = blazepose ? kBlazePoseNumbers : points.numbers() / head.keypoints;
  if (!blazepose && points.numbers() % head.keypoints != 0)
    fail_usage("--keypoints {}: '{}' has {} numbers, which is no multiple", head.keypoints,
               points.name, points.numbers());
  head.point_numbers = static_cast<int>(std::min<int64_t>(each, kMostPoseNumbers + 1));
  if (const std::string* presence = head.output(PosePart::kPresence))
    head.presence_is_logit = !outputs.ends_in_sigmoid(*outputs.named(*presence));
}

void set_order(const std::string& order, PoseHead& head) {
  if (order.empty()) return;
  if (std::find(kOrders.begin(), kOrders.end(), order) == kOrders.end())
    fail_usage("--order {}: is not one of {}", order, fmt::join(kOrders, ", "));
  if (head.kind == PoseHeadKind::kRegression)
    fail_usage("--order: is for offsets; the head {} has x before y", pose_head_name(head.kind));
  head.y_first = order.starts_with("yx");
  head.pairs = order.ends_with("pairs");
}

void set_scores(const std::string& scores, PoseHead& head) {
  if (scores.empty()) return;
  if (scores != kLogits && scores != kProbabilities)
    fail_usage("--scores {}: is neither {} nor {}", scores, kLogits, kProbabilities);
  if (head.kind == PoseHeadKind::kRegression)
    fail_usage("--scores: is for heat maps; the head {} has none", pose_head_name(head.kind));
  head.logits = scores == kLogits;
}

void require_outputs(const NetworkOutputs& outputs, const PoseHead& head) {
  for (const auto& [part, name] : head.outputs) {
    if (outputs.named(name) == nullptr)
      fail_usage("--outputs {}={}: the network has {}", pose_part_name(part), name,
                 outputs.names());
  }
  for (const PosePart part : needed_parts(head.kind)) {
    if (head.output(part) == nullptr)
      fail_usage("--head {}: name its output by --outputs {}=NAME; the network has {}",
                 pose_head_name(head.kind), pose_part_name(part), outputs.names());
  }
}

PoseHeadKind kind_of(const std::string& name) {
  for (const PoseHeadKind kind :
       {PoseHeadKind::kCentre, PoseHeadKind::kHeatmap, PoseHeadKind::kRegression}) {
    if (pose_head_name(kind) == name) return kind;
  }
  fail_usage("--head {}: is not one of centre, heatmap, regression, none", name);
}

}  // namespace

std::map<PosePart, std::string> parse_pose_outputs(const std::string& text) {
  std::map<PosePart, std::string> outputs;
  for (size_t at = 0; at < text.size();) {
    const size_t end = std::min(text.find(',', at), text.size());
    const std::string one = text.substr(at, end - at);
    const size_t equals = one.find('=');
    if (equals == std::string::npos || equals + 1 == one.size())
      fail_usage("--outputs {}: 'heatmap=NAME' is expected, such pairs with commas", one);
    try {
      outputs[parse_pose_part(one.substr(0, equals))] = one.substr(equals + 1);
    } catch (const Error& e) {
      fail_usage("--outputs {}: {}", one, e.what());
    }
    at = end + 1;
  }
  return outputs;
}

std::optional<PoseHead> find_pose_head(const Model& model, const PoseHeadRequest& request) {
  if (request.kind == "none") return std::nullopt;
  const NetworkOutputs outputs(model);
  const auto kind =
      request.kind.empty() ? guessed_kind(outputs) : std::optional(kind_of(request.kind));
  if (!kind) {
    if (request.outputs.empty() && request.order.empty() && request.scores.empty() &&
        request.keypoints == 0)
      return std::nullopt;
    fail_usage("--outputs, --order, --scores and --keypoints need --head for this network");
  }
  PoseHead head;
  head.kind = *kind;
  head.keypoints = request.keypoints;
  head.outputs = *kind == PoseHeadKind::kRegression ? find_points(outputs, request.outputs)
                                                    : find_maps(outputs, *kind, request.outputs);
  require_outputs(outputs, head);
  *kind == PoseHeadKind::kRegression ? set_point_fields(outputs, head)
                                     : set_map_fields(outputs, head);
  set_order(request.order, head);
  set_scores(request.scores, head);
  set_known_keypoints(head);
  return head;
}

}  // namespace octet
