#include "eval/metric/coco_metric.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <random>
#include <set>

#include "eval/metric/box_overlap.h"

namespace octet {
namespace {

constexpr std::array<double, 17> kCocoSigmas = {.026, .025, .025, .035, .035, .079,
                                                .079, .072, .072, .062, .062, .107,
                                                .107, .087, .087, .089, .089};
constexpr double kHuge = 1e10;
constexpr double kAreaRanges[4][2] = {
    {0, kHuge}, {0, 32.0 * 32}, {32.0 * 32, 96.0 * 96}, {96.0 * 96, kHuge}};
constexpr int kRecalls = 101;
constexpr double kEpsilon = std::numeric_limits<double>::epsilon();

double threshold_at(int i) { return 0.5 + i * 0.05; }

// Of a crowd, the share of the detection that lies in it.
double box_iou(const PixelBox& d, const TruthBox& g, bool crowd) {
  const TruthBox detected = to_truth_box(d);
  if (!crowd) return intersection_over_union(detected, g);
  const double shared = shared_area(detected, g);
  return shared > 0 ? shared / area(detected) : 0;
}

// One class of one image: objects sorted so that ignored ones come last, detections by falling
// score.
struct ImageClass {
  std::vector<const TruthObject*> truth;
  std::vector<bool> ignored;
  std::vector<std::vector<double>> similarity;  // [detection][object], in the order of `truth`
};

// Greedy matching, best score first. Returns the object of each detection, or -1.
std::vector<int> match(const ImageClass& c, double threshold) {
  std::vector<int> matches(c.similarity.size(), -1);
  std::vector<bool> taken(c.truth.size(), false);
  for (size_t d = 0; d < c.similarity.size(); ++d) {
    double best = std::min(threshold, 1 - 1e-10);
    int found = -1;
    for (size_t g = 0; g < c.truth.size(); ++g) {
      if (taken[g] && !c.truth[g]->crowd) continue;
      if (found >= 0 && !c.ignored[found] && c.ignored[g])
        break;  // a real object was found, only ignored ones follow
      if (c.similarity[d][g] < best) continue;
      best = c.similarity[d][g];
      found = static_cast<int>(g);
    }
    if (found >= 0) taken[found] = true;
    matches[d] = found;
  }
  return matches;
}

// Those that lie at a place.
int labelled_points(const TruthObject& t) {
  return static_cast<int>(std::count_if(t.keypoints.begin(), t.keypoints.end(),
                                        [](const auto& p) { return p.visibility > 0; }));
}

double detection_area(MetricKind kind, const Detections& detections, size_t item) {
  if (kind == MetricKind::kBox) {
    const PixelBox& b = detections.items[item].box;
    return (static_cast<double>(b.x2) - b.x1) * (static_cast<double>(b.y2) - b.y1);
  }
  const auto points =
      detections.keypoints_of(item);  // the box around the points, as pycocotools takes it
  const auto [left, right] = std::minmax_element(
      points.begin(), points.end(), [](const auto& a, const auto& b) { return a.x < b.x; });
  const auto [top, bottom] = std::minmax_element(
      points.begin(), points.end(), [](const auto& a, const auto& b) { return a.y < b.y; });
  return (static_cast<double>(right->x) - left->x) * (static_cast<double>(bottom->y) - top->y);
}

// The mean over 101 recalls of the best precision at that recall or a higher one. `curve`, where
// given, receives what is added to it.
double interpolated(const std::vector<double>& recalls, std::vector<double>& precisions,
                    std::vector<double>* curve) {
  for (size_t i = precisions.size(); i-- > 1;)
    precisions[i - 1] = std::max(precisions[i - 1], precisions[i]);
  double sum = 0;
  for (int r = 0; r < kRecalls; ++r) {
    const double wanted = r == kRecalls - 1 ? 1.0 : r * 0.01;
    const auto at = std::lower_bound(recalls.begin(), recalls.end(), wanted);
    if (at == recalls.end()) continue;
    const double reached = precisions[static_cast<size_t>(at - recalls.begin())];
    sum += reached;
    if (curve != nullptr) (*curve)[static_cast<size_t>(r)] += reached;
  }
  return sum / kRecalls;
}

}  // namespace

bool has_labelled_points(const TruthObject& t) {
  return t.labelled_keypoints == TruthObject::kCounted ? labelled_points(t) > 0
                                                       : t.labelled_keypoints > 0;
}

std::vector<double> keypoint_sigmas(int keypoints) {
  if (keypoints == 17) return {kCocoSigmas.begin(), kCocoSigmas.end()};
  return std::vector<double>(static_cast<size_t>(keypoints), 1.0 / std::max(keypoints, 1));
}

CocoMetric::CocoMetric(MetricKind kind, int keypoints, std::vector<double> sigmas) : kind_(kind) {
  if (sigmas.empty()) sigmas = keypoint_sigmas(keypoints);
  for (const double s : sigmas) variances_.push_back(4 * s * s);
}

void CocoMetric::add(std::span<const TruthObject> truth, const Detections& detections) {
  std::set<int> classes;
  for (const TruthObject& t : truth) classes.insert(t.class_index);
  for (const Detection& d : detections.items) classes.insert(d.class_index);
  for (const int c : classes) add_class(c, truth, detections);
  ++images_;
}

double CocoMetric::similarity(const TruthObject& truth, const Detections& detections,
                              size_t item) const {
  return kind_ == MetricKind::kBox ? box_iou(detections.items[item].box, truth.box, truth.crowd)
                                   : oks(truth, detections.keypoints_of(item));
}

// Object keypoint similarity: the mean over labelled points of exp(−d² / (2 · area · (2σ)²)).
// Without labelled points the distance is that to the doubled box.
double CocoMetric::oks(const TruthObject& truth, std::span<const Keypoint> points) const {
  const bool any = labelled_points(truth) > 0;
  const double width = truth.box.x2 - truth.box.x1;
  const double height = truth.box.y2 - truth.box.y1;
  double sum = 0;
  int count = 0;
  for (size_t k = 0; k < points.size() && k < variances_.size() && k < truth.keypoints.size();
       ++k) {
    const auto& g = truth.keypoints[k];
    if (any && g.visibility <= 0) continue;
    double dx = points[k].x - g.x;
    double dy = points[k].y - g.y;
    if (!any) {
      dx = std::max(0.0, truth.box.x1 - width - points[k].x) +
           std::max(0.0, points[k].x - (truth.box.x1 + 2 * width));
      dy = std::max(0.0, truth.box.y1 - height - points[k].y) +
           std::max(0.0, points[k].y - (truth.box.y1 + 2 * height));
    }
    sum += std::exp(-(dx * dx + dy * dy) / variances_[k] / (truth.keypoint_area + kEpsilon) / 2);
    ++count;
  }
  return count == 0 ? 0 : sum / count;
}

void CocoMetric::add_class(int class_index, std::span<const TruthObject> truth,
                           const Detections& detections) {
  std::vector<size_t> items;
  for (size_t i = 0; i < detections.items.size(); ++i) {
    if (detections.items[i].class_index == class_index) items.push_back(i);
  }
  std::stable_sort(items.begin(), items.end(), [&](size_t a, size_t b) {
    return detections.items[a].confidence > detections.items[b].confidence;
  });
  if (items.size() > static_cast<size_t>(limit())) items.resize(static_cast<size_t>(limit()));
  std::vector<const TruthObject*> objects;
  for (const TruthObject& t : truth) {
    if (t.class_index == class_index) objects.push_back(&t);
  }
  ClassRecord& record = classes_[class_index];
  for (int area = 0; area < kAreas; ++area) add_area(record, area, objects, detections, items);
}

// One area range: objects outside it are ignored, and so are unmatched detections outside it.
void CocoMetric::add_area(ClassRecord& record, int area,
                          std::span<const TruthObject* const> objects, const Detections& detections,
                          std::span<const size_t> items) const {
  const bool box = kind_ == MetricKind::kBox;
  const auto outside = [&](double a) {
    return a < kAreaRanges[area][0] || a > kAreaRanges[area][1];
  };
  const auto is_ignored = [&](const TruthObject& t) {
    return t.crowd || (!box && !has_labelled_points(t)) ||
           outside(box ? t.box_area : t.keypoint_area);
  };
  ImageClass c;
  for (const bool ignored : {false, true}) {
    for (const TruthObject* t : objects) {
      if (is_ignored(*t) != ignored) continue;
      c.truth.push_back(t);
      c.ignored.push_back(ignored);
      if (ignored) continue;
      ++record.objects[area];
      if (area == 0) record.images.push_back(static_cast<uint32_t>(images_));
    }
  }
  auto& list = record.detections[area];
  const size_t first = list.size();
  for (size_t rank = 0; rank < items.size(); ++rank) {
    auto& row = c.similarity.emplace_back();
    for (const TruthObject* t : c.truth) row.push_back(similarity(*t, detections, items[rank]));
    list.push_back({.score = detections.items[items[rank]].confidence,
                    .rank = static_cast<int>(rank),
                    .image = static_cast<uint32_t>(images_)});
  }
  for (int t = 0; t < kThresholds; ++t) {
    const std::vector<int> matches = match(c, threshold_at(t));
    const auto bit = static_cast<uint16_t>(1U << t);
    for (size_t d = 0; d < items.size(); ++d) {
      Scored& scored = list[first + d];
      if (matches[d] >= 0) scored.matched |= bit;
      const bool ignore = matches[d] >= 0 ? c.ignored[matches[d]]
                                          : outside(detection_area(kind_, detections, items[d]));
      if (ignore) scored.ignored |= bit;
    }
  }
}

CocoMetric::Precision CocoMetric::precision(const ClassRecord& record, int area, int threshold,
                                            int max_detections, std::vector<double>* curve) const {
  const double objects = static_cast<double>(record.objects[area]);
  if (objects == 0) return {};
  std::vector<const Scored*> ranked;
  for (const Scored& s : record.detections[area]) {
    if (s.rank < max_detections) ranked.push_back(&s);
  }
  std::stable_sort(ranked.begin(), ranked.end(),
                   [](const Scored* a, const Scored* b) { return a->score > b->score; });
  std::vector<double> recalls;
  std::vector<double> precisions;
  double hits = 0;
  double misses = 0;
  for (const Scored* s : ranked) {
    if (((s->ignored >> threshold) & 1) == 0) ((s->matched >> threshold) & 1 ? hits : misses) += 1;
    recalls.push_back(hits / objects);
    precisions.push_back(hits / (hits + misses + kEpsilon));
  }
  return {.average = interpolated(recalls, precisions, curve),
          .recall = recalls.empty() ? 0 : recalls.back()};
}

// Over classes that have objects, and thresholds.
CocoMetric::Precision CocoMetric::mean(int area, int first_threshold, int last_threshold,
                                       int max_detections) const {
  Precision sum{.average = 0, .recall = 0};
  int count = 0;
  for (const auto& [index, record] : classes_) {
    for (int t = first_threshold; t <= last_threshold; ++t) {
      const Precision p = precision(record, area, t, max_detections);
      if (p.average < 0) continue;
      sum.average += p.average;
      sum.recall += p.recall;
      ++count;
    }
  }
  if (count == 0) return {};
  return {.average = sum.average / count, .recall = sum.recall / count};
}

CocoSummary CocoMetric::summary() const {
  const int last = kThresholds - 1;
  const Precision all = mean(0, 0, last, limit());
  const Precision medium = mean(2, 0, last, limit());
  const Precision large = mean(3, 0, last, limit());
  CocoSummary s{.map50_95 = all.average,
                .map50 = mean(0, 0, 0, limit()).average,
                .map75 = mean(0, 5, 5, limit()).average,
                .map_medium = medium.average,
                .map_large = large.average,
                .recall_100 = all.recall,
                .recall_medium = medium.recall,
                .recall_large = large.recall};
  if (kind_ == MetricKind::kBox) {
    const Precision small = mean(1, 0, last, limit());
    s.map_small = small.average;
    s.recall_small = small.recall;
    s.recall_1 = mean(0, 0, last, 1).recall;
    s.recall_10 = mean(0, 0, last, 10).recall;
  }
  return s;
}

int64_t CocoMetric::objects() const {
  int64_t count = 0;
  for (const auto& [index, record] : classes_) count += record.objects[0];
  return count;
}

std::vector<double> CocoMetric::precision_curve() const {
  std::vector<double> curve(kRecalls, 0.0);
  int classes = 0;
  for (const auto& [index, record] : classes_)
    classes += precision(record, 0, 0, limit(), &curve).average >= 0;
  if (classes == 0) return {};
  for (double& v : curve) v /= classes;
  return curve;
}

std::vector<ClassSummary> CocoMetric::per_class() const {
  std::vector<ClassSummary> list;
  for (const auto& [index, record] : classes_) {
    if (record.objects[0] == 0) continue;
    ClassSummary c{.class_index = index, .objects = record.objects[0], .map50_95 = 0};
    for (int t = 0; t < kThresholds; ++t) {
      const double average = precision(record, 0, t, limit()).average;
      c.map50_95 += average / kThresholds;
      if (t == 0) c.map50 = average;
    }
    c.best = best_of(counted(record), static_cast<double>(c.objects));
    list.push_back(c);
  }
  return list;
}

// Of all areas, without those that IoU or OKS 0.5 ignores.
std::vector<const CocoMetric::Scored*> CocoMetric::counted(const ClassRecord& record) const {
  std::vector<const Scored*> list;
  for (const Scored& s : record.detections[0]) {
    if (s.rank < limit() && (s.ignored & 1) == 0) list.push_back(&s);
  }
  return list;
}

OperatingPoint CocoMetric::best_of(std::vector<const Scored*> detections, double objects) {
  std::sort(detections.begin(), detections.end(),
            [](const Scored* a, const Scored* b) { return a->score > b->score; });
  OperatingPoint best;
  double hits = 0;
  for (size_t i = 0; i < detections.size(); ++i) {
    hits += detections[i]->matched & 1;
    const bool tied = i + 1 < detections.size() && detections[i + 1]->score == detections[i]->score;
    const auto found = static_cast<double>(i + 1);
    const double f1 = 2 * hits / (found + objects);
    if (tied || f1 <= best.f1) continue;
    best = {.confidence = detections[i]->score,
            .precision = hits / found,
            .recall = hits / objects,
            .f1 = f1};
  }
  return best;
}

OperatingPoint CocoMetric::best_threshold() const {
  std::vector<const Scored*> all;
  for (const auto& [index, record] : classes_) {
    const std::vector<const Scored*> some = counted(record);
    all.insert(all.end(), some.begin(), some.end());
  }
  return best_of(std::move(all), static_cast<double>(objects()));
}

double CocoMetric::map50_95_of(std::span<const int> times) const {
  double sum = 0;
  int count = 0;
  for (const auto& [index, record] : classes_) {
    double objects = 0;
    for (const uint32_t image : record.images) objects += times[image];
    if (objects == 0) continue;
    std::vector<const Scored*> ranked;
    for (const Scored& s : record.detections[0]) {
      if (s.rank < limit() && times[s.image] > 0) ranked.push_back(&s);
    }
    std::stable_sort(ranked.begin(), ranked.end(),
                     [](const Scored* a, const Scored* b) { return a->score > b->score; });
    for (int t = 0; t < kThresholds; ++t) {
      std::vector<double> recalls;
      std::vector<double> precisions;
      double hits = 0;
      double misses = 0;
      for (const Scored* s : ranked) {
        if (((s->ignored >> t) & 1) == 0)
          ((s->matched >> t) & 1 ? hits : misses) += times[s->image];
        recalls.push_back(hits / objects);
        precisions.push_back(hits / (hits + misses + kEpsilon));
      }
      sum += interpolated(recalls, precisions, nullptr);
      ++count;
    }
  }
  return count == 0 ? -1 : sum / count;
}

Interval bootstrap_drop(const CocoMetric& before, const CocoMetric& after, int resamples,
                        uint64_t seed) {
  std::mt19937_64 random(seed);
  std::vector<double> drops;
  if (before.images() == 0) return {};
  std::uniform_int_distribution<size_t> any(0, before.images() - 1);
  for (int i = 0; i < resamples; ++i) {
    std::vector<int> times(before.images(), 0);
    for (size_t k = 0; k < times.size(); ++k) ++times[any(random)];
    drops.push_back(before.map50_95_of(times) - after.map50_95_of(times));
  }
  std::sort(drops.begin(), drops.end());
  const auto at = [&](double share) {
    return drops[static_cast<size_t>(share * static_cast<double>(drops.size() - 1))];
  };
  return {at(0.025), at(0.975)};
}

}  // namespace octet
