// Average precision as COCO defines it for boxes and keypoints. It follows COCOeval of pycocotools
// in every detail (order of equal scores, crowds, ignored objects, interpolation at 101 recalls),
// so that figures are comparable.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <span>
#include <vector>

#include "vision/detections.h"

namespace octet {

struct TruthBox {
  double x1 = 0, y1 = 0, x2 = 0, y2 = 0;
};

// A labelled object, in pixels.
struct TruthObject {
  int class_index = 0;
  TruthBox box;
  double box_area = 0;       // COCO's "area" where the labels have one, else width × height
  double keypoint_area = 0;  // for OKS: COCO's "area", else 0.53 × width × height
  bool crowd = false;
  // COCO's "num_keypoints", which may differ from the keypoints themselves.
  static constexpr int kCounted = -1;
  int labelled_keypoints = kCounted;
  struct Point {
    double x = 0, y = 0;
    int visibility = 0;  // 0: not labelled, 1: hidden, 2: visible
  };
  std::vector<Point> keypoints;
};

// As "num_keypoints" says it, else by the keypoints. Others are ignored where keypoints are measured.
[[nodiscard]] bool has_labelled_points(const TruthObject& object);

enum class MetricKind { kBox, kKeypoint };

struct CocoSummary {  // −1 where there is nothing to measure
  double map50_95 = -1, map50 = -1, map75 = -1;
  double map_small = -1, map_medium = -1,
         map_large = -1;  // areas below 32², between, above 96² pixels; keypoints have no small
  double recall_1 = -1, recall_10 = -1,
         recall_100 = -1;  // at that many detections an image; keypoints: recall_100 is at 20
  double recall_small = -1, recall_medium = -1, recall_large = -1;
};

// Precision and recall at IoU or OKS 0.5 with a threshold of `confidence`.
struct OperatingPoint {
  double confidence = 0, precision = 0, recall = 0;
  double f1 = 0;  // harmonic mean of precision and recall
};

struct ClassSummary {
  int class_index = 0;
  int64_t objects = 0;
  double map50_95 = -1, map50 = -1;
  OperatingPoint best;  // the point of the greatest F1
};

// The per-keypoint constants of OKS: COCO's for 17 keypoints, 1 / n for another number n.
[[nodiscard]] std::vector<double> keypoint_sigmas(int keypoints);

class CocoMetric {
 public:
  // Keypoints: `sigmas` are the per-keypoint constants of OKS; empty means COCO's 17, or 1 / n for
  // another number n.
  explicit CocoMetric(MetricKind kind, int keypoints = 0, std::vector<double> sigmas = {});

  // Adds one image. The order of images ranks equal scores.
  void add(std::span<const TruthObject> truth, const Detections& detections);

  [[nodiscard]] CocoSummary summary() const;
  [[nodiscard]] std::vector<ClassSummary> per_class() const;
  // Returns the point of the greatest F1, with one threshold for all classes; zeros without
  // detections.
  [[nodiscard]] OperatingPoint best_threshold() const;
  // Mean over the classes of the interpolated precision at recalls 0, 0.01, … 1, at IoU or OKS 0.5.
  // Empty without objects.
  [[nodiscard]] std::vector<double> precision_curve() const;

  [[nodiscard]] size_t images() const { return images_; }
  [[nodiscard]] int64_t objects() const;  // without crowds and without objects that lack keypoints
  // mAP50-95 as if image i had been added times[i] times.
  [[nodiscard]] double map50_95_of(std::span<const int> times) const;

 private:
  static constexpr int kThresholds = 10;  // IoU or OKS 0.50, 0.55, … 0.95
  static constexpr int kAreas = 4;        // all, small, medium, large

  struct Scored {  // one detection, evaluated at every threshold
    float score = 0;
    int rank = 0;          // among its image's and class's, by score
    uint32_t image = 0;    // in the order of add()
    uint16_t matched = 0;  // bit per threshold
    uint16_t ignored = 0;
  };
  struct ClassRecord {
    std::array<std::vector<Scored>, kAreas> detections;
    std::array<int64_t, kAreas> objects{};  // not ignored
    std::vector<uint32_t> images;           // of the objects of all areas
  };
  struct Precision {
    double average = -1;
    double recall = -1;
  };

  void add_class(int class_index, std::span<const TruthObject> truth, const Detections& detections);
  void add_area(ClassRecord& record, int area, std::span<const TruthObject* const> objects,
                const Detections& detections, std::span<const size_t> items) const;
  [[nodiscard]] double similarity(const TruthObject& truth, const Detections& detections,
                                  size_t item) const;
  [[nodiscard]] double oks(const TruthObject& truth, std::span<const Keypoint> points) const;
  // Adds the precision at each of the 101 recalls to `curve`, where it is given.
  [[nodiscard]] Precision precision(const ClassRecord& record, int area, int threshold,
                                    int max_detections, std::vector<double>* curve = nullptr) const;
  [[nodiscard]] Precision mean(int area, int first_threshold, int last_threshold,
                               int max_detections) const;
  [[nodiscard]] std::vector<const Scored*> counted(const ClassRecord& record) const;
  [[nodiscard]] static OperatingPoint best_of(std::vector<const Scored*> detections,
                                              double objects);
  [[nodiscard]] int limit() const { return kind_ == MetricKind::kBox ? 100 : 20; }

  MetricKind kind_;
  std::vector<double> variances_;  // (2 · sigma)²
  std::map<int, ClassRecord> classes_;
  size_t images_ = 0;
};

// The difference of mAP50-95 between `before` and `after` on the same images. The interval holds 95
// % of the differences when images are drawn with replacement (paired bootstrap; Efron and
// Tibshirani, "An Introduction to the Bootstrap", 1993).
struct Interval {
  double low = 0, high = 0;
};
[[nodiscard]] Interval bootstrap_drop(const CocoMetric& before, const CocoMetric& after,
                                      int resamples = 1000, uint64_t seed = 0);

}  // namespace octet
