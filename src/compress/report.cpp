#include "compress/report.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <filesystem>
#include <map>

#include "core/file.h"
#include "core/folder.h"
#include "core/text/count_text.h"
#include "detect/detector.h"
#include "format/model_file.h"
#include "graph/cost.h"
#include "media/image/image_io.h"
#include "report/chart.h"
#include "report/drawn.h"
#include "report/html.h"

namespace octet {
namespace {
namespace fs = std::filesystem;

constexpr size_t kPairs = 10;

// The accuracy that counts.
std::string metric_of(const CompressReport& report) {
  return report.data.keypoints > 0 ? "mAP50-95 of keypoints" : "mAP50-95";
}

std::string target_text(const CompressResult& r) {
  const std::string end = r.met ? ", which is met." : ", <b>which is not met</b>.";
  if (r.wanted_speedup > 0)
    return fmt::format(" A speedup of {:.2f} was wanted{}", r.wanted_speedup, end);
  if (r.wanted_s > 0) return fmt::format(" At most {:.2f} ms were wanted{}", 1e3 * r.wanted_s, end);
  return "";
}

std::string headline(const CompressReport& report) {
  const CompressResult& r = report.result;
  return fmt::format(
      "<p><b>Take {}</b>. It was made of {}: {}. Its int8 time is {:.2f} ms in place of {:.2f} ms, "
      "which is {:.2f} times as fast.{} Its {} is {:.4f} in place of {:.4f}, a change of "
      "{:+.4f}. Over draws of the images, 95 % of the changes lie from {:+.4f} to {:+.4f}.</p>"
      "<p>{}</p>",
      html_escape(r.after.file), html_escape(r.chosen_model), html_escape(r.chosen.text()),
      r.after.ms, r.before.ms, r.speedup(), target_text(r), metric_of(report), r.after.map50_95,
      r.before.map50_95, -r.drop(), -r.drop_95.high, -r.drop_95.low, trainings_text(r));
}

std::string figures_table(const CompressReport& report) {
  const CompressResult& r = report.result;
  const Model before = read_model(r.before.file), after = read_model(r.after.file);
  const Cost cost_before = cost(before.graph, r.before.size);
  const Cost cost_after = cost(after.graph, r.after.size);
  std::vector<std::vector<std::string>> rows;
  const auto row = [&](const std::string& name, double b, double a, int digits, bool ratio = true) {
    rows.push_back({name, fmt::format("{:.{}f}", b, digits), fmt::format("{:.{}f}", a, digits),
                    ratio && a > 0 ? fmt::format("{:.2f}", b / a) : ""});
  };
  row(metric_of(report), r.before.map50_95, r.after.map50_95, 4, false);
  for (const EngineTimes& t : times_of(report.bench)) {
    const std::string name = fmt::format("{}, {}", t.engine, t.format);
    row(name + ": ms an image", t.before_ms, t.after_ms, 2);
    row(name + ": memory, MB", t.before_rss_mb, t.after_rss_mb, 0);
  }
  row("parameters, M", static_cast<double>(cost_before.parameters) / 1e6,
      static_cast<double>(cost_after.parameters) / 1e6, 2);
  row("GFLOPs", cost_before.gflops, cost_after.gflops, 2);
  rows.push_back({"input", to_string(r.before.size), to_string(r.after.size), ""});
  const std::string elsewhere =
      r.measured ? ""
                 : fmt::format(
                       "<p>The times of engines are of this machine. Those above are of "
                       "the device: {}.</p>",
                       html_escape(r.times));
  return html_table({"int8", "before", "after", "ratio"}, rows) + elsewhere;
}

std::string classes_table(const CompressReport& report) {
  std::map<int, double> of_after;
  for (const ClassSummary& c : report.after.per_class()) of_after[c.class_index] = c.map50_95;
  std::vector<std::vector<std::string>> rows;
  for (const ClassSummary& c : report.before.per_class())
    rows.push_back({report.data.names.at(static_cast<size_t>(c.class_index)),
                    std::to_string(c.objects), fmt::format("{:.4f}", c.map50_95),
                    fmt::format("{:.4f}", of_after[c.class_index])});
  return "<h2>Classes</h2>" + html_table({"class", "objects", "AP50-95 before", "after"}, rows);
}

std::string curve(const CompressReport& report) {
  const CompressResult& r = report.result;
  Series pruned{.name = "pruned, short training"},
      smaller{.name = "smaller input alone, short training"}, whole{.name = "whole training"};
  std::vector<double> all{r.before.map50_95, r.after.map50_95};
  const auto add = [&](Series& series, const TriedCandidate& t, double map50_95) {
    series.x.push_back(1e3 * t.candidate.predicted_s);
    series.y.push_back(map50_95);
    series.names.push_back(t.model + ", " + t.candidate.text());
    all.push_back(map50_95);
  };
  for (const TriedCandidate& t : r.tried) {
    add(t.candidate.pruning > 1 ? pruned : smaller, t, t.map50_95);
    if (t.whole_map50_95) add(whole, t, *t.whole_map50_95);
  }
  const auto one = [](const std::string& name, const CompressedModel& model) {
    return Series{
        .name = name, .x = {1e3 * model.predicted_s}, .y = {model.map50_95}, .names = {name}};
  };
  Chart chart;
  chart.kind = ChartKind::kPoints;
  chart.title = "Candidates, and the int8 models before and after";
  chart.x.title = "int8 time, ms";
  chart.x.low = 0;
  chart.y = axis_over(metric_of(report), all, 0.05);
  chart.series = {one("int8 before", r.before), one("int8 after", r.after), pruned, smaller, whole};
  return "<h2>Accuracy and time</h2><div class=\"row\">" + html_chart(chart) + "</div>";
}

std::string candidates_table(const CompressReport& report) {
  const CompressResult& r = report.result;
  const bool one_model = std::all_of(r.tried.begin(), r.tried.end(), [&](const TriedCandidate& t) {
    return t.model == r.tried.front().model;
  });
  std::vector<std::vector<std::string>> rows;
  for (const TriedCandidate& t : r.tried) {
    rows.push_back({(one_model ? "" : t.model + ": ") + t.candidate.text(),
                    fmt::format("{:.2f}", 1e3 * t.candidate.predicted_s),
                    fmt::format("{:.4f}", t.map50_95),
                    t.whole_map50_95 ? fmt::format("{:.4f}", *t.whole_map50_95) : "",
                    t.chosen ? "chosen" : ""});
  }
  return html_table(
      {"candidate", "predicted, ms", metric_of(report) + ", short training", "whole training", ""},
      rows);
}

std::map<std::string, double> widths_of(const Model& model) {
  std::map<std::string, double> widths;
  for (const Node& node : model.graph.nodes) {
    if (const auto* conv = std::get_if<Conv2d>(&node.op))
      widths[node.name] = static_cast<double>(conv->weight.shape[0]);
  }
  return widths;
}

// Layers of another model have nothing to compare with.
std::string widths(const CompressResult& r) {
  if (r.chosen_model != r.first_model) return "";
  const Model before = read_model(r.before.file);
  const auto of_after = widths_of(read_model(r.after.file));
  Series wide{.name = "before"}, narrow{.name = "after"};
  double layer = 0;
  for (const Node& node : before.graph.nodes) {
    const auto* conv = std::get_if<Conv2d>(&node.op);
    if (conv == nullptr) continue;
    const auto left = of_after.find(node.name);
    for (Series* series : {&wide, &narrow}) {
      series->x.push_back(layer);
      series->names.push_back(node.name);
    }
    wide.y.push_back(static_cast<double>(conv->weight.shape[0]));
    narrow.y.push_back(left == of_after.end() ? 0 : left->second);
    ++layer;
  }
  Chart chart;
  chart.title = "From the image to the outputs; 0: the layer was removed";
  chart.x.title = "convolution";
  chart.x.low = 0;
  chart.x.whole = true;
  chart.y.title = "channels";
  chart.y.low = 0;
  chart.series = {wide, narrow};
  return "<h2>Channels of every layer</h2><div class=\"row\">" + html_chart(chart) + "</div>";
}

std::string pairs(const CompressReport& report) {
  const CompressResult& r = report.result;
  const auto detector_of = [](const CompressedModel& m) {
    return Detector({.model = m.file,
                     .size = SizeOption{.size = m.size, .exact = true},
                     .runtime = {.cache = cache_folder()}});
  };
  Detector before = detector_of(r.before), after = detector_of(r.after);
  const auto job_before = before.make_job(), job_after = after.make_job();
  const auto found = [](Job& job, const Image& image) {
    Detections detections;
    job.submit(view(image));
    job.finish({}, detections);
    return detections;
  };
  std::string out = "<h2>Detections before and after</h2>";
  for (const Sample& sample : evenly(report.data, kPairs).samples) {
    const Image image = read_image(sample.image);
    const std::string name = sample.image.filename().string();
    out += drawn_pair(
        image,
        {found(*job_before, image), found(*job_after, image), name + ": before", name + ": after"},
        report.data.names);
  }
  return out;
}

std::string list_of(const std::vector<std::string>& commands) {
  std::string text;
  for (const std::string& command : commands) text += html_escape(command) + "\n";
  return html_details("The commands of all stages", "<pre>" + text + "</pre>");
}

}  // namespace

std::string trainings_text(const CompressResult& r) {
  if (r.tried.empty()) return "The first model is taken as it is: it had no more training.";
  const auto whole = std::count_if(r.tried.begin(), r.tried.end(), [](const TriedCandidate& t) {
    return t.whole_map50_95.has_value();
  });
  const bool first = std::none_of(r.tried.begin(), r.tried.end(),
                                  [](const TriedCandidate& t) { return t.chosen; });
  const std::string which =
      first            ? "the first model as it is was better"
      : whole == 1     ? "it was taken"
      : r.wanted_s > 0 ? "the best of these was taken"
                       : "the fastest of these that loses no more than is allowed was taken";
  return fmt::format("{} had a short training. {} had a whole training, and {}.",
                     counted(static_cast<int64_t>(r.tried.size()), "candidate"),
                     whole == 1 ? "One of them" : fmt::format("{} of them", whole), which);
}

std::vector<EngineTimes> times_of(const nlohmann::ordered_json& bench) {
  std::map<std::pair<std::string, std::string>, EngineTimes> times;
  for (const auto& row : bench.at("rows")) {
    const fs::path file = row.at("model").get<std::string>();
    const std::string engine = row.at("engine"), format = file.extension().string().substr(1);
    EngineTimes& t = times[{engine, format}];
    t.engine = engine;
    t.format = format;
    const bool whole = file.parent_path().filename() == "export-whole";
    (whole ? t.before_ms : t.after_ms) = row.at("ms_p50");
    (whole ? t.before_rss_mb : t.after_rss_mb) = row.value("rss_mb", 0.0);
  }
  std::vector<EngineTimes> list;
  for (auto& [key, t] : times) {
    if (t.before_ms > 0 && t.after_ms > 0) list.push_back(std::move(t));
  }
  return list;
}

std::optional<EngineTimes> fastest_in(const std::vector<EngineTimes>& times,
                                      const std::string& engine) {
  std::optional<EngineTimes> best;
  for (const EngineTimes& t : times) {
    if (t.engine == engine && (!best || t.after_ms < best->after_ms)) best = t;
  }
  return best;
}

void write_compress_report(const CompressReport& report) {
  const CompressResult& r = report.result;
  const std::string body = headline(report) + figures_table(report) + curve(report) +
                           candidates_table(report) + classes_table(report) + widths(r) +
                           pairs(report) + facts_table(report.facts) + list_of(report.commands);
  write_text_file(r.report, html_page("A faster model", body));
}

}  // namespace octet
