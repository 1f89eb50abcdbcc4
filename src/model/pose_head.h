// The meaning of a network's outputs that find the keypoints of one person, in a crop around them.
// A network with raw outputs has it where octet knows it.
#pragma once

#include <array>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace octet {

// kCentre: the person's centre, keypoints as seen from there, then the nearest peak of each heat map
// (CenterNet, as MoveNet has it). kHeatmap: the highest peak of each heat map. kRegression: the
// coordinates themselves, as BlazePose gives them.
enum class PoseHeadKind { kCentre, kHeatmap, kRegression };

// The content of an output of K keypoints. kHeatmap (K, h, w) scores. kOffset (2K, h, w): from a
// cell to the keypoint. kCentre (1, h, w) scores. kRegress (2K, h, w): from the centre's cell to
// each keypoint, in cells. kPoints: the numbers of each point in turn. kVisibility: a logit for each
// point, where kPoints does not hold it. kPresence: one score.
enum class PosePart { kHeatmap, kOffset, kCentre, kRegress, kPoints, kVisibility, kPresence };
inline constexpr size_t kPoseParts = 7;

// Pairs of keypoints that are joined in drawings.
using Skeleton = std::vector<std::pair<int, int>>;

inline constexpr int kMostPoseKeypoints = 1000;
inline constexpr int kMostPoseNumbers = 16;  // of each of kPoints

struct PoseHead {
  PoseHeadKind kind = PoseHeadKind::kHeatmap;
  std::map<PosePart, std::string> outputs;  // their names
  int keypoints = 17;                       // the first ones of a network that has more points
  // Of the numbers of kOffset and kRegress: the two of each keypoint side by side, else all of the
  // first axis and then all of the second. Which axis is first.
  bool pairs = true;
  bool y_first = true;
  // Whether kOffset counts pixels of the input, else cells of the heat map.
  bool offset_in_pixels = false;
  // Whether the scores of heat maps are logits, else probabilities.
  bool logits = true;
  // Of kPoints: the numbers of each point, x and y in pixels of the input first. Where there are
  // four or more, the fourth is the logit of its visibility.
  int point_numbers = 2;
  bool presence_is_logit = false;
  // The side of the crop as a multiple of the person's box.
  double margin = 1.25;
  std::vector<std::string> names;  // of keypoints; empty: unknown
  Skeleton skeleton;
  // The keypoint that is each of COCO's 17; empty: it has no such keypoints.
  std::vector<int> coco;

  [[nodiscard]] const std::string* output(PosePart part) const;
};

// "centre", "heatmap", "regression".
[[nodiscard]] std::string_view pose_head_name(PoseHeadKind kind);
// Throws an Error for an unknown name.
[[nodiscard]] PoseHeadKind parse_pose_head(std::string_view name);
// The outputs that a network of this kind has at least.
[[nodiscard]] std::vector<PosePart> needed_parts(PoseHeadKind kind);
// "heatmap", "offset", …
[[nodiscard]] std::string_view pose_part_name(PosePart part);
// Throws an Error for an unknown name.
[[nodiscard]] PosePart parse_pose_part(std::string_view name);

[[nodiscard]] nlohmann::json to_json(const PoseHead& head);
// Throws an Error that names the field.
[[nodiscard]] PoseHead pose_head_from_json(const nlohmann::json& json);

// Checks that all fields are in range, and that the outputs that the kind needs are named. Throws an
// Error that names the field.
void verify(const PoseHead& head);

}  // namespace octet
