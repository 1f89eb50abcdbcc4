#include <algorithm>
#include <cmath>
#include <memory>
#include <nlohmann/json.hpp>

#include "app/octet/verbs.h"
#include "app/octet/verify_engines.h"
#include "core/error.h"
#include "core/file.h"
#include "core/process.h"
#include "detect/artifact.h"
#include "engine/engine.h"
#include "format/listing.h"
#include "format/model_file.h"
#include "format/onnx/onnx.h"
#include "format/openvino/ir.h"
#include "format/tflite/tflite.h"
#include "model/passes/passes.h"

namespace octet {
namespace {
namespace fs = std::filesystem;
using nlohmann::ordered_json;

// Of boxes, in every engine. One-step differences grow over sixty layers: OpenVINO matched 84 to
// 94 % at IoU 0.95 with exports whose every parameter is right.
constexpr double kLeastMatched = 0.8;
// Of all values inside the network, each on the engine's own inputs.
constexpr double kLeastWithinOne = 0.99;
constexpr size_t kShownMismatches = 20;

struct Options {
  std::string model;
  std::vector<std::string> exports;
  std::string data, split = "val";
  std::vector<std::string> engines = quick_engine_names();
  int images = 32;
  bool json = false;
};

// Few boxes fall short of a share by chance: of six, four. Two standard deviations are let pass.
bool enough_matched(double matched, double boxes) {
  return matched >=
         boxes * kLeastMatched - 2 * std::sqrt(boxes * kLeastMatched * (1 - kLeastMatched));
}

// What the file says about itself, and its content.
struct Export {
  fs::path path;
  Size size;
  Layout layout = Layout::kRaw;
  ExportListing found, expected;
  bool quantizes_silu = true;  // has the quantizers before SiLU and after the sigmoid
};

void read_octet_metadata(const std::map<std::string, std::string>& entries, Export& e) {
  const auto at = entries.find("octet");
  if (at == entries.end()) fail("{}: was not exported by octet", e.path.string());
  try {
    const auto j = nlohmann::json::parse(at->second);
    e.size = {j.at("imgsz").at(0).get<int>(), j.at("imgsz").at(1).get<int>()};
    e.layout = j.at("layout").get<std::string>() == "raw" ? Layout::kRaw : Layout::kUltralytics;
  } catch (const nlohmann::json::exception& error) {
    fail("{}: its metadata is damaged: {}", e.path.string(), error.what());
  }
  if (e.size.width < 1 || e.size.height < 1 || e.size.width > 1 << 14 || e.size.height > 1 << 14 ||
      e.size.width % kInputMultiple != 0 || e.size.height % kInputMultiple != 0)
    fail("{}: its metadata claims a size of {}", e.path.string(), to_string(e.size));
}

Export open_export(const Model& model, const fs::path& path) {
  Export e{.path = path};
  const std::string name = path.string();
  if (path.extension() == ".onnx") {
    const auto metadata = read_onnx_metadata(path);
    read_octet_metadata(metadata, e);
    e.found = list_onnx(read_file(path), name);
    const std::string bytes = make_onnx(model, e.size, e.layout, onnx_activations(metadata));
    e.expected = list_onnx(std::as_bytes(std::span(bytes)), "the model as ONNX");
  } else if (path.extension() == ".xml") {
    read_octet_metadata(read_ir_metadata(path), e);
    e.found =
        list_ir(read_text_file(path), read_file(fs::path(path).replace_extension(".bin")), name);
    const IrDocument ir = make_ir(model, e.size, e.layout);
    e.expected = list_ir(ir.xml, ir.weights, "the model as OpenVINO IR");
    e.quantizes_silu = false;
  } else if (path.extension() == ".tflite") {
    read_octet_metadata(read_tflite_metadata(path), e);
    e.found = list_tflite(read_file(path), name);
    const std::string bytes = make_tflite(model, e.size, e.layout);
    e.expected = list_tflite(std::as_bytes(std::span(bytes)), "the model as TensorFlow Lite");
  } else {
    fail("{}: is neither .onnx nor .tflite nor .xml", name);
  }
  return e;
}

struct ParameterCount {
  int64_t compared = 0, absent = 0;
};

// Scales, zero points, weights and biases that the export holds, and those it leaves out by design.
ParameterCount count_parameters(const Model& model, const Export& e) {
  ParameterCount n;
  std::map<std::string, std::string> outputs;
  for (const Output& o : model.outputs()) outputs[o.value] = o.name();
  // As a node of its own, or with the tensor itself.
  const auto holds = [&](const std::string& value) {
    return e.expected.nodes.contains(value + ".quantized") ||
           e.expected.tensors.contains(value + ".scale") ||
           (outputs.contains(value) && e.expected.tensors.contains(outputs.at(value) + ".scale"));
  };
  for (const auto& [value, params] : model.quantization.values) {
    const bool image = value == model.graph.input;
    (image || holds(value) ? n.compared : n.absent) += 2;
  }
  for (const Node& node : model.graph.nodes) {
    const auto* act = std::get_if<Activation>(&node.op);
    if (act == nullptr || act->kind != ActivationKind::kSilu ||
        model.quantization.find(node.inputs[0]) == nullptr)
      continue;
    (e.quantizes_silu ? n.compared : n.absent) += 2;
  }
  for (const auto& [name, q] : model.quantization.convs)
    n.compared += static_cast<int64_t>(q.scales.size() + q.weight.size() + q.bias.size());
  return n;
}

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

ordered_json to_json(const EngineComparison& c) {
  ordered_json outputs;
  for (const auto& [name, s] : c.outputs) outputs[name] = to_json(s);
  return {{"file", c.file},
          {"engine", c.engine},
          {"device", c.device},
          {"precision", c.precision},
          {"boxes", c.boxes},
          {"matched", c.matched},
          {"map50_95", c.map50_95},
          {"reference_map50_95", c.reference_map50_95},
          {"node_by_node", to_json(c.nodes)},
          {"outputs", outputs}};
}

void print_shares(const std::string& name, const ordered_json& s) {
  fmt::print("{:<40} {:>8.2f}% {:>8.2f}% {:>8.2f}% {:>8.2f}%\n", name,
             100 * s["equal"].get<double>(), 100 * s["within_1"].get<double>(),
             100 * s["within_2"].get<double>(), 100 * s["within_4"].get<double>());
}

void print(const ordered_json& j) {
  const auto& p = j["parameters"];
  fmt::print("parameters: {} compared, {} equal, {} absent by design\n",
             p["compared"].get<int64_t>(), p["equal"].get<int64_t>(),
             p["absent_by_design"].get<int64_t>());
  size_t shown = 0;
  for (const auto& m : j["mismatches"]) {
    if (shown++ == kShownMismatches) {
      fmt::print("… and {} more; --json has them all\n", j["mismatches"].size() - kShownMismatches);
      break;
    }
    fmt::print("{}: {} {}: expected {}, found {}\n", m["file"].get<std::string>(),
               m["tensor"].get<std::string>(), m["field"].get<std::string>(),
               m["expected"].get<std::string>(), m["found"].get<std::string>());
  }
  for (const auto& e : j["engines"]) {
    fmt::print(
        "\n{} in {} ({}, {}): {} of {} boxes matched, mAP50-95 {:.4f}, integer reference {:.4f}\n",
        e["file"].get<std::string>(), e["engine"].get<std::string>(),
        e["device"].get<std::string>(), e["precision"].get<std::string>(),
        e["matched"].get<int64_t>(), e["boxes"].get<int64_t>(), e["map50_95"].get<double>(),
        e["reference_map50_95"].get<double>());
    fmt::print("{:<40} {:>9} {:>9} {:>9} {:>9}\n", "", "equal", "within 1", "within 2", "within 4");
    const auto& nodes = e["node_by_node"];
    print_shares(fmt::format("node by node ({} values)", nodes["nodes"].get<size_t>()), nodes);
    if (nodes.contains("worst"))
      print_shares("  least: " + nodes["worst"]["name"].get<std::string>(),
                   nodes["worst"]["shares"]);
    for (const auto& [name, s] : e["outputs"].items()) print_shares("end to end " + name, s);
  }
  fmt::print("{}\n", j["ok"].get<bool>() ? "verified" : "NOT verified");
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

ordered_json verify_all(const Options& o) {
  Model model = read_model(o.model);
  model = fold_batch_norm(std::move(model));
  ParameterCount total;
  auto mismatches = ordered_json::array();
  std::map<std::pair<int, int>, std::vector<fs::path>> by_size;
  for (const std::string& path : o.exports) {
    const Export e = open_export(model, path);
    const ParameterCount n = count_parameters(model, e);
    total.compared += n.compared;
    total.absent += n.absent;
    for (const Mismatch& m : compare(e.expected, e.found)) {
      mismatches.push_back({{"file", path},
                            {"tensor", m.tensor},
                            {"field", m.field},
                            {"expected", m.expected},
                            {"found", m.found}});
    }
    if (e.layout == Layout::kRaw) by_size[{e.size.width, e.size.height}].push_back(e.path);
  }
  bool ok = mismatches.empty();
  auto engines = ordered_json::array();
  if (!o.data.empty()) {
    const Dataset data = some_of(
        read_dataset(o.data, {.split = o.split, .model_names = model.info.names}), o.images);
    for (const auto& [size, files] : by_size) {
      for (const auto& c :
           compare_engines(model, {size.first, size.second}, files, data, o.engines)) {
        const Shares& nodes = c.nodes.all;
        ok = ok && enough_matched(static_cast<double>(c.matched), static_cast<double>(c.boxes)) &&
             static_cast<double>(nodes.within_1) >=
                 kLeastWithinOne * static_cast<double>(nodes.values);
        engines.push_back(to_json(c));
      }
    }
  }
  const auto different = static_cast<int64_t>(mismatches.size());
  return {{"ok", ok},
          {"parameters",
           {{"compared", total.compared},
            {"equal", total.compared - std::min(different, total.compared)},
            {"absent_by_design", total.absent}}},
          {"mismatches", mismatches},
          {"engines", engines}};
}

void run(const Options& o) {
  const ordered_json j = verify_all(o);
  o.json ? fmt::print("{}\n", j.dump()) : print(j);
  if (!j["ok"].get<bool>())
    fail("{}: the exports are not this model, or an engine departs from it; export again", o.model);
}

}  // namespace

void add_verify(CLI::App& root) {
  auto options = std::make_shared<Options>();
  CLI::App* verb = root.add_subcommand(
      "verify", "compare exports with their model: every parameter, and what engines make of them");
  verb->add_option("model", options->model, "the model file")->required();
  verb->add_option("exports", options->exports, "its exports: .onnx, .tflite, .xml")->required();
  verb->add_option("--data", options->data,
                   "data.yaml or COCO JSON: pictures for the engines and the integer reference");
  verb->add_option("--split", options->split, "train, val or test")->capture_default_str();
  verb->add_option("--images", options->images, "pictures to run, at most")
      ->check(CLI::Range(1, 1000000))
      ->capture_default_str();
  verb->add_option("--engine", options->engines,
                   "engines to run, where they read the files; without it all but armnn, whose "
                   "reference backend takes a minute for a picture")
      ->delimiter(',')
      ->check(CLI::IsMember(engine_names()));
  verb->add_flag("--json", options->json, "print one JSON object on standard output");
  verb->callback([options] {
    install_stop_signals();
    run(*options);
  });
}

}  // namespace octet
