#include <unistd.h>

#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>
#include <vector>

#include "app/common_options.h"
#include "app/octet/inspect_target.h"
#include "app/octet/verbs.h"
#include "app/print_json.h"
#include "app/size_flag.h"
#include "app/verb_table.h"
#include "core/error.h"
#include "core/file.h"
#include "core/output.h"
#include "core/terminal.h"
#include "core/text/clean_text.h"
#include "core/text/fit_text.h"
#include "detect/artifact.h"
#include "format/import_network.h"
#include "format/tflite/targets.h"
#include "graph/cost.h"
#include "graph/shapes.h"
#include "model/passes/passes.h"

namespace octet {
namespace {
namespace fs = std::filesystem;
using nlohmann::ordered_json;

struct Options {
  std::string path;
  std::string size;
  std::string target;
  bool passes = false;
  bool json = false;
};

std::string_view kind_name(const Artifact& a) {
  if (a.format != nullptr) return a.format->title;
  if (is_network_file(a.file)) return "network for 'octet import'";
  return a.file.extension() == ".safetensors" ? "octet model" : "checkpoint";
}

ordered_json describe(const Artifact& a) {
  ordered_json j{{"file", a.file.string()},         {"kind", kind_name(a)},
                 {"bytes", bytes_of_model(a.file)}, {"task", task_name(a.info.task)},
                 {"layout", layout_name(a.layout)}, {"names", a.info.names},
                 {"strides", a.info.head.strides}};
  if (a.info.task == Task::kPose)
    j["kpt_shape"] = {a.info.head.keypoints, a.info.head.keypoint_dims};
  if (a.info.pose_head) j["pose_head"] = to_json(*a.info.pose_head);
  if (a.info.trained_side > 0) j["trained_imgsz"] = a.info.trained_side;
  if (a.size) j["input"] = {a.size->width, a.size->height};
  if (a.format != nullptr && a.format->needs != nullptr) {
    if (auto needs = a.format->needs(a.content, a.file.string()); !needs.empty())
      j["needs"] = std::move(needs);
  }
  if (!a.info.source.empty()) j["source"] = a.info.source;
  if (!a.info.licence.empty()) j["licence"] = a.info.licence;
  return j;
}

// The graph as it runs: BatchNorm folded.
void add_layers(const Model& model, Size size, ordered_json& j) {
  const Graph graph = fold_batch_norm(model).graph;
  const auto shapes = infer_shapes(graph, size);
  const Cost total = cost(graph, size);
  j["imgsz"] = {size.width, size.height};
  j["parameters"] = total.parameters;
  j["gflops"] = total.gflops;
  j["batch_norm"] =
      std::any_of(model.graph.nodes.begin(), model.graph.nodes.end(),
                  [](const Node& n) { return std::holds_alternative<BatchNorm>(n.op); });
  if (model.info.task == Task::kRaw) {
    auto& outputs = j["outputs"] = ordered_json::array();
    for (const Output& o : fold_batch_norm(model).outputs())
      outputs.push_back(
          {{"name", o.name()}, {"shape", o.raw.shape.empty() ? shapes.at(o.value) : o.raw.shape}});
  }
  auto& layers = j["layers"] = ordered_json::array();
  for (const Node& node : graph.nodes) {
    const Shape& shape = shapes.at(node.name);
    const Cost one = cost(node, shape);
    layers.push_back({{"name", node.name},
                      {"op", operator_name(node.op)},
                      {"shape", shape},
                      {"parameters", one.parameters},
                      {"gflops", one.gflops}});
  }
}

void print_pose_head(const ordered_json& head) {
  print_out("pose head {} of {} keypoints, in a crop of {} times the person's box\n",
            head["kind"].get<std::string>(), head["keypoints"].get<int>(),
            head["margin"].get<double>());
  for (const auto& [part, name] : head["outputs"].items())
    print_out("  {}: {}\n", part, name.get<std::string>());
}

void print_model(const ordered_json& j) {
  print_out("{}: {}, {:.1f} MB\n", j["file"].get<std::string>(), j["kind"].get<std::string>(),
            j["bytes"].get<double>() / 1e6);
  if (j.contains("layers")) {
    print_out("\n{:<34} {:<14} {:<22} {:>10} {:>8}\n", "layer", "operator", "output (N, C, H, W)",
              "parameters", "GFLOPs");
    for (const auto& l : j["layers"]) {
      print_out("{:<34} {:<14} {:<22} {:>10} {:>8.3f}\n", l["name"].get<std::string>(),
                l["op"].get<std::string>(),
                fmt::format("{}", fmt::join(l["shape"].get<Shape>(), ", ")),
                l["parameters"].get<int64_t>(), l["gflops"].get<double>());
    }
    print_out("\n{:.1f} M parameters, {:.1f} GFLOPs at {}x{}\n",
              j["parameters"].get<double>() / 1e6, j["gflops"].get<double>(),
              j["imgsz"][0].get<int>(), j["imgsz"][1].get<int>());
  }
  if (j.contains("input"))
    print_out("input {}x{}\n", j["input"][0].get<int>(), j["input"][1].get<int>());
  if (j.contains("needs")) print_out("runs only on {}\n", j["needs"].get<std::string>());
  if (j.contains("trained_imgsz"))
    print_out("trained with --imgsz {}\n", j["trained_imgsz"].get<int>());
  if (j["task"] == task_name(Task::kRaw)) {
    print_out("raw outputs\n");
    for (const auto& o : j.value("outputs", ordered_json::array()))
      print_out("  {} ({})\n", o["name"].get<std::string>(),
                fmt::join(o["shape"].get<Shape>(), ", "));
    if (j.contains("pose_head")) print_pose_head(j["pose_head"]);
    if (j.contains("source")) print_out("source: {}\n", j["source"].get<std::string>());
    return;
  }
  print_out("task {}, layout {}, strides {}\n", j["task"].get<std::string>(),
            j["layout"].get<std::string>(), fmt::join(j["strides"].get<std::vector<int>>(), ", "));
  if (j.contains("kpt_shape"))
    print_out("keypoints {} of {} numbers\n", j["kpt_shape"][0].get<int>(),
              j["kpt_shape"][1].get<int>());
  const std::string classes =
      fmt::format("{} classes: {}", j["names"].size(),
                  fmt::join(j["names"].get<std::vector<std::string>>(), ", "));
  write_output(wrap_text(clean_text(classes), columns_of(STDOUT_FILENO), 2, 0) + "\n");
  for (const char* key : {"source", "licence"}) {
    if (j.contains(key)) print_out("{}: {}\n", key, j[key].get<std::string>());
  }
}

// What each pass makes of the model, alone.
void add_passes(const Model& model, ordered_json& j) {
  const auto size_of = [](const Model& m) {
    return ordered_json{{"nodes", m.graph.nodes.size()},
                        {"outputs", m.graph.outputs.size()},
                        {"parameters", cost(m.graph, m.usual_size()).parameters}};
  };
  auto& list = j["passes"] = ordered_json::array();
  for (size_t i = 0; i < all_passes().size(); ++i) {
    const PassInfo& pass = all_passes()[i];
    ordered_json one{{"name", pass.name},
                     {"purpose", pass.purpose},
                     {"left_out", is_left_out(static_cast<PassId>(i))},
                     {"before", size_of(model)}};
    try {
      one["after"] = size_of(pass.example(model));
    } catch (const Error& e) {
      one["error"] = e.what();
    }
    list.push_back(std::move(one));
  }
}

void print_passes(const ordered_json& j) {
  print_out("\n{:<20} {:>13} {:>13} {:>25}  {}\n", "pass", "nodes", "outputs", "parameters", "");
  const auto change = [](const ordered_json& p, const char* key) {
    return fmt::format("{} → {}", p["before"][key].get<int64_t>(), p["after"][key].get<int64_t>());
  };
  for (const auto& p : j["passes"]) {
    const auto name = p["name"].get<std::string>();
    if (p.contains("error")) {
      print_out("{:<20} {}\n", name, p["error"].get<std::string>());
    } else {
      print_out("{:<20} {:>13} {:>13} {:>25}  {}{}\n", name, change(p, "nodes"),
                change(p, "outputs"), change(p, "parameters"), p["purpose"].get<std::string>(),
                p["left_out"].get<bool>() ? " (left out by OCTET_PASSES)" : "");
    }
  }
}

// What a target would leave to the processor's plain kernels.
void add_fallbacks(const Artifact& artifact, const std::string& target, ordered_json& j) {
  if (artifact.format == nullptr || artifact.format->check_target == nullptr)
    fail_usage("--target {}: is for .tflite files; export the model with --format tflite first",
               target);
  const TargetReport report =
      artifact.format->check_target(artifact.content, artifact.file.string(), target);
  j["target"] = target;
  j["operators"] = report.operators;
  auto& list = j["fallbacks"] = ordered_json::array();
  for (const Fallback& f : report.fallbacks) {
    list.push_back({{"operator", f.op.code},
                    {"version", f.op.version},
                    {"tensor", f.op.output},
                    {"reason", f.reason}});
  }
}

void print_fallbacks(const ordered_json& j) {
  print_out("{} of {} operators would not run on {}\n", j["fallbacks"].size(),
            j["operators"].get<size_t>(), j["target"].get<std::string>());
  for (const auto& f : j["fallbacks"])
    print_out("  {} {}: {}\n", f["operator"].get<std::string>(), f["tensor"].get<std::string>(),
              f["reason"].get<std::string>());
}

// A folder with one export is that export; any other folder is listed.
std::vector<fs::path> files_of(const fs::path& path) {
  if (!is_folder_of_models(path)) return {path};
  std::vector<fs::path> found = models_in(path);
  if (found.empty())
    fail("{}: contains no model (.safetensors, .pt) and no export ({})", path.string(),
         fmt::join(export_format_names(), ", "));
  return found;
}

Size size_of(const Options& options, const Model& model) {
  return options.size.empty() ? model.usual_size() : SizeOption::parse(options.size).size;
}

void add_target(const Options& options, const Artifact& artifact, ordered_json& j) {
  const XnnpackTile* tile = find_xnnpack_tile(options.target);
  if (tile == nullptr) return add_fallbacks(artifact, options.target, j);
  if (!artifact.model)
    fail_usage("--target {}: takes a model file or a checkpoint, and {} is an export",
               options.target, artifact.file.string());
  add_paper_costs(*artifact.model, size_of(options, *artifact.model), *tile, j);
}

// A model, an export, or a network that could be imported.
Artifact open(const fs::path& file) {
  try {
    return open_artifact(file);
  } catch (const Error& as_export) {
    if (!is_network_file(file) || !fs::is_regular_file(file)) throw;
    try {
      Artifact out;
      out.file = file;
      out.model = import_network(file, {}).model;
      out.info = out.model->info;
      return out;
    } catch (const Error&) {
      throw Error(
          ErrorCode::kFailed,
          fmt::format("{}; 'octet import' cannot read it either, and says why", as_export.what()));
    }
  }
}

void run(const Options& options) {
  const std::vector<fs::path> files = files_of(options.path);
  ordered_json list = ordered_json::array();
  for (const fs::path& file : files) {
    try {
      const Artifact artifact = open(file);
      ordered_json j = describe(artifact);
      if (artifact.model && files.size() == 1)
        add_layers(*artifact.model, size_of(options, *artifact.model), j);
      if (options.passes && artifact.model) add_passes(*artifact.model, j);
      if (!options.target.empty()) add_target(options, artifact, j);
      list.push_back(std::move(j));
    } catch (const Error& e) {
      if (files.size() == 1) throw;
      list.push_back({{"file", file.string()}, {"error", e.what()}});
    }
  }
  if (options.json) {
    print_json(is_folder_of_models(options.path) ? ordered_json{{"files", list}} : list[0]);
    return;
  }
  for (const auto& j : list) {
    if (j.contains("error")) {
      print_out("{}\n", j["error"].get<std::string>());
    } else {
      print_model(j);
      if (j.contains("passes")) print_passes(j);
      if (j.contains("fallbacks")) print_fallbacks(j);
      if (j.contains("layers_on_target")) print_paper_costs(j);
    }
    if (files.size() > 1) print_out("\n");
  }
}

}  // namespace

void add_inspect(CLI::App& root) {
  auto options = std::make_shared<Options>();
  CLI::App* verb = add_verb(root, "inspect");
  verb->add_option("path", options->path, "A model, a checkpoint, an export, or a folder of them.")
      ->required()
      ->type_name("PATH");
  verb->add_option("--imgsz", options->size,
                   "Input size for shapes and GFLOPs. Without it: the size of the model.")
      ->check(size_check());
  verb->add_option("--target", options->target,
                   "edgetpu, xnnpack or armnn lists the operators of a .tflite file that it cannot "
                   "run. pi3, "
                   "pi4 or pi5 shows the work of a model's int8 layers there.")
      ->type_name("NAME");
  verb->add_flag("--passes", options->passes,
                 "Show how each pass of octet changes the graph of a model or checkpoint.");
  add_json_option(*verb, options->json);
  verb->callback([options] { run(*options); });
}

}  // namespace octet
