#include "model/pose_head.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "core/error.h"

namespace octet {
namespace {

constexpr size_t kCocoKeypoints = 17;
constexpr size_t kMostBones = 4;  // of each keypoint; each is drawn for every person
constexpr std::array<std::string_view, 3> kKinds = {"centre", "heatmap", "regression"};
constexpr std::array<std::string_view, kPoseParts> kParts = {
    "heatmap", "offset", "centre", "regress", "points", "visibility", "presence"};

template <typename Value, size_t N>
Value parse(const std::array<std::string_view, N>& names, std::string_view name,
            std::string_view noun) {
  const auto at = std::find(names.begin(), names.end(), name);
  if (at == names.end()) fail("the {} '{}' is not one of {}", noun, name, fmt::join(names, ", "));
  return static_cast<Value>(at - names.begin());
}

void verify_keypoint(int keypoint, const PoseHead& head, std::string_view field) {
  if (keypoint < 0 || keypoint >= head.keypoints)
    fail("{}: keypoint {} is not one of {}", field, keypoint, head.keypoints);
}

}  // namespace

const std::string* PoseHead::output(PosePart part) const {
  const auto at = outputs.find(part);
  return at == outputs.end() ? nullptr : &at->second;
}

std::string_view pose_head_name(PoseHeadKind kind) { return kKinds.at(static_cast<size_t>(kind)); }

PoseHeadKind parse_pose_head(std::string_view name) {
  return parse<PoseHeadKind>(kKinds, name, "head");
}

std::vector<PosePart> needed_parts(PoseHeadKind kind) {
  switch (kind) {
    case PoseHeadKind::kCentre:
      return {PosePart::kHeatmap, PosePart::kOffset, PosePart::kCentre, PosePart::kRegress};
    case PoseHeadKind::kHeatmap:
      return {PosePart::kHeatmap};
    case PoseHeadKind::kRegression:
      return {PosePart::kPoints};
  }
  return {};
}

std::string_view pose_part_name(PosePart part) { return kParts.at(static_cast<size_t>(part)); }

PosePart parse_pose_part(std::string_view name) {
  return parse<PosePart>(kParts, name, "content of an output");
}

nlohmann::json to_json(const PoseHead& head) {
  nlohmann::json outputs;
  for (const auto& [part, name] : head.outputs) outputs[std::string(pose_part_name(part))] = name;
  return {{"kind", pose_head_name(head.kind)},
          {"outputs", std::move(outputs)},
          {"keypoints", head.keypoints},
          {"pairs", head.pairs},
          {"y_first", head.y_first},
          {"offset_in_pixels", head.offset_in_pixels},
          {"logits", head.logits},
          {"point_numbers", head.point_numbers},
          {"presence_is_logit", head.presence_is_logit},
          {"margin", head.margin},
          {"names", head.names},
          {"skeleton", head.skeleton},
          {"coco", head.coco}};
}

PoseHead pose_head_from_json(const nlohmann::json& j) {
  PoseHead head;
  try {
    head.kind = parse_pose_head(j.at("kind").get<std::string>());
    for (const auto& [part, name] : j.at("outputs").items())
      head.outputs.emplace(parse_pose_part(part), name.get<std::string>());
    head.keypoints = j.at("keypoints").get<int>();
    head.pairs = j.at("pairs").get<bool>();
    head.y_first = j.at("y_first").get<bool>();
    head.offset_in_pixels = j.at("offset_in_pixels").get<bool>();
    head.logits = j.at("logits").get<bool>();
    head.point_numbers = j.at("point_numbers").get<int>();
    head.presence_is_logit = j.at("presence_is_logit").get<bool>();
    head.margin = j.at("margin").get<double>();
    head.names = j.at("names").get<std::vector<std::string>>();
    head.skeleton = j.at("skeleton").get<std::vector<std::pair<int, int>>>();
    head.coco = j.at("coco").get<std::vector<int>>();
  } catch (const nlohmann::json::exception& e) {
    fail("pose head: {}", e.what());
  }
  verify(head);
  return head;
}

void verify(const PoseHead& head) {
  if (head.keypoints < 1 || head.keypoints > kMostPoseKeypoints)
    fail("pose head: {} keypoints; 1 to {} are possible", head.keypoints, kMostPoseKeypoints);
  for (const PosePart part : needed_parts(head.kind)) {
    if (head.output(part) == nullptr)
      fail("pose head: the kind {} needs an output '{}'", pose_head_name(head.kind),
           pose_part_name(part));
  }
  if (head.point_numbers < 2 || head.point_numbers > kMostPoseNumbers)
    fail("pose head: points of {} numbers; 2 to {} are possible", head.point_numbers,
         kMostPoseNumbers);
  if (!std::isfinite(head.margin) || head.margin < 0.5 || head.margin > 4)
    fail("pose head: margin {} is not within 0.5..4", head.margin);
  if (!head.names.empty() && head.names.size() != static_cast<size_t>(head.keypoints))
    fail("pose head: {} names of {} keypoints", head.names.size(), head.keypoints);
  const size_t most_bones = kMostBones * static_cast<size_t>(head.keypoints);
  if (head.skeleton.size() > most_bones)
    fail("pose head: a skeleton of {} pairs for {} keypoints; {} at most are possible",
         head.skeleton.size(), head.keypoints, most_bones);
  for (const auto& [from, to] : head.skeleton) {
    verify_keypoint(from, head, "pose head: skeleton");
    verify_keypoint(to, head, "pose head: skeleton");
  }
  if (!head.coco.empty() && head.coco.size() != kCocoKeypoints)
    fail("pose head: {} of COCO's {} keypoints", head.coco.size(), kCocoKeypoints);
  for (const int keypoint : head.coco) verify_keypoint(keypoint, head, "pose head: coco");
}

}  // namespace octet
