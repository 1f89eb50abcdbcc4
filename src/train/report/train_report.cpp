#include "train/report/train_report.h"

#include <algorithm>
#include <map>
#include <sstream>

#include "core/error.h"
#include "core/file.h"
#include "eval/metric/confusion.h"
#include "format/model_file.h"
#include "media/image/image_io.h"
#include "report/chart.h"
#include "report/drawn.h"
#include "report/html.h"
#include "train/loop/evaluate.h"

namespace octet {
namespace {

constexpr size_t kSamples = 9;

// Columns of results.csv by their heads.
std::map<std::string, std::vector<double>> read_table(const std::filesystem::path& file) {
  std::istringstream text(read_text_file(file));
  std::map<std::string, std::vector<double>> columns;
  std::vector<std::string> heads;
  std::string line;
  while (std::getline(text, line)) {
    std::istringstream cells(line);
    std::string cell;
    for (size_t i = 0; std::getline(cells, cell, ','); ++i) {
      if (columns.size() < i + 1 && heads.size() == i && line.starts_with("epoch")) {
        heads.push_back(cell);
      } else if (i < heads.size()) {
        columns[heads[i]].push_back(std::atof(cell.c_str()));
      }
    }
  }
  return columns;
}

std::string curves(const std::filesystem::path& file, bool pose) {
  auto table = read_table(file);
  // Columns, and the names that readers know.
  using Columns = std::vector<std::pair<const char*, const char*>>;
  const auto chart = [&](const std::string& title, const std::string& y, const Columns& shown) {
    Chart c{.title = title,
            .x = {.title = "epoch", .low = 0, .whole = true},
            .y = {.title = y, .low = 0}};
    for (const auto& [column, name] : shown) {
      if (table.contains(column))
        c.series.push_back({.name = name, .x = table["epoch"], .y = table[column]});
    }
    return html_chart(c);
  };
  Columns losses{{"box", "box"}, {"cls", "class"}, {"dfl", "DFL"}, {"distill", "distillation"}};
  Columns accuracy{{"map50", "mAP50"}, {"map50_95", "mAP50-95"}};
  if (pose) {
    losses.insert(losses.end(), {{"keypoint", "keypoints"}, {"visibility", "visibility"}});
    accuracy = {{"map50_95", "boxes mAP50-95"},
                {"pose_map50", "keypoints mAP50"},
                {"pose_map50_95", "keypoints mAP50-95"}};
  }
  return "<h2>Curves</h2><div class=\"row\">" + chart("Losses of training", "loss", losses) +
         chart("Accuracy on the validation images", "mAP", accuracy) +
         chart("Learning rate", "learning rate", {{"lr", "learning rate"}}) +
         chart("Speed of training", "images a second", {{"images_per_second", "images a second"}}) +
         "</div>";
}

Detections truth_as_detections(const std::vector<TruthObject>& truth) {
  Detections d;
  for (const TruthObject& t : truth) {
    d.items.push_back({.box = {static_cast<float>(t.box.x1), static_cast<float>(t.box.y1),
                               static_cast<float>(t.box.x2), static_cast<float>(t.box.y2)},
                       .class_index = t.class_index,
                       .confidence = 1});
    d.keypoints_per_object = static_cast<int>(t.keypoints.size());
    for (const auto& p : t.keypoints)
      d.keypoints.push_back(
          {static_cast<float>(p.x), static_cast<float>(p.y), p.visibility > 0 ? 1.0F : 0.0F});
  }
  return d;
}

std::string figures_table(const Evaluation& e, bool pose) {
  std::vector<std::vector<std::string>> rows;
  const auto row = [&](const std::string& name, const CocoSummary& s) {
    rows.push_back({name, fmt::format("{:.4f}", s.map50), fmt::format("{:.4f}", s.map75),
                    fmt::format("{:.4f}", s.map50_95), fmt::format("{:.4f}", s.recall_100)});
  };
  row("boxes", e.boxes);
  if (pose) row("keypoints", e.keypoints);
  return html_table({"", "mAP50", "mAP75", "mAP50-95", "recall"}, rows);
}

// The weakest class first: it is what more data would help.
std::string classes_table(const CocoMetric& metric, const std::vector<std::string>& names) {
  std::vector<ClassSummary> classes = metric.per_class();
  std::stable_sort(
      classes.begin(), classes.end(),
      [](const ClassSummary& a, const ClassSummary& b) { return a.map50_95 < b.map50_95; });
  std::vector<std::vector<std::string>> rows;
  const auto row = [&](const std::string& name, int64_t objects, const std::string& ap50,
                       const std::string& ap, const OperatingPoint& p) {
    const bool some = p.f1 > 0;
    rows.push_back({name, std::to_string(objects), ap50, ap,
                    some ? fmt::format("{:.2f}", p.confidence) : "–",
                    some ? fmt::format("{:.3f}", p.precision) : "–",
                    fmt::format("{:.3f}", p.recall), fmt::format("{:.3f}", p.f1)});
  };
  row("all classes", metric.objects(), "", "", metric.best_threshold());
  for (const ClassSummary& c : classes)
    row(names.at(static_cast<size_t>(c.class_index)), c.objects, fmt::format("{:.4f}", c.map50),
        fmt::format("{:.4f}", c.map50_95), c.best);
  return "<h2>Classes, the weakest first</h2>" +
         html_table(
             {"class", "objects", "AP50", "AP50-95", "best --conf", "precision", "recall", "F1"},
             rows) +
         "<p>The best --conf is the threshold at which F1 is greatest, the harmonic mean of "
         "precision and recall. Precision and recall are those at that threshold, at "
         "IoU (keypoints: OKS) 0.5.</p>";
}

// The classes that occur.
std::string confusion_map(const Confusion& confusion, std::vector<std::string> names) {
  names.emplace_back("nothing");
  const auto& counts = confusion.counts();
  std::vector<size_t> kept;
  for (size_t c = 0; c < names.size(); ++c) {
    const bool occurs =
        std::any_of(counts.begin(), counts.end(), [&](const auto& row) { return row[c] > 0; }) ||
        std::any_of(counts[c].begin(), counts[c].end(), [](int n) { return n > 0; });
    if (occurs) kept.push_back(c);
  }
  std::vector<std::string> labels;
  std::vector<std::vector<int>> rows;
  for (const size_t r : kept) {
    labels.push_back(names[r]);
    std::vector<int>& row = rows.emplace_back();
    for (const size_t c : kept) row.push_back(counts[r][c]);
  }
  return html_counts("Rows: labels. Columns: detections with a confidence of 0.25 or more.", labels,
                     rows);
}

}  // namespace

void write_train_report(const std::filesystem::path& folder, const Dataset& validation,
                        const SizeOption& size, const Facts& facts,
                        const ReportedOptions& options) {
  const Model model = read_model(folder / "best.safetensors");
  const bool pose = model.info.task == Task::kPose;
  Confusion confusion(model.info.names.size());
  std::string samples;
  size_t count = 0;
  const size_t every = std::max<size_t>(1, validation.samples.size() / kSamples);
  const Evaluation e = evaluate(
      model, validation, size, Voting::kNone,
      [&](const Sample& s, const std::vector<TruthObject>& truth, const Detections& found) {
        confusion.add(truth, found);
        if (count++ % every != 0 || count / every >= kSamples) return;
        const std::string file = s.image.filename().string();
        samples +=
            drawn_pair(read_image(s.image),
                       {truth_as_detections(truth), found, file + ": labels", file + ": found"},
                       model.info.names);
      });
  std::vector<double> recalls;
  for (size_t i = 0; i < e.precision_curve.size(); ++i)
    recalls.push_back(static_cast<double>(i) / 100);
  std::string body = figures_table(e, pose) + facts_table(facts);
  body += classes_table(*e.metric, model.info.names) + curves(folder / "results.csv", pose);
  body += "<h2>Precision and recall</h2><div class=\"row\">" +
          html_chart({.title = "Mean over classes, IoU 0.5",
                      .x = {.title = "recall", .low = 0, .high = 1},
                      .y = {.title = "precision", .low = 0, .high = 1},
                      .series = {{.name = "precision", .x = recalls, .y = e.precision_curve}}}) +
          "</div><h2>Confusion matrix</h2>" + confusion_map(confusion, model.info.names) +
          "<h2>Labels and detections</h2>" + samples + options_table(options);
  write_text_file(folder / "report.html", html_page("Training of " + folder.string(), body));
}

}  // namespace octet
