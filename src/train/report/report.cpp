#include "train/report/report.h"

#include <algorithm>
#include <map>
#include <sstream>

#include "core/error.h"
#include "core/file.h"
#include "eval/metric/confusion.h"
#include "format/model_file.h"
#include "media/image/image_io.h"
#include "report/html.h"
#include "train/network/graph_executor.h"
#include "vision/draw/draw.h"

namespace octet {
namespace {

constexpr size_t kSamples = 9;
constexpr float kShown = 0.25F;  // least confidence in a sample

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
  const auto chart = [&](const std::string& title, const std::vector<std::string>& names) {
    std::vector<Series> series;
    for (const std::string& name : names) {
      if (table.contains(name)) series.push_back({name, table["epoch"], table[name]});
    }
    return line_chart(title, "epoch", series);
  };
  std::string out = "<h2>Curves</h2><div class=\"row\">";
  out +=
      chart("Losses", pose ? std::vector<std::string>{"box", "cls", "dfl", "keypoint", "visibility"}
                           : std::vector<std::string>{"box", "cls", "dfl"});
  out += chart("Accuracy, validation",
               pose ? std::vector<std::string>{"map50_95", "pose_map50", "pose_map50_95"}
                    : std::vector<std::string>{"map50", "map50_95"});
  out += chart("Learning rate", {"lr"});
  out += line_chart("Images per second", "epoch",
                    {{"images/s", table["epoch"], table["images_per_second"]}});
  return out + "</div>";
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

Detections shown_only(const Detections& all) {
  Detections out;
  out.keypoints_per_object = all.keypoints_per_object;
  for (size_t i = 0; i < all.items.size(); ++i) {
    if (all.items[i].confidence < kShown) continue;
    out.items.push_back(all.items[i]);
    const auto points = all.keypoints_of(i);
    out.keypoints.insert(out.keypoints.end(), points.begin(), points.end());
  }
  return out;
}

std::string sample(const Sample& s, const std::vector<TruthObject>& truth, const Detections& found,
                   const std::vector<std::string>& names) {
  Image labelled = read_image(s.image);
  Image predicted = labelled;
  draw_detections(labelled, truth_as_detections(truth), names);
  draw_detections(predicted, shown_only(found), names);
  const std::string file = s.image.filename().string();
  return "<div class=\"row\">" + html_picture(labelled, file + ": labels") +
         html_picture(predicted, file + ": found") + "</div>";
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
  return heat_map("labelled (rows), found (columns)", labels, rows);
}

}  // namespace

void write_train_report(const std::filesystem::path& folder, const Dataset& validation,
                        const SizeOption& size) {
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
        if (count++ % every == 0 && count / every < kSamples)
          samples += sample(s, truth, found, model.info.names);
      });
  std::vector<double> recalls;
  for (size_t i = 0; i < e.precision_curve.size(); ++i)
    recalls.push_back(static_cast<double>(i) / 100);
  std::string body = figures_table(e, pose) + curves(folder / "results.csv", pose);
  body += "<h2>Precision and recall</h2><div class=\"row\">" +
          line_chart("Mean over classes, IoU 0.5", "recall",
                     {{"precision", recalls, e.precision_curve}}) +
          "</div><h2>What was taken for what</h2>" + confusion_map(confusion, model.info.names) +
          "<h2>Labels and what was found</h2>" + samples;
  write_text_file(folder / "report.html", html_page("Training of " + folder.string(), body));
}

void write_quantize_report(const std::filesystem::path& file, const QuantizeResult& r) {
  const Task task = r.model.info.task;
  std::vector<std::vector<std::string>> rows;
  const auto row = [&](const std::string& name, const Evaluation& e) {
    std::vector<std::string> cells{name, fmt::format("{:.4f}", e.boxes.map50_95)};
    if (task == Task::kPose) cells.push_back(fmt::format("{:.4f}", e.keypoints.map50_95));
    cells.push_back(fmt::format("{:.4f}", r.drop(e)));
    const auto interval = r.drop_interval(e);
    cells.push_back(interval ? fmt::format("{:.4f} … {:.4f}", interval->low, interval->high) : "");
    rows.push_back(cells);
  };
  row("float", r.before);
  row("calibrated", r.ptq);
  if (r.training) row("trained", r.after);
  std::vector<std::string> head{"", "mAP50-95"};
  if (task == Task::kPose) head.emplace_back("keypoints mAP50-95");
  head.emplace_back("drop");
  head.emplace_back("95 % of drops, over draws of the images");
  std::string body = html_table(head, rows);
  body += fmt::format(
      "<p>Calibrated on {} pictures. Weights of {} bits{}. {} layers in float{}{}. Boxes "
      "of all rows are decoded as of int8 models: means over the cells of an object.</p>",
      r.calibration.pictures, r.model.quantization.weight_grid.bits,
      r.model.quantization.weight_grid.even ? ", all even" : "", r.kept_float.size(),
      r.kept_float.empty() ? "" : ": ",
      html_escape(fmt::format("{}", fmt::join(r.kept_float, ", "))));
  if (!r.ranking.empty()) {
    std::vector<std::pair<std::string, double>> bars;
    for (const LayerCost& l : r.ranking) bars.emplace_back(l.conv, l.distance);
    body += "<h2>What quantizing each layer alone costs</h2>" +
            bar_chart("distance of the outputs from the float model's", bars);
    bars.clear();
    for (const LayerCost& l : r.ranking) {
      if (l.drop) bars.emplace_back(l.conv, *l.drop);
    }
    if (!bars.empty()) body += bar_chart("drop of mAP50-95", bars);
  }
  body += "<h2>Ranges</h2>";
  std::vector<std::vector<std::string>> ranges;
  for (const GroupCalibration& g : r.calibration.groups) {
    ranges.push_back(
        {g.values.front() +
             (g.values.size() > 1 ? fmt::format(" and {} more", g.values.size() - 1) : ""),
         fmt::format("{:.3f} … {:.3f}", g.seen.low, g.seen.high),
         fmt::format("{:.3f} … {:.3f}", g.range.low, g.range.high),
         std::string(range_method_name(g.method)), fmt::format("{:.6f}", g.distance)});
  }
  body += html_table({"value", "seen", "range", "method", "cost alone"}, ranges);
  write_text_file(file, html_page("Quantization", body));
}

}  // namespace octet
