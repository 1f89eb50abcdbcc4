// Predictions and mAP against what Ultralytics gives, on the data beside the repository. Skipped
// where that is not there.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "eval/metric/box_overlap.h"
#include "run_octet.h"

namespace octet {
namespace {
namespace fs = std::filesystem;
using nlohmann::json;

const fs::path kShared = fs::path(OCTET_SOURCE_DIR).parent_path() / "shared/data";

#define REQUIRE_SHARED_DATA() \
  if (!fs::exists(kShared)) GTEST_SKIP() << kShared << " is not there"

double iou(const std::vector<double>& a, const std::vector<double>& b) {
  return intersection_over_union({a[0], a[1], a[2], a[3]}, {b[0], b[1], b[2], b[3]});
}

// Every stored box above 0.3 has a detection of its class with IoU ≥ 0.98, confidence within 0.01,
// keypoints within a pixel.
void compare(const std::string& task, const std::string& weights) {
  const json golden =
      json::parse(read_text_file(kShared / "golden" / (task + "_predictions.json")));
  int matched = 0;
  for (const json& expected : golden["predictions"]) {
    const std::string name = expected["image"];
    const Outcome done =
        run_octet("detect --json --model " + (kShared / "weights" / weights).string() +
                  " --source " + (kShared / "coco/images/val" / name).string());
    ASSERT_EQ(done.status, 0) << done.err;
    const json found = json::parse(done.out)["images"][0]["detections"];
    for (size_t i = 0; i < expected["boxes"].size(); ++i) {
      const json& box = expected["boxes"][i];
      if (box["conf"] <= 0.3) continue;
      const json* best = nullptr;
      for (const json& d : found) {
        if (d["class"] == box["cls"] && iou(d["box"], box["xyxy"]) >= 0.98)
          best = best == nullptr ? &d : best;
      }
      ASSERT_NE(best, nullptr) << name << " box " << i << ": no match";
      EXPECT_NEAR((*best)["confidence"].get<double>(), box["conf"].get<double>(), 0.01)
          << name << " box " << i;
      ++matched;
      if (task != "pose") continue;
      const json& points = expected["keypoints"][i];
      for (size_t k = 0; k < points.size(); ++k) {
        EXPECT_NEAR((*best)["keypoints"][k][0].get<double>(), points[k][0].get<double>(), 1.0)
            << name << " box " << i << " point " << k;
        EXPECT_NEAR((*best)["keypoints"][k][1].get<double>(), points[k][1].get<double>(), 1.0)
            << name << " box " << i << " point " << k;
      }
    }
  }
  EXPECT_GT(matched, 10);
}

TEST(Golden, DetectPredictions) {
  REQUIRE_SHARED_DATA();
  compare("detect", "yolov8n.pt");
}

TEST(Golden, PosePredictions) {
  REQUIRE_SHARED_DATA();
  compare("pose", "yolov8n-pose.pt");
}

TEST(Golden, MapOnCoco) {
  REQUIRE_SHARED_DATA();
  const json detect =
      json::parse(run_octet("val --json --model " + (kShared / "weights/yolov8n.pt").string() +
                            " --data " + (kShared / "coco/data.yaml").string())
                      .out);
  EXPECT_NEAR(detect["map50_95"].get<double>(), 0.436, 0.002);
  EXPECT_NEAR(detect["map50"].get<double>(), 0.600, 0.003);
  const json pose =
      json::parse(run_octet("val --json --model " + (kShared / "weights/yolov8n-pose.pt").string() +
                            " --data " + (kShared / "coco-pose/data.yaml").string())
                      .out);
  EXPECT_NEAR(pose["map50_95"].get<double>(), 0.672, 0.004);
  EXPECT_NEAR(pose["pose_map50_95"].get<double>(), 0.466, 0.004);
}

// Folded or neutral BatchNorm is the same function.
TEST(Golden, FoldedCheckpointIsTheSameFunction) {
  REQUIRE_SHARED_DATA();
  const std::string picture = (kShared / "coco/images/val/000000000139.jpg").string();
  const auto boxes = [&](const char* weights) {
    return json::parse(run_octet("detect --json --model " +
                                 (kShared / "weights" / weights).string() + " --source " + picture)
                           .out)["images"][0]["detections"];
  };
  const json a = boxes("yolov8n.pt");
  const json b = boxes("yolov8n-folded-bn.pt");
  ASSERT_EQ(a.size(), b.size());
  for (size_t i = 0; i < a.size(); ++i) EXPECT_GT(iou(a[i]["box"], b[i]["box"]), 0.98);
}

}  // namespace
}  // namespace octet
