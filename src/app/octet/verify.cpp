#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>
#include <set>

#include "app/common_options.h"
#include "app/octet/verbs.h"
#include "app/print_json.h"
#include "app/verb_table.h"
#include "core/error.h"
#include "core/log.h"
#include "core/output.h"
#include "core/process.h"
#include "detect/artifact.h"
#include "engine/registry.h"
#include "format/model_file.h"
#include "model/passes/passes.h"
#include "verify/compare_engines.h"
#include "verify/compare_exports.h"

namespace octet {
namespace {
namespace fs = std::filesystem;
using nlohmann::ordered_json;

constexpr size_t kShownMismatches = 20;

struct Options {
  std::string model;
  std::vector<std::string> exports;
  std::string data, split = "val";
  std::vector<std::string> engines = quick_engine_names();
  int images = 32;
  bool json = false;
};

ordered_json to_json(const Shares& s) {
  const auto all = static_cast<double>(std::max<int64_t>(1, s.values));
  const auto share = [all](int64_t part) { return static_cast<double>(part) / all; };
  return {{"equal", share(s.equal)},
          {"within_1", share(s.within_1)},
          {"within_2", share(s.within_2)},
          {"within_4", share(s.within_4)}};
}

// All nodes together, and the one that agrees least.
ordered_json to_json(const NodeShares& n) {
  ordered_json j = to_json(n.all);
  j["nodes"] = n.nodes.size();
  const auto equal = [](const Shares& s) {
    return static_cast<double>(s.equal) / static_cast<double>(std::max<int64_t>(1, s.values));
  };
  const auto worst = std::min_element(
      n.nodes.begin(), n.nodes.end(),
      [&](const auto& a, const auto& b) { return equal(a.second) < equal(b.second); });
  if (worst != n.nodes.end())
    j["worst"] = {{"name", worst->first}, {"shares", to_json(worst->second)}};
  return j;
}

ordered_json to_json(const EngineComparison& c, bool with_boxes) {
  ordered_json j{
      {"file", c.file}, {"engine", c.engine}, {"device", c.device}, {"precision", c.precision}};
  if (with_boxes) {
    j["boxes"] = c.boxes;
    j["matched"] = c.matched;
    j["map50_95"] = c.map50_95;
    j["reference_map50_95"] = c.reference_map50_95;
  }
  j["agrees"] = c.agrees();
  j["exact"] = c.exact();
  j["node_by_node"] = to_json(c.nodes);
  ordered_json outputs;
  for (const auto& [name, s] : c.outputs) outputs[name] = to_json(s);
  j["outputs"] = outputs;
  return j;
}

void print_shares(const std::string& name, const ordered_json& s) {
  print_out("{:<40} {:>8.2f}% {:>8.2f}% {:>8.2f}% {:>8.2f}%\n", name,
            100 * s["equal"].get<double>(), 100 * s["within_1"].get<double>(),
            100 * s["within_2"].get<double>(), 100 * s["within_4"].get<double>());
}

std::string matched(const ordered_json& engine) {
  return fmt::format("{} of {} boxes", engine["matched"].get<int64_t>(),
                     engine["boxes"].get<int64_t>());
}

// "; 4 runs equal the reference in every value; FILE in ENGINE differs within the limits (…); FILE
// ran in no engine".
std::string verdict(const ordered_json& report) {
  const auto& engines = report["engines"];
  size_t exact = 0;
  std::string others;
  for (const auto& e : engines) {
    exact += e["exact"].get<bool>() ? 1 : 0;
    if (e["exact"].get<bool>()) continue;
    others +=
        fmt::format("; {} in {} {}{}", e["file"].get<std::string>(), e["engine"].get<std::string>(),
                    e["agrees"].get<bool>() ? "differs within the limits" : "differs too much",
                    e.contains("boxes") ? fmt::format(" ({})", matched(e)) : "");
  }
  const std::string equal =
      exact == 0 ? ""
                 : fmt::format("; {} the reference in every value",
                               exact == 1 ? "1 run equals" : fmt::format("{} runs equal", exact));
  if (report.contains("not_run")) {
    for (const auto& file : report["not_run"])
      others += fmt::format("; {} ran in no engine", file.get<std::string>());
  }
  return equal + others;
}

void print(const ordered_json& j) {
  const auto& p = j["parameters"];
  print_out("parameters: {} compared, {} equal, {} not in the format\n",
            p["compared"].get<int64_t>(), p["equal"].get<int64_t>(),
            p["absent_by_design"].get<int64_t>());
  size_t shown = 0;
  for (const auto& m : j["mismatches"]) {
    if (shown++ == kShownMismatches) {
      print_out("… and {} more; --json has them all\n", j["mismatches"].size() - kShownMismatches);
      break;
    }
    print_out("{}: {} {}: expected {}, found {}\n", m["file"].get<std::string>(),
              m["tensor"].get<std::string>(), m["field"].get<std::string>(),
              m["expected"].get<std::string>(), m["found"].get<std::string>());
  }
  if (j.contains("images"))
    print_out("\n{} of {} images ran in every engine and in the reference\n",
              j["images"]["run"].get<size_t>(), j["images"]["given"].get<size_t>());
  for (const auto& e : j["engines"]) {
    print_out("\n{} in {} ({}, {})", e["file"].get<std::string>(), e["engine"].get<std::string>(),
              e["device"].get<std::string>(), e["precision"].get<std::string>());
    if (e.contains("boxes"))
      print_out(": {} matched, mAP50-95 {:.4f}, reference {:.4f}", matched(e),
                e["map50_95"].get<double>(), e["reference_map50_95"].get<double>());
    print_out("\n");
    print_out("{:<40} {:>9} {:>9} {:>9} {:>9}\n", "share of values, in 8-bit steps", "equal",
              "within 1", "within 2", "within 4");
    const auto& nodes = e["node_by_node"];
    if (nodes["nodes"] > 0)
      print_shares(fmt::format("node by node ({} values)", nodes["nodes"].get<size_t>()), nodes);
    if (nodes.contains("worst"))
      print_shares("  least: " + nodes["worst"]["name"].get<std::string>(),
                   nodes["worst"]["shares"]);
    for (const auto& [name, s] : e["outputs"].items()) print_shares("end to end " + name, s);
  }
  print_out("{}{}\n", j["ok"].get<bool>() ? "verified" : "NOT verified", verdict(j));
}

// Those that run only when they are named, and why: "armnn (…)".
std::string slow_engines() {
  std::vector<std::string> parts;
  for (const EngineRow& row : engine_rows()) {
    if (!row.slow_because.empty())
      parts.push_back(fmt::format("{} ({})", row.name, row.slow_because));
  }
  return fmt::format("{}", fmt::join(parts, ", "));
}

// Evenly, at most so many.
Dataset some_of(Dataset data, int count) {
  const size_t all = data.samples.size();
  const size_t wanted = std::min(all, static_cast<size_t>(count));
  std::vector<Sample> kept;
  for (size_t i = 0; i < wanted; ++i) kept.push_back(data.samples[i * all / wanted]);
  data.samples = std::move(kept);
  return data;
}

// The files that were named, and the exports of folders. What lies beside an .xml belongs to it.
std::vector<fs::path> exports_of(const Options& o) {
  std::vector<fs::path> files;
  for (const std::string& named : o.exports) {
    const fs::path path = named;
    if (!is_folder_of_models(path)) {
      if (path.extension() != ".bin" || !fs::exists(fs::path(path).replace_extension(".xml")))
        files.push_back(path);
      continue;
    }
    const size_t before = files.size();
    for (const fs::path& file : models_in(path))
      if (export_format_of(file) != nullptr) files.push_back(file);
    if (files.size() == before)
      fail("{}: contains no export ({})", named, fmt::join(export_format_names(), ", "));
  }
  return files;
}

size_t float_layers(const Model& model) {
  return static_cast<size_t>(
      std::count_if(model.graph.nodes.begin(), model.graph.nodes.end(), [&](const Node& n) {
        return std::holds_alternative<Conv2d>(n.op) && !model.quantization.convs.contains(n.name);
      }));
}

// Whether there is a reference of all its values, in integers or in floats.
bool has_reference(const Model& model, const std::string& name) {
  const size_t in_float = float_layers(model);
  if (model.quantization.empty() || in_float == 0) return true;
  log_warning("{}: {} layers are in float; only parameters are compared", name, in_float);
  return false;
}

// What the parameters of the files say.
struct Compared {
  ParameterCount total;
  ordered_json mismatches = ordered_json::array();
  std::vector<std::string> files;
  std::map<std::pair<int, int>, std::vector<fs::path>> by_size;  // those of raw outputs
};

Compared compare_parameters(const Options& o, const Model& model) {
  Compared out;
  for (const fs::path& path : exports_of(o)) {
    const ExportComparison e = compare_export(model, path);
    out.total.compared += e.parameters.compared;
    out.total.absent += e.parameters.absent;
    for (const Mismatch& m : e.mismatches) {
      out.mismatches.push_back({{"file", path.string()},
                                {"tensor", m.tensor},
                                {"field", m.field},
                                {"expected", m.expected},
                                {"found", m.found}});
    }
    out.files.push_back(e.file.string());
    if (e.layout == Layout::kRaw) out.by_size[{e.size.width, e.size.height}].push_back(e.file);
  }
  return out;
}

// The runs of all files on the images of the data. `images`: how many there are.
std::vector<EngineComparison> run_files(const Options& o, const Model& model,
                                        const Compared& compared, ordered_json& images) {
  Dataset data = read_dataset(o.data, {.split = o.split, .model_names = model.info.names});
  const size_t given = data.samples.size();
  data = some_of(std::move(data), o.images);
  leave_out_unreadable(data, false);
  std::vector<EngineComparison> runs;
  for (const auto& [size, files] : compared.by_size) {
    for (auto& run : compare_engines(model, {size.first, size.second}, files, data, o.engines))
      runs.push_back(std::move(run));
  }
  if (!runs.empty()) images = {{"run", data.samples.size()}, {"given", given}};
  return runs;
}

// Of `files`, those without a run.
std::vector<std::string> not_run(std::vector<std::string> files,
                                 const std::vector<EngineComparison>& runs) {
  std::set<std::string> ran;
  for (const EngineComparison& run : runs) ran.insert(run.file);
  std::erase_if(files, [&](const std::string& file) { return ran.contains(file); });
  return files;
}

ordered_json verify_all(const Options& o) {
  const Model model = fold_batch_norm(read_model(o.model));
  const Compared compared = compare_parameters(o, model);
  bool ok = compared.mismatches.empty();
  auto engines = ordered_json::array();
  ordered_json images;
  std::vector<std::string> without_run;
  if (!o.data.empty()) {
    std::vector<EngineComparison> runs;
    const bool can_run = has_reference(model, o.model);
    if (can_run) runs = run_files(o, model, compared, images);
    for (const EngineComparison& c : runs) {
      ok = ok && c.agrees();
      engines.push_back(to_json(c, !c.raw));
    }
    without_run = not_run(compared.files, runs);
    if (can_run) {
      for (const std::string& file : without_run)
        log_warning("{}: ran in no engine; only its parameters are compared", file);
    }
  }
  const auto different = static_cast<int64_t>(compared.mismatches.size());
  const int64_t all = compared.total.compared;
  ordered_json j{{"ok", ok},
                 {"parameters",
                  {{"compared", all},
                   {"equal", all - std::min(different, all)},
                   {"absent_by_design", compared.total.absent}}},
                 {"mismatches", compared.mismatches}};
  if (!images.is_null()) j["images"] = images;
  j["engines"] = engines;
  if (!without_run.empty()) j["not_run"] = without_run;
  return j;
}

// The files that differ in a parameter, or in an engine by too much.
std::string failed(const ordered_json& j) {
  std::set<std::string> files;
  for (const auto& m : j["mismatches"]) files.insert(m["file"].get<std::string>());
  for (const auto& e : j["engines"]) {
    if (!e["agrees"].get<bool>()) files.insert(e["file"].get<std::string>());
  }
  return fmt::format("{} {}", fmt::join(files, ", "), files.size() == 1 ? "is" : "are");
}

void run(const Options& o) {
  const ordered_json j = verify_all(o);
  o.json ? print_json(j) : print(j);
  if (!j["ok"].get<bool>())
    fail("{}: {} not as this model says; export it again, or name its own exports alone", o.model,
         failed(j));
}

}  // namespace

void add_verify(CLI::App& root) {
  auto options = std::make_shared<Options>();
  CLI::App* verb = add_verb(root, "verify");
  verb->add_option("model", options->model, "The model file.")->required()->type_name("MODEL");
  verb->add_option("exports", options->exports,
                   fmt::format("Its exports ({}), or folders of them.",
                               fmt::join(export_format_names(), ", ")))
      ->required()
      ->type_name("EXPORTS");
  verb->add_option(
          "--data", options->data,
          "A data.yaml or COCO JSON file. Its images run in every engine and in the integer "
          "reference. Without it only parameters are compared.")
      ->type_name("FILE");
  verb->add_option("--split", options->split, "Part of data.yaml: train, val or test.")
      ->type_name("NAME")
      ->capture_default_str();
  verb->add_option("--images", options->images, "Largest number of images to run.")
      ->check(CLI::Range(1, 1000000))
      ->capture_default_str();
  verb->add_option(
          "--engine", options->engines,
          "Engines to run, joined by commas. Without it: all engines but " + slow_engines() + ".")
      ->delimiter(',')
      ->check(CLI::IsMember(engine_names()));
  add_json_option(*verb, options->json);
  verb->callback([options] {
    install_stop_signals();
    run(*options);
  });
}

}  // namespace octet
