#include "train/report/quantize_report.h"

#include <algorithm>
#include <functional>

#include "core/error.h"
#include "core/file.h"
#include "media/image/image_io.h"
#include "report/chart.h"
#include "report/drawn.h"
#include "report/html.h"
#include "train/network/integer_network.h"

namespace octet {
namespace {

constexpr size_t kPairs = 10, kCostliest = 10;

std::string figures_table(const QuantizeResult& r) {
  const bool pose = r.model.info.task == Task::kPose;
  std::vector<std::vector<std::string>> rows;
  const auto row = [&](const std::string& name, const Evaluation& e, bool is_float) {
    std::vector<std::string> cells{name, fmt::format("{:.4f}", e.boxes.map50_95)};
    if (pose) cells.push_back(fmt::format("{:.4f}", e.keypoints.map50_95));
    cells.push_back(is_float ? "" : fmt::format("{:.4f}", r.drop(e)));
    const auto interval = is_float ? std::nullopt : r.drop_interval(e);
    cells.push_back(interval ? fmt::format("{:.4f} … {:.4f}", interval->low, interval->high) : "");
    rows.push_back(cells);
  };
  row("float", r.before, true);
  row("int8, calibrated", r.ptq, false);
  if (r.training) row("int8, trained", r.after, false);
  std::vector<std::string> head{"", "mAP50-95"};
  if (pose) head.emplace_back("keypoints mAP50-95");
  head.emplace_back("drop");
  head.emplace_back("95 % of drops, over draws of the images");
  return html_table(head, rows) +
         "<p>Boxes of all rows are decoded as those of int8 models: means over the cells of an "
         "object.</p>";
}

std::vector<Bar> costliest(std::vector<Bar> bars) {
  std::stable_sort(bars.begin(), bars.end(),
                   [](const Bar& a, const Bar& b) { return a.value > b.value; });
  bars.resize(std::min(bars.size(), kCostliest));
  return bars;
}

std::vector<Bar> costs_of_values(const Calibration& calibration) {
  std::vector<Bar> bars;
  for (const GroupCalibration& g : calibration.groups)
    bars.push_back({g.values.front(), g.distance});
  return bars;
}

std::string distance_bars(std::vector<Bar> bars) {
  return html_bars("Distance of the outputs from the float model's, when it alone is quantized",
                   {.title = "distance", .low = 0}, costliest(std::move(bars)));
}

// Layers where they were ranked, else values.
std::string costs(const QuantizeResult& r) {
  std::vector<Bar> distances, drops;
  for (const LayerCost& layer : r.ranking) {
    distances.push_back({layer.conv, layer.distance});
    if (layer.drop) drops.push_back({layer.conv, *layer.drop});
  }
  const bool ranked = !distances.empty();
  if (!ranked) distances = costs_of_values(r.calibration);
  std::string out =
      fmt::format("<h2>The {} that cost most</h2>", ranked ? "layers" : "activations");
  out += "<div class=\"row\">" + distance_bars(distances);
  if (!drops.empty())
    out += html_bars("Drop of mAP50-95, when it alone is quantized",
                     {.title = "drop of mAP50-95", .low = 0}, costliest(drops));
  out += "</div>";
  return out + (ranked ? "<p>--keep-float N leaves the first N of them in float.</p>"
                       : "<p>--rank-layers ranks the layers; --keep-float N leaves N of them in "
                         "float.</p>");
}

// Evenly over the images.
Dataset some_of(const Dataset& data) {
  Dataset some = data;
  some.samples.clear();
  const size_t count = std::min(kPairs, data.samples.size());
  for (size_t i = 0; i < count; ++i)
    some.samples.push_back(data.samples[i * data.samples.size() / count]);
  return some;
}

std::string pairs(const QuantizeReport& report) {
  const Dataset data = some_of(report.validation);
  std::vector<Detections> of_float, of_int8;
  const auto into = [](std::vector<Detections>& list) {
    return [&list](const Sample&, const std::vector<TruthObject>&, const Detections& found) {
      list.push_back(found);
    };
  };
  (void)evaluate(report.before, data, report.size, Voting::kMean, into(of_float));
  const IntegerNetwork int8(report.result.model);
  (void)evaluate(std::cref(int8), report.result.model, data, report.size, Voting::kMean,
                 into(of_int8));
  std::string out = "<h2>Detections of the float and of the int8 model</h2>";
  for (size_t i = 0; i < data.samples.size(); ++i) {
    const std::filesystem::path& file = data.samples[i].image;
    const std::string name = file.filename().string();
    out +=
        drawn_pair(read_image(file), {of_float[i], of_int8[i], name + ": float", name + ": int8"},
                   report.result.model.info.names);
  }
  return out;
}

std::string ranges(const Calibration& calibration) {
  std::vector<std::vector<std::string>> rows;
  for (const GroupCalibration& g : calibration.groups) {
    rows.push_back(
        {g.values.front() +
             (g.values.size() > 1 ? fmt::format(" and {} more", g.values.size() - 1) : ""),
         fmt::format("{:.3f} … {:.3f}", g.seen.low, g.seen.high),
         fmt::format("{:.3f} … {:.3f}", g.range.low, g.range.high),
         std::string(range_method_name(g.method)), fmt::format("{:.6f}", g.distance)});
  }
  return html_details("Ranges of activations",
                      html_table({"value", "seen", "range", "method", "cost alone"}, rows));
}

void add_figures(const Model& model, const Calibration& calibration, Facts& facts) {
  facts.emplace_back("calibrated on", fmt::format("{} images", calibration.pictures));
  facts.emplace_back("weights",
                     fmt::format("{} bits{}", model.quantization.weight_grid.bits,
                                 model.quantization.weight_grid.even ? ", all even" : ""));
}

Facts with_figures(const QuantizeReport& report) {
  const QuantizeResult& r = report.result;
  Facts facts = report.facts;
  add_figures(r.model, r.calibration, facts);
  facts.emplace_back("layers in float", r.kept_float.empty()
                                            ? "none"
                                            : fmt::format("{}", fmt::join(r.kept_float, ", ")));
  return facts;
}

std::string output_table(const RawQuantizeResult& r) {
  std::vector<std::vector<std::string>> rows;
  for (const OutputDistances& d : r.outputs)
    rows.push_back({d.name, fmt::format("{:.5f}", d.ptq), fmt::format("{:.5f}", d.after)});
  return html_table({"output", "int8, calibrated", "result"}, rows) +
         fmt::format(
             "<p>Distances from the outputs of the float model, on {} crops that no training "
             "saw.</p>",
             r.judged);
}

std::string course(const ImitationSummary& training) {
  std::vector<std::vector<std::string>> rows;
  for (const ImitationEpoch& e : training.epochs) {
    double apart = 0;
    for (const double d : e.distances) apart += d;
    rows.push_back({fmt::format("{}", e.epoch), fmt::format("{:.4f}", e.loss),
                    fmt::format("{:.4f}", apart), fmt::format("{:.1f}", e.seconds)});
  }
  return "<h2>Training</h2>" + html_table({"epoch", "distance", "on crops apart", "seconds"}, rows);
}

}  // namespace

void write_quantize_report(const std::filesystem::path& file, const QuantizeReport& report) {
  const std::string body = figures_table(report.result) + facts_table(with_figures(report)) +
                           costs(report.result) + pairs(report) +
                           ranges(report.result.calibration) + options_table(report.options);
  write_text_file(file, html_page("Quantization", body));
}

void write_raw_quantize_report(const std::filesystem::path& file, const RawQuantizeReport& report) {
  const RawQuantizeResult& r = report.result;
  Facts facts = report.facts;
  add_figures(r.model, r.calibration, facts);
  std::string body = output_table(r) + facts_table(facts);
  if (r.training) body += course(*r.training);
  body += "<h2>The activations that cost most</h2><div class=\"row\">" +
          distance_bars(costs_of_values(r.calibration)) + "</div>" + ranges(r.calibration) +
          options_table(report.options);
  write_text_file(file, html_page("Quantization", body));
}

}  // namespace octet
