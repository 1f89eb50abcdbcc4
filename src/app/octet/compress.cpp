#include "compress/compress.h"

#include <fmt/ranges.h>

#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>

#include "app/common_options.h"
#include "app/octet/verbs.h"
#include "app/print_json.h"
#include "app/size_flag.h"
#include "app/verb_table.h"
#include "core/error.h"
#include "core/installation.h"
#include "core/log.h"
#include "core/process.h"
#include "engine/registry.h"
#include "format/model_file.h"
#include "graph/cost.h"

namespace octet {
namespace {
using nlohmann::ordered_json;

struct Options {
  CompressOptions compress;
  double speedup = 0, target_ms = 0, target_fps = 0, max_drop = 0;
  std::string size, budget;
  bool json = false;
};

ordered_json to_json(const CompressedModel& m) {
  const Cost figures = cost(read_model(m.file).graph, m.size);
  return {{"file", m.file},
          {"imgsz", {m.size.width, m.size.height}},
          {"params", figures.parameters},
          {"gflops", figures.gflops},
          {"ms", m.ms},
          {"predicted_ms", 1e3 * m.predicted_s},
          {"map50_95", m.map50_95},
          {"bytes", std::filesystem::file_size(m.file)}};
}

ordered_json to_json(const CompressResult& r) {
  auto tried = ordered_json::array();
  for (const TriedCandidate& t : r.tried) {
    tried.push_back({{"model", t.model},
                     {"candidate", t.candidate.text()},
                     {"predicted_ms", 1e3 * t.candidate.predicted_s},
                     {"map50_95", t.map50_95},
                     {"chosen", t.chosen}});
    if (t.whole_map50_95) tried.back()["whole_map50_95"] = *t.whole_map50_95;
  }
  ordered_json j{{"output", r.after.file},
                 {"before", to_json(r.before)},
                 {"after", to_json(r.after)},
                 {"speedup", r.speedup()},
                 {"drop", r.drop()},
                 {"drop_95", {r.drop_95.low, r.drop_95.high}},
                 {"engine", r.engine},
                 {"costs", r.times},
                 {"imgsz", {r.after.size.width, r.after.size.height}},
                 {"seconds", r.seconds}};
  if (r.wanted_s > 0) j["wanted_ms"] = 1e3 * r.wanted_s;
  if (r.wanted_speedup > 0) j["wanted_speedup"] = r.wanted_speedup;
  j["met"] = r.met;
  j["model"] = r.chosen_model;
  j["chosen"] = r.chosen.text();
  j["candidates"] = tried;
  j["report"] = r.report;
  return j;
}

void run(Options& o) {
  install_stop_signals();
  CompressOptions& c = o.compress;
  if (o.speedup > 0) c.target.speedup = o.speedup;
  if (o.target_ms > 0) c.target.most_s = 1e-3 * o.target_ms;
  if (o.target_fps > 0) c.target.most_s = 1 / o.target_fps;
  if (o.max_drop > 0) c.target.max_drop = o.max_drop;
  if (!c.target.speedup && !c.target.most_s && !c.target.max_drop)
    fail_usage("compress: one of --speedup, --target-ms, --target-fps and --max-drop is needed");
  if (c.pricing.source == kFlopSource)
    fail_usage("compress: --cost flops has no times; 'octet prune --flops' counts operations");
  if (!o.size.empty()) c.size = SizeOption::parse(o.size).size;
  c.budget_s = seconds_of_budget(o.budget);
  c.version = OCTET_VERSION;
  c.program = find_program("octet");
  const CompressResult r = compress(c);
  log_info("{}: mAP50-95 {:.4f}, {:.2f} ms; before {:.4f}, {:.2f} ms; {}; report: {}", r.after.file,
           r.after.map50_95, r.after.ms, r.before.map50_95, r.before.ms, r.chosen.text(), r.report);
  if (o.json) print_json(to_json(r));
}

// One of them is needed.
void add_targets(CLI::App& verb, Options& o) {
  CLI::Option* options[] = {
      verb.add_option("--speedup", o.speedup, "The int8 model becomes faster by this factor.")
          ->check(CLI::Range(1.05, 20.0)),
      verb.add_option("--target-ms", o.target_ms, "The int8 time of an image, at most.")
          ->check(CLI::PositiveNumber),
      verb.add_option("--target-fps", o.target_fps, "Images a second, at least.")
          ->check(CLI::PositiveNumber),
      verb.add_option("--max-drop", o.max_drop,
                      "The mAP50-95 that may be lost. The fastest model that keeps it is searched.")
          ->check(CLI::Range(1e-6, 1.0))};
  for (CLI::Option* option : options) {
    for (CLI::Option* other : options) {
      if (option != other) option->excludes(other);
    }
  }
}

}  // namespace

void add_compress(CLI::App& root) {
  auto options = std::make_shared<Options>();
  Options& o = *options;
  CompressOptions& c = o.compress;
  c.folder = "compressed";
  CLI::App* verb = add_verb(root, "compress");
  verb->add_option("--model", c.models,
                   "Float models or checkpoints. The result is compared with the first.")
      ->required()
      ->type_name("FILES");
  verb->add_option("--data", c.data, "The data.yaml of the dataset.")
      ->required()
      ->type_name("FILE");
  add_targets(*verb, o);
  verb->add_option("--imgsz", o.size,
                   "The largest input: one side or WxH. Training images are squares of the longer "
                   "side. Without it: the size of the first model.")
      ->check(size_check());
  verb->add_option(
          "--engine", c.pricing.engine,
          fmt::format("Engine whose times count: auto, {}.", fmt::join(engine_names(), ", ")))
      ->capture_default_str();
  verb->add_option("--engine-threads", c.pricing.threads,
                   "Threads of the engine. 0: one for each core.")
      ->check(CLI::Range(0, 1024))
      ->capture_default_str();
  verb->add_option("--cost", c.pricing.source,
                   "Where times come from. cache: this machine. Else the file that 'octet bench "
                   "--cost-table' wrote on the device.")
      ->type_name("FILE")
      ->capture_default_str();
  verb->add_option("--activations", c.activations,
                   "Activations to try beside the model's own, joined by commas.")
      ->delimiter(',')
      ->check(CLI::IsMember({kNoActivation, "relu6", "hardswish"}))
      ->capture_default_str();
  verb->add_option("--epochs", c.epochs,
                   "Passes over the training images in a whole training. A candidate has a sixth.")
      ->check(CLI::Range(1, 100000))
      ->capture_default_str();
  verb->add_option("--budget", o.budget,
                   "Time for everything, about, such as 90m or 2h: fewer epochs where they are too "
                   "many.")
      ->type_name("TIME");
  verb->add_option("--batch", c.batch, "Images a step.")
      ->check(CLI::Range(1, 4096))
      ->capture_default_str();
  verb->add_option("--threads", c.threads, "Threads of the trainings. 0: one for each core.")
      ->check(CLI::Range(0, 1024))
      ->capture_default_str();
  verb->add_option("--seed", c.seed, "Seed of all random numbers.")->capture_default_str();
  verb->add_option("-o,--output", c.folder,
                   "Folder for all files. The same command goes on where it stopped.")
      ->type_name("FOLDER")
      ->capture_default_str();
  verb->add_flag("--overwrite", c.overwrite, "Replace the work that is in the folder.");
  add_json_option(*verb, o.json);
  verb->callback([options] { run(*options); });
}

}  // namespace octet
