// Keypoints of COCO JSON as pycocotools 2.0.11 counts them: tests/data/coco_metric.json, read as a data set.
#include <gtest/gtest.h>

#include <map>
#include <nlohmann/json.hpp>

#include "core/file.h"
#include "eval/dataset/dataset_readers.h"

namespace octet {
namespace {

using nlohmann::json;

json stored() {
  return json::parse(read_text_file(OCTET_SOURCE_DIR "/tests/data/coco_metric.json"));
}

Detections found_in(const json& all, const json& image) {
  Detections out{.items = {}, .keypoints = {}, .keypoints_per_object = 17};
  for (const json& d : all["detections"]) {
    if (d["image_id"] != image["id"]) continue;
    const auto b = d["bbox"].get<std::vector<float>>();
    out.items.push_back({.box = {b[0], b[1], b[0] + b[2], b[1] + b[3]},
                         .class_index = d["category_id"].get<int>() - 1,
                         .confidence = d["score"]});
    const auto k = d["keypoints"].get<std::vector<float>>();
    for (size_t i = 0; i < k.size(); i += 3) out.keypoints.push_back({k[i], k[i + 1], k[i + 2]});
  }
  return out;
}

CocoSummary measured(json all) {
  for (json& image : all["truth"]["images"]) image["file_name"] = image["id"].dump() + ".jpg";
  const Dataset data = parse_coco_dataset(all["truth"].dump(), "c.json", {.images = "/none"});
  CocoMetric metric(MetricKind::kKeypoint, data.keypoints);
  for (size_t i = 0; i < data.samples.size(); ++i)
    metric.add(data.samples[i].objects, found_in(all, all["truth"]["images"][i]));
  return metric.summary();
}

void expect_figures(const CocoSummary& s, const std::vector<double>& wanted) {
  EXPECT_NEAR(s.map50_95, wanted[0], 1e-6);
  EXPECT_NEAR(s.map50, wanted[1], 1e-6);
  EXPECT_NEAR(s.map75, wanted[2], 1e-6);
  EXPECT_NEAR(s.recall_100, wanted[5], 1e-6);
}

// What is found at a person without keypoints is no mistake, whether they are zeros or not there.
TEST(CocoKeypoints, ObjectsWithoutKeypointsAreIgnored) {
  json all = stored();
  const auto wanted = all["expected"]["keypoints"].get<std::vector<double>>();
  expect_figures(measured(all), wanted);
  int without = 0;
  for (json& a : all["truth"]["annotations"]) {
    if (a["num_keypoints"] != 0) continue;
    a.erase("keypoints");
    ++without;
  }
  ASSERT_GE(without, 5);
  expect_figures(measured(all), wanted);
}

// "num_keypoints" decides, also where the keypoints say something else. The figures are pycocotools' of
// this change.
TEST(CocoKeypoints, TheirNumberIsBelieved) {
  json all = stored();
  int changed = 0;
  for (json& a : all["truth"]["annotations"]) {
    const bool third = a["id"].get<int>() % 3 == 0;
    if (!third && a["num_keypoints"] != 0) continue;
    a["num_keypoints"] = third ? 0 : 5;
    ++changed;
  }
  EXPECT_EQ(changed, 19);
  expect_figures(measured(all), {0.05401647688991576, 0.07176958530787088, 0.05895764157192557, 0,
                                 0, 0.38041958041958046});
}

}  // namespace
}  // namespace octet
