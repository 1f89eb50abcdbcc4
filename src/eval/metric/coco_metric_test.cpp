#include "eval/metric/coco_metric.h"

#include <gtest/gtest.h>

#include <map>
#include <nlohmann/json.hpp>

#include "core/file.h"

namespace octet {
namespace {
using nlohmann::json;

TruthObject truth_object(const json& a) {
  const auto b = a["bbox"].get<std::vector<double>>();
  TruthObject t{.class_index = a["category_id"].get<int>() - 1,
                .box = {b[0], b[1], b[0] + b[2], b[1] + b[3]},
                .box_area = a["area"],
                .keypoint_area = a["area"],
                .crowd = a["iscrowd"] == 1,
                .keypoints = {}};
  const auto k = a["keypoints"].get<std::vector<double>>();
  for (size_t i = 0; i < k.size(); i += 3)
    t.keypoints.push_back({k[i], k[i + 1], static_cast<int>(k[i + 2])});
  return t;
}

void append(const json& d, Detections& out) {
  const auto b = d["bbox"].get<std::vector<float>>();
  out.items.push_back({.box = {b[0], b[1], b[0] + b[2], b[1] + b[3]},
                       .class_index = d["category_id"].get<int>() - 1,
                       .confidence = d["score"]});
  const auto k = d["keypoints"].get<std::vector<float>>();
  for (size_t i = 0; i < k.size(); i += 3) out.keypoints.push_back({k[i], k[i + 1], k[i + 2]});
  out.keypoints_per_object = 17;
}

CocoMetric evaluate(const json& data, MetricKind kind) {
  CocoMetric metric(kind, 17);
  for (const json& image : data["truth"]["images"]) {
    std::vector<TruthObject> truth;
    Detections detections;
    for (const json& a : data["truth"]["annotations"]) {
      if (a["image_id"] == image["id"]) truth.push_back(truth_object(a));
    }
    for (const json& d : data["detections"]) {
      if (d["image_id"] == image["id"]) append(d, detections);
    }
    metric.add(truth, detections);
  }
  return metric;
}

const json& stored() {
  static const json data =
      json::parse(read_text_file(OCTET_SOURCE_DIR "/tests/data/coco_metric.json"));
  return data;
}

// The figures of pycocotools 2.0.11 on the same data; see tests/tools/make_coco_metric.py.
TEST(CocoMetric, BoxesEqualPycocotools) {
  const CocoSummary s = evaluate(stored(), MetricKind::kBox).summary();
  const double ours[] = {s.map50_95,   s.map50,        s.map75,         s.map_small,
                         s.map_medium, s.map_large,    s.recall_1,      s.recall_10,
                         s.recall_100, s.recall_small, s.recall_medium, s.recall_large};
  const auto expected = stored()["expected"]["bbox"].get<std::vector<double>>();
  ASSERT_EQ(expected.size(), std::size(ours));
  for (size_t i = 0; i < expected.size(); ++i)
    EXPECT_NEAR(ours[i], expected[i], 1e-6) << "statistic " << i;
}

TEST(CocoMetric, KeypointsEqualPycocotools) {
  const CocoSummary s = evaluate(stored(), MetricKind::kKeypoint).summary();
  // pycocotools: AP, AP50, AP75, medium, large, then the recalls in the same order; AR50 and AR75
  // are not kept here.
  const double ours[] = {s.map50_95,   s.map50, s.map75, s.map_medium,    s.map_large,
                         s.recall_100, -2,      -2,      s.recall_medium, s.recall_large};
  const auto expected = stored()["expected"]["keypoints"].get<std::vector<double>>();
  ASSERT_EQ(expected.size(), std::size(ours));
  for (size_t i = 0; i < expected.size(); ++i) {
    if (ours[i] == -2) continue;
    EXPECT_NEAR(ours[i], expected[i], 1e-6) << "statistic " << i;
  }
}

TEST(CocoMetric, PerfectDetectionsScoreOne) {
  const TruthObject object{.class_index = 0, .box = {10, 10, 50, 50}, .box_area = 1600};
  Detections found;
  found.items.push_back({.box = {10, 10, 50, 50}, .class_index = 0, .confidence = 0.5F});
  CocoMetric metric(MetricKind::kBox);
  metric.add({&object, 1}, found);
  EXPECT_DOUBLE_EQ(metric.summary().map50_95, 1.0);
  EXPECT_EQ(metric.per_class().size(), 1U);
}

// Three objects; of five detections the third and the last hit nothing. F1 is 4/5 above 0.8, 6/7
// above 0.6, 6/8 above 0.1.
TEST(CocoMetric, BestThresholdIsWhereF1IsGreatest) {
  const auto box = [](float at) { return PixelBox{at, 0, at + 50, 50}; };
  std::vector<TruthObject> truth;
  for (const double x : {0.0, 100.0, 200.0})
    truth.push_back({.class_index = 2, .box = {x, 0, x + 50, 50}, .box_area = 2500});
  Detections found;
  for (const auto& [x, score] :
       {std::pair{0.F, 0.9F}, {100.F, 0.8F}, {400.F, 0.7F}, {200.F, 0.6F}, {500.F, 0.1F}})
    found.items.push_back({.box = box(x), .class_index = 2, .confidence = score});
  CocoMetric metric(MetricKind::kBox);
  metric.add(truth, found);
  const OperatingPoint best = metric.best_threshold();
  EXPECT_FLOAT_EQ(static_cast<float>(best.confidence), 0.6F);
  EXPECT_DOUBLE_EQ(best.precision, 0.75);
  EXPECT_DOUBLE_EQ(best.recall, 1);
  EXPECT_DOUBLE_EQ(best.f1, 6.0 / 7);
  EXPECT_DOUBLE_EQ(metric.per_class().at(0).best.f1, best.f1);
  EXPECT_EQ(CocoMetric(MetricKind::kBox).best_threshold().f1, 0);
}

TEST(CocoMetric, NothingLabelledIsMinusOne) {
  CocoMetric metric(MetricKind::kBox);
  metric.add({}, Detections{});
  EXPECT_EQ(metric.summary().map50_95, -1);
}

// An image that counts twice is an image that was added twice; a metric does not drop from itself.
TEST(CocoMetric, ResamplesImages) {
  const auto truth = [](double x) {
    return std::vector<TruthObject>{{.box = {x, 0, x + 50, 50}, .box_area = 2500}};
  };
  const auto found = [](float x, float score) {
    Detections d;
    d.items.push_back({.box = {x, 0, x + 50, 50}, .class_index = 0, .confidence = score});
    return d;
  };
  CocoMetric once(MetricKind::kBox);
  CocoMetric twice(MetricKind::kBox);
  CocoMetric worse(MetricKind::kBox);
  for (int i = 0; i < 12; ++i) {
    const auto t = truth(i);
    const auto d =
        found(static_cast<float>(i % 3 == 0 ? i + 15 : i), 0.9F - 0.01F * static_cast<float>(i));
    once.add(t, d);
    worse.add(t, found(static_cast<float>(i) + 15, 0.5F));
    for (int k = 0; k < (i < 4 ? 2 : 1); ++k) twice.add(t, d);
  }
  std::vector<int> times(12, 1);
  EXPECT_DOUBLE_EQ(once.map50_95_of(times), once.summary().map50_95);
  for (size_t i = 0; i < 4; ++i) times[i] = 2;
  EXPECT_NEAR(once.map50_95_of(times), twice.summary().map50_95, 0.02);
  const Interval same = bootstrap_drop(once, once, 50);
  EXPECT_EQ(same.low, 0);
  EXPECT_EQ(same.high, 0);
  const Interval drop = bootstrap_drop(once, worse, 200);
  EXPECT_GT(drop.low, 0);
  EXPECT_GT(drop.high, drop.low);
}

}  // namespace
}  // namespace octet
