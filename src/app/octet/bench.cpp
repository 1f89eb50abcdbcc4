#include "measure/bench.h"

#include <algorithm>
#include <csignal>
#include <memory>
#include <optional>
#include <set>
#include <utility>

#include "app/common_options.h"
#include "app/octet/bench_cost.h"
#include "app/octet/verbs.h"
#include "app/print_json.h"
#include "app/size_flag.h"
#include "app/verb_table.h"
#include "core/child.h"
#include "core/cpu.h"
#include "core/error.h"
#include "core/file.h"
#include "core/log.h"
#include "core/output.h"
#include "core/process.h"
#include "core/progress.h"
#include "core/text/json_text.h"
#include "engine/registry.h"
#include "eval/dataset/dataset.h"
#include "measure/accuracy.h"

namespace octet {
namespace {
using nlohmann::ordered_json;
namespace fs = std::filesystem;

struct Options {
  std::vector<std::string> models, engines{"auto"}, sizes{""};
  std::vector<int> threads{0};
  std::string data, split = "val", precision = "auto", html, cost_table;
  EngineSettings settings;
  int rounds = 3;
  double seconds = 2;
  bool worker = false, json = false;
};

// Files that can be run: those named, and all in a folder that is no model itself.
std::vector<std::string> model_files(const std::vector<std::string>& given) {
  std::vector<std::string> files;
  for (const std::string& path : given) {
    if (!is_folder_of_models(path) || fs::exists(fs::path(path) / "metadata.yaml")) {
      files.push_back(path);
      continue;
    }
    const auto inside = models_in(path);
    if (inside.empty()) fail("{}: contains no model and no export", path);
    for (const fs::path& file : inside) {
      const ExportFormat* format = export_format_of(file);
      if (format == nullptr || any_engine_reads(*format)) {
        files.push_back(file.string());
      } else {
        log_info("{}: left out, since no engine of octet runs it", file.string());
      }
    }
  }
  return files;
}

bool is_installed_for(const std::string& engine, const ExportFormat* format) {
  try {
    (void)choose_engine({.name = engine, .format = format});
    return true;
  } catch (const Error&) {
    return false;
  }
}

// "all": every installed engine that reads the file and is quick.
std::vector<std::string> engines_for(const std::string& model,
                                     const std::vector<std::string>& wanted) {
  if (wanted != std::vector<std::string>{"all"}) return wanted;
  const ExportFormat* format = open_artifact(model).format;
  if (format != nullptr && !any_engine_reads(*format)) return {"auto"};  // which says it
  std::vector<std::string> names;
  for (const std::string& name : quick_engine_names()) {
    if (is_installed_for(name, format)) names.push_back(name);
  }
  return names;
}

std::vector<BenchCase> all_cases(const Options& o) {
  std::vector<BenchCase> cases;
  for (const std::string& model : model_files(o.models)) {
    for (const std::string& engine : engines_for(model, o.engines)) {
      for (const std::string& size : o.sizes) {
        for (const int threads : o.threads)
          cases.push_back({model, engine, size, threads_or_all_cores(threads)});
      }
    }
  }
  return cases;
}

std::vector<std::string> command_of(const BenchCase& c, const Options& o, const char* verb) {
  std::vector<std::string> command{"/proc/self/exe", verb,        "--json",
                                   "--model",        c.model,     "--engine",
                                   c.engine,         "--threads", std::to_string(c.threads),
                                   "--precision",    o.precision, "--worker"};
  if (!c.size.empty()) command.insert(command.end(), {"--imgsz", c.size});
  for (const auto& [key, value] : o.settings)
    if (!value.empty()) command.insert(command.end(), {"--" + key, value});
  return command;
}

// Nothing where it failed, having said why.
std::optional<ordered_json> run_child(const std::vector<std::string>& command) {
  const ProgramResult result = run_program(command);
  if (stop_requested()) fail("interrupted: results of a part of the runs are not shown");
  if (result.status != 0) return std::nullopt;
  return ordered_json::parse(result.out);
}

struct Measured {
  BenchCase which;
  std::vector<ordered_json> runs;
  bool failed = false;
};

std::vector<Measured> run_in_turn(const Options& o, const std::vector<BenchCase>& cases) {
  std::vector<Measured> list;
  for (const BenchCase& c : cases) list.push_back({.which = c, .runs = {}});
  Progress progress(static_cast<int64_t>(list.size()) * o.rounds, "measuring");
  int64_t done = 0;
  for (int round = 0; round < o.rounds; ++round) {
    for (Measured& m : list) {
      progress.update(done++, m.which.model);
      if (m.failed) continue;
      auto command = command_of(m.which, o, "bench");
      command.insert(command.end(), {"--seconds", fmt::format("{}", o.seconds)});
      const auto result = run_child(command);
      m.failed = !result;
      if (result) m.runs.push_back(*result);
    }
  }
  return list;
}

// Nothing where it cannot be opened, which its runs say.
std::optional<ModelInfo> info_of(const std::string& model) {
  try {
    return open_artifact(model).info;
  } catch (const Error&) {
    return std::nullopt;
  }
}

// Before the runs, which take a while. Throws an Error where the data set is not of these models.
void check_data(const Options& o, const std::vector<BenchCase>& cases) {
  std::set<std::string> seen;
  for (const BenchCase& c : cases) {
    if (o.data.empty() || !seen.insert(c.model).second) continue;
    const auto info = info_of(c.model);
    if (!info) continue;
    const bool one_person = info->pose_head.has_value();
    const Dataset data = read_dataset(
        o.data, {.split = o.split,
                 .model_names = one_person ? std::vector<std::string>{"person"} : info->names});
    if (!one_person) verify_fit(*info, data, o.data);
    require_labels(data, o.data + ": " + o.split);
  }
}

// Adds to `row` what `octet val` finds; false where that failed.
bool judge(const BenchCase& c, const Options& o, ordered_json& row) {
  auto command = command_of(c, o, "val");
  command.insert(command.end(), {"--data", o.data, "--split", o.split});
  const auto val = run_child(command);
  if (!val) return false;
  for (const char* field : {"map50_95", "pose_map50_95"})
    if (val->contains(field)) row[field] = (*val)[field];
  return true;
}

// A row for each case that ran, with mAP where that could be measured; the failures by their names.
std::pair<ordered_json, std::vector<std::string>> measure(const Options& o) {
  auto rows = ordered_json::array();
  std::vector<std::string> failed;
  const std::vector<BenchCase> cases = all_cases(o);
  check_data(o, cases);
  for (const Measured& m : run_in_turn(o, cases)) {
    bool complete = !m.failed;
    if (!m.failed) {
      ordered_json row = summarize_bench(m.which, m.runs);
      complete = o.data.empty() || judge(m.which, o, row);
      rows.push_back(row);
    }
    if (!complete)
      failed.push_back(fmt::format("{}{} (--engine {})", m.failed ? "" : "mAP of ", m.which.model,
                                   m.which.engine));
  }
  return {rows, failed};
}

Facts facts_of(const ordered_json& rows, const Options& o) {
  Facts facts{{"machine", rows[0]["device"].get<std::string>()},
              {"runs", fmt::format("{} of {} s for each row", o.rounds, o.seconds)}};
  if (!o.data.empty()) facts.emplace_back("mAP50-95 on", fmt::format("{}, {}", o.data, o.split));
  facts.emplace_back("octet", OCTET_VERSION);
  return facts;
}

void show(const ordered_json& rows, const Options& o) {
  if (!o.html.empty()) {
    write_text_file(o.html, bench_page(rows, facts_of(rows, o)));
    log_info("wrote {}", o.html);
  }
  o.json ? print_json({{"rows", rows}}) : print_bench(rows);
}

void run_cost_table(const Options& o) {
  if (o.engines.size() != 1 || o.engines[0] == "all" || o.threads.size() != 1)
    fail_usage("--cost-table: has one engine and one number of threads; run it again for others");
  for (const auto& [key, value] : o.settings)
    if (!value.empty())
      fail_usage("--cost-table: measures on the processor alone; leave out --{}", key);
  write_cost_table_of({.models = o.models,
                       .sizes = o.sizes,
                       .engine = o.engines[0],
                       .threads = threads_or_all_cores(o.threads[0]),
                       .file = o.cost_table,
                       .seconds = o.seconds,
                       .json = o.json});
}

void run(const Options& o) {
  if (!o.cost_table.empty()) return run_cost_table(o);
  if (o.worker) {
    end_with_parent(SIGTERM);
    const RunOptions one{.model = o.models.at(0),
                         .engine = o.engines.at(0),
                         .size = o.sizes.at(0),
                         .precision = o.precision,
                         .settings = o.settings,
                         .threads = o.threads.at(0)};
    print_out("{}\n", dump_json(run_bench_case(detector_options(one, std::nullopt, 1), o.seconds)));
    return;
  }
  const auto [rows, failed] = measure(o);
  if (!rows.empty()) show(rows, o);
  if (!failed.empty())
    fail("could not be measured; the reasons are above: {}", fmt::join(failed, ", "));
}

}  // namespace

void add_bench(CLI::App& root) {
  auto o = std::make_shared<Options>();
  CLI::App* verb = add_verb(root, "bench");
  verb->add_option("--model", o->models, "Models and exports, or folders of them.")
      ->required()
      ->type_name("PATHS");
  verb->add_option("--engine", o->engines,
                   "Engines, joined by commas. all: every installed engine. Without it: auto.")
      ->type_name("NAMES")
      ->delimiter(',');
  verb->add_option("--imgsz", o->sizes,
                   "Input sizes, joined by commas. Without it: the size of each model.")
      ->delimiter(',')
      ->check(size_check());
  verb->add_option("--threads", o->threads, "Numbers of threads, joined by commas. 0: all cores.")
      ->delimiter(',')
      ->check(CLI::Range(0, 1024));
  verb->add_option("--data", o->data, "A data.yaml or COCO JSON file, to measure mAP too.")
      ->type_name("FILE");
  verb->add_option("--split", o->split, "Part of data.yaml: train, val or test.")
      ->type_name("NAME")
      ->capture_default_str();
  verb->add_option("--precision", o->precision,
                   "Precision of float models. auto takes the fastest that the processor has.")
      ->check(CLI::IsMember({"f32", "auto"}))
      ->capture_default_str();
  add_engine_settings(*verb, o->settings);
  verb->add_option("--rounds", o->rounds, "Runs of each case. Cases take turns.")
      ->check(CLI::Range(1, 1000))
      ->capture_default_str();
  verb->add_option("--seconds", o->seconds, "Length of a run.")
      ->check(CLI::Range(0.0, 3600.0))
      ->capture_default_str();
  verb->add_option("--html", o->html, "HTML page to write, with a plot of mAP against time.")
      ->type_name("FILE");
  verb->add_option(
          "--cost-table", o->cost_table,
          "Measure the int8 time of every layer, and of narrower ones, into this file, for "
          "pruning. A table that is there is extended. cache: the file of this machine.")
      ->type_name("FILE")
      ->excludes("--data")
      ->excludes("--html")
      ->excludes("--precision")
      ->excludes("--rounds")
      ->excludes("--split");
  verb->add_flag("--worker", o->worker, "one run of one case, in this process")->group("");
  add_json_option(*verb, o->json);
  verb->callback([o] {
    install_stop_signals();
    run(*o);
  });
}

}  // namespace octet
