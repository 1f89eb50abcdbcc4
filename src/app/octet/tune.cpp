#include "tune/tune.h"

#include <fmt/ranges.h>

#include <csignal>
#include <memory>
#include <nlohmann/json.hpp>

#include "app/common_options.h"
#include "app/octet/verbs.h"
#include "app/print_json.h"
#include "app/size_flag.h"
#include "app/verb_table.h"
#include "core/child.h"
#include "core/error.h"
#include "core/installation.h"
#include "core/log.h"
#include "core/output.h"
#include "core/process.h"
#include "core/text/json_text.h"
#include "engine/registry.h"
#include "tune/report/explain.h"
#include "tune/report/result_json.h"

namespace octet {
namespace {
using nlohmann::ordered_json;

struct Options {
  TuneOptions tune;
  double target_fps = 0, max_age_ms = 0, cpu_budget = 0, watts = 0;
  std::vector<std::string> sizes;
  std::string budget = "10m", look;
  bool json = false;
};

void run_look(const std::string& text) {
  end_with_parent(SIGTERM);
  try {
    print_out("{}\n", dump_json(to_json(look_at(look_request(ordered_json::parse(text))))));
  } catch (const nlohmann::json::exception& e) {
    fail_usage("--look: it is for octet tune itself ({})", e.what());
  }
}

void set_goals(Options& o) {
  TuneGoals& goals = o.tune.goals;
  if (o.target_fps > 0) goals.fps = o.target_fps;
  if (o.max_age_ms > 0) goals.age_ms = o.max_age_ms;
  if (o.cpu_budget > 0) goals.cpu_percent = o.cpu_budget;
  if (o.watts > 0) goals.watts = o.watts;
  if (!goals.any())
    fail_usage("tune: one of --target-fps, --max-age-ms, --cpu-budget and --watts is needed");
}

// Whether the file is the one that --data names, or that of its folder.
bool is_data(const std::filesystem::path& file, const std::filesystem::path& data) {
  std::error_code ignored;
  return std::filesystem::equivalent(file, data, ignored) ||
         std::filesystem::equivalent(file, data / "data.yaml", ignored);
}

void require_possible(const Options& o) {
  if (o.tune.source.empty() && (o.max_age_ms > 0 || o.cpu_budget > 0 || o.watts > 0))
    fail_usage(
        "--max-age-ms, --cpu-budget, --watts: need --source, since images of the data have no "
        "rate");
  if (o.tune.models.empty()) fail_usage("--model is required.\nTry 'octet tune --help'.");
  if (o.tune.source.empty() && o.tune.data.empty())
    fail_usage(
        "tune: --source or --data is needed, or both; --data alone has the model run on its "
        "images");
  if (o.tune.budget_s < kLeastBudget)
    fail_usage("--budget {}: is too short; {:g}s is the least, and 5m is usual", o.budget,
               kLeastBudget);
  if (is_data(o.tune.output, o.tune.data))
    fail_usage("-o {}: is the data of --data; give another name", o.tune.output.string());
  if (o.tune.output.extension() != ".yaml" && o.tune.output.extension() != ".yml")
    fail_usage("-o {}: a file with the extension .yaml is expected", o.tune.output.string());
}

void print(const TuneResult& r) {
  print_out("{}\n", r.chosen.configuration.text());
  print_out("predicted: {}\n", figures_text(r.chosen.figures, r.chosen.accuracy));
  if (r.seen)
    print_out("seen for {:.0f} s: {}\n", r.seen->seconds,
              figures_text(r.seen->figures, std::nullopt));
  print_out("accuracy: {}\n", r.accuracy_kind);
  print_out("{}\n", r.heat.text());
  print_out("wrote {}{}\n", r.config.string(), r.page.empty() ? "" : " and " + r.page.string());
}

void run(Options& o) {
  if (!o.look.empty()) return run_look(o.look);
  o.tune.budget_s = seconds_of_budget(o.budget);
  require_possible(o);
  set_goals(o);
  for (const std::string& size : o.sizes) {
    const SizeOption option = SizeOption::parse(size);
    if (option.exact && option.size.width != option.size.height)
      fail_usage("--imgsz {}: one side is expected; the input fits the source", size);
    o.tune.sides.push_back(option.size.width);
  }
  o.tune.program = find_program("octet");
  o.tune.version = OCTET_VERSION;
  const TuneResult r = tune(o.tune);
  if (o.json)
    print_json(to_json(r));
  else
    print(r);
  if (!r.advice.empty()) fail("{}", r.advice);
}

void add_goals(CLI::App& verb, Options& o) {
  verb.add_option("--target-fps", o.target_fps, "Goal: detections a second, at least.")
      ->check(CLI::Range(0.1, 1000.0));
  verb.add_option("--max-age-ms", o.max_age_ms,
                  "Goal: the age of a result, from the arrival of its frame, at most.")
      ->check(CLI::Range(1.0, 3.6e6));
  verb.add_option("--cpu-budget", o.cpu_budget, "Goal: percent of all cores, at most.")
      ->check(CLI::Range(1.0, 100.0));
  verb.add_option("--watts", o.watts,
                  "Goal: watts at most, by the meter of this machine: RAPL, an INA sensor, or the "
                  "PMIC of a Raspberry Pi 5.")
      ->check(CLI::Range(0.01, 10000.0));
}

void add_space(CLI::App& verb, Options& o) {
  verb.add_option("--engine", o.tune.engines,
                  fmt::format("Engines to try, joined by commas: {}. Without it: all that are "
                              "installed and quick.",
                              fmt::join(engine_names(), ", ")))
      ->type_name("NAMES")
      ->delimiter(',')
      ->check(CLI::IsMember(engine_names()));
  verb.add_option("--imgsz", o.sizes,
                  "Longer sides of the input to try, joined by commas. Without it: the size of the "
                  "model and smaller ones. Exports have their own size.")
      ->delimiter(',')
      ->check(size_check());
  verb.add_option("--threads", o.tune.threads,
                  "Numbers of threads to try, joined by commas. Without it: 1, 2, 4 and so on.")
      ->delimiter(',')
      ->check(CLI::Range(1, 1024));
}

}  // namespace

void add_tune(CLI::App& root) {
  const auto options = std::make_shared<Options>();
  Options& o = *options;
  CLI::App* verb = add_verb(root, "tune");
  verb->add_option("--model", o.tune.models,
                   "Models to try: checkpoints, model files of octet, and exports, in float and "
                   "int8. They find the same classes.")
      ->type_name("FILES");
  verb->add_option("--source", o.tune.source,
                   "The camera, or a file of it: as octet live takes it.")
      ->type_name("SOURCE");
  verb->add_option("--data", o.tune.data,
                   "A data.yaml or COCO JSON file. Accuracy is the mAP on its labels then.")
      ->type_name("FILE");
  verb->add_option("--split", o.tune.split, "Part of data.yaml: train, val or test.")
      ->type_name("NAME")
      ->capture_default_str();
  add_goals(*verb, o);
  add_space(*verb, o);
  verb->add_option("--budget", o.budget, "Time for everything, such as 90s or 10m.")
      ->type_name("TIME")
      ->capture_default_str();
  verb->add_option(
          "-o,--output", o.tune.output,
          "Configuration to write, for octet live --config. Its page is written beside it.")
      ->type_name("FILE")
      ->capture_default_str();
  verb->add_option("--sysfs", o.tune.sysfs, "tree of the sensors, for tests")->group("");
  verb->add_option("--look", o.look, "one look, in this process")->group("");
  add_json_option(*verb, o.json);
  verb->callback([options] {
    install_stop_signals();
    run(*options);
  });
}

}  // namespace octet
