#include "train/prune/prune.h"

#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>
#include <set>

#include "app/common_options.h"
#include "app/octet_train/training_data.h"
#include "app/octet_train/verbs.h"
#include "app/print_json.h"
#include "app/size_flag.h"
#include "app/verb_table.h"
#include "app/version.h"
#include "core/error.h"
#include "core/log.h"
#include "core/process.h"
#include "engine/registry.h"
#include "format/model_file.h"
#include "graph/cost.h"
#include "measure/cost/pricing.h"
#include "measure/cost/times_in_turn.h"
#include "model/passes/passes.h"
#include "model/smaller_networks.h"
#include "train/loop/run_folder.h"
#include "train/network/device.h"

namespace octet {
namespace {
using nlohmann::ordered_json;

struct Options {
  std::string model, data, folder = "pruned", size;
  double speedup = 1.5, target_ms = 0, flops = 0;
  PricingOptions pricing;
  PruneOptions prune;
  std::vector<std::string> levers{"scales", "blocks", "channels"};
  bool overwrite = false, strict = false, json = false;

  [[nodiscard]] TrainOptions& train() { return prune.recovery.train; }
};

// One model as it is, in figures.
struct Figures {
  Cost cost;
  double price = 0;          // in the unit of choices
  std::optional<double> ms;  // measured here, else of the table of another device
  uintmax_t bytes = 0;
  Evaluation evaluation;
};

std::optional<double> ms_of(const Model& folded, Size size, Pricing& pricing) {
  if (pricing.cost().unit() != "s") return std::nullopt;
  const auto measured = pricing.measure(folded, size);
  return 1e3 * (measured ? *measured : pricing.predict(folded, size));
}

Figures figures_of(const std::string& file, const Model& model, const Options& o,
                   Pricing& pricing) {
  const Model folded = fold_batch_norm(model);
  const Size size = o.prune.choice.size;
  return {.cost = cost(folded.graph, size),
          .price = pricing.cost().predict(folded.graph, size),
          .ms = ms_of(folded, size, pricing),
          .bytes = std::filesystem::file_size(file),
          .evaluation = {}};
}

struct Compared {
  const Model& model;
  Figures& figures;
};

// Measures both again, in turn. The whole model was measured before hours of training.
void time_in_turn(const Compared& before, const Compared& after, Size size, Pricing& pricing) {
  if (!before.figures.ms || !after.figures.ms) return;
  const auto ms = [&](const Model& model) {
    return ms_of(fold_batch_norm(model), size, pricing).value();
  };
  const TimePair times =
      times_in_turn([&] { return ms(before.model); }, [&] { return ms(after.model); });
  before.figures.ms = times.first;
  after.figures.ms = times.second;
}

// The cost that is wanted, of the whole model's.
double most_cost(const Options& o, const Figures& whole) {
  if (o.flops > 0) return o.flops * whole.price;
  if (o.target_ms > 0) return o.target_ms / whole.ms.value() * whole.price;
  return whole.price / o.speedup;
}

ordered_json to_json(const Figures& f, Task task) {
  ordered_json j{{"params", f.cost.parameters}, {"gflops", f.cost.gflops}};
  if (f.ms) j["ms"] = *f.ms;
  j["map50_95"] = f.evaluation.fitness(task);
  j["bytes"] = f.bytes;
  return j;
}

ordered_json to_json(const PruneResult& r) {
  auto rounds = ordered_json::array();
  for (const PruneRound& round : r.rounds) {
    auto removals = ordered_json::array();
    for (const Removal& removal : round.removals) {
      removals.push_back({{"kind", removal_name(removal.kind)}});
      if (!removal.part.empty()) removals.back()["part"] = removal.part;
      if (removal.channels > 0) removals.back()["channels"] = removal.channels;
      removals.back()["loss"] = removal.loss;
      removals.back()["saved"] = removal.saved;
    }
    rounds.push_back({{"cost", round.cost},
                      {"share", round.share},
                      {"agreement", round.agreement},
                      {"removals", std::move(removals)}});
  }
  return rounds;
}

std::string text_of(const Figures& f, Task task) {
  std::string text =
      fmt::format("mAP50-95 {:.4f}, {:.2f} M parameters, {:.2f} GFLOPs", f.evaluation.fitness(task),
                  static_cast<double>(f.cost.parameters) / 1e6, f.cost.gflops);
  if (f.ms) text += fmt::format(", {:.2f} ms in int8", *f.ms);
  return text;
}

// Both models on this data.
struct Comparison {
  const Figures &before, &after;
  Task task;
  const TrainingData& data;
};

ordered_json to_json(const Options& o, const Pricing& pricing, const Comparison& models,
                     const PruneResult& r) {
  const auto& [before, after, task, data] = models;
  const Size size = o.prune.choice.size;
  ordered_json j{{"output", (o.prune.recovery.train.folder / "best.safetensors").string()},
                 {"costs", pricing.origin()},
                 {"imgsz", {size.width, size.height}},
                 {"images", r.training.images},
                 {"skipped", data.training.skipped + data.validation.skipped},
                 {"truth", data.truth_of_model ? "teacher" : "labels"},
                 {"seconds", r.seconds},
                 {"before", to_json(before, task)},
                 {"after", to_json(after, task)},
                 {"drop", before.evaluation.fitness(task) - after.evaluation.fitness(task)}};
  if (before.ms && after.ms) j["speedup"] = *before.ms / *after.ms;
  if (!pricing.engine().empty()) j["engine"] = pricing.engine();
  j["rounds"] = to_json(r);
  return j;
}

Model read_whole(Options& o) {
  Model model = read_model(o.model);
  require_known_outputs(model, o.model);
  if (!model.quantization.empty())
    fail("{}: is an int8 model; prune the float model that it was made of", o.model);
  const int usual = model.info.usual_side();
  const Size given = o.size.empty() ? Size{usual, usual} : SizeOption::parse(o.size).size;
  o.prune.choice.size = given;
  o.prune.choice.side = o.train().side = longer_side(given);
  o.train().judged = given;
  model.info.trained_side = o.train().side;
  return model;
}

void check_fit(const Options& o, const Model& model, const Dataset& data) {
  const Head& head = model.info.head;
  if (model.info.names != data.names || head.keypoints != data.keypoints ||
      (head.keypoints > 0 && head.keypoint_dims != data.keypoint_dims))
    fail("{}: has other classes or keypoints than the model; train the model on this data first",
         o.data);
}

// With the files of the rounds, beside those of every training. A choice can be resumed from.
RunFolder folder_of(const Options& o) {
  const std::filesystem::path path = o.folder;
  RunFolder folder{.path = path,
                   .also = {path / "choice.json", path / "pruned.safetensors"},
                   .earlier = earlier_run(o.prune.recovery.train.resume, o.overwrite),
                   .states = {"last.safetensors", "choice.json"},
                   .inputs = {o.model}};
  for (int round = 1; round < o.prune.rounds; ++round) {
    const std::string own = fmt::format("round-{}", round);
    for (const char* name : {"choice.json", "pruned.safetensors", "last.safetensors",
                             "best.safetensors", "results.csv"})
      folder.also.push_back(path / own / name);
    folder.states.push_back(own + "/choice.json");
  }
  return folder;
}

// What was asked for, in words.
std::string asked(const Options& o, const Pricing& pricing) {
  const std::string from =
      fmt::format("by {} ({}, {} bits)", o.pricing.source, pricing.origin(), pricing.weight_bits());
  if (o.flops > 0) return fmt::format("{:.9g} of the operations", o.flops);
  if (o.target_ms > 0) return fmt::format("{:.9g} ms {}", o.target_ms, from);
  return fmt::format("a speedup of {:.9g} {}", o.speedup, from);
}

void run(Options& o) {
  install_stop_signals();
  PruneOptions& p = o.prune;
  TrainOptions& train = o.train();
  if (o.flops > 0 && o.pricing.source != kCostCache && o.pricing.source != kFlopSource)
    fail_usage("--flops counts operations; leave out --cost {}", o.pricing.source);
  if (o.flops > 0) o.pricing.source = kFlopSource;
  if (o.target_ms > 0 && o.pricing.source == kFlopSource)
    fail_usage("--target-ms needs times; leave out --cost flops");
  const std::set<std::string> levers(o.levers.begin(), o.levers.end());
  p.choice.levers = {.scales = levers.contains("scales"),
                     .blocks = levers.contains("blocks"),
                     .channels = levers.contains("channels")};
  p.choice.seed = train.seed;
  p.choice.device = train.device;
  const Model whole = read_whole(o);
  TrainingData data = read_training_data(o.data, o.strict, &whole, whole.info.names);
  check_fit(o, whole, data.training);
  Pricing pricing(o.pricing, OCTET_VERSION);
  log_info("costs: {}", pricing.origin());
  if (p.rounds > 1 && !pricing.measures() && o.pricing.source != kFlopSource)
    fail_usage("--rounds: the table of another device has one round only");
  train.folder = o.folder;
  train.already_trained = true;
  train.augment.mosaic = 0;
  const EmptyFolder folder(o.folder);
  const RunFolder run_folder = folder_of(o);
  prepare_run_folder(run_folder, whole);
  use_threads(train.threads);
  complete(data, o.data, o.strict, &whole, judging_size(train));
  remove_earlier_run(run_folder);

  p.prepare = [&](const Model& model) { pricing.prepare(smaller_networks(model), p.choice.size); };
  p.measure = [&](const Model& model) { return pricing.measure(model, p.choice.size); };
  pricing.prepare({fold_batch_norm(whole).graph}, p.choice.size);
  Figures before = figures_of(o.model, whole, o, pricing);
  before.evaluation =
      evaluate(fold_batch_norm(whole), data.validation, judging_size(train), Voting::kNone);
  log_info("unpruned: {}", text_of(before, whole.info.task));
  p.most_cost = most_cost(o, before);
  p.asked = asked(o, pricing);
  const PruneResult r = prune(whole, data.training, data.validation, pricing.cost(), p);
  if (r.training.interrupted)
    fail("interrupted; the same command with --resume continues in {}", o.folder);

  const std::filesystem::path best = train.folder / "best.safetensors";
  const Model pruned = read_model(best);
  Figures after = figures_of(best, pruned, o, pricing);
  after.evaluation = r.training.best;
  time_in_turn({whole, before}, {pruned, after}, p.choice.size, pricing);
  log_info("pruned:   {}: {}", text_of(after, whole.info.task), best.string());
  if (o.json) print_json(to_json(o, pricing, {before, after, whole.info.task, data}, r));
}

void add_target_options(CLI::App& verb, Options& o) {
  auto* speedup =
      verb.add_option("--speedup", o.speedup, "The int8 time becomes shorter by this factor.")
          ->check(CLI::Range(1.0, 100.0))
          ->capture_default_str();
  auto* time = verb.add_option("--target-ms", o.target_ms, "The int8 time of an image, at most.")
                   ->check(CLI::PositiveNumber)
                   ->excludes(speedup);
  verb.add_option("--flops", o.flops, "The share of the operations that is left, at most.")
      ->check(CLI::Range(0.01, 1.0))
      ->excludes(speedup)
      ->excludes(time);
  verb.add_option(
          "--cost", o.pricing.source,
          "Where times come from. cache: this machine. flops: operations in place of times. "
          "Else the file that 'octet bench --cost-table' wrote on the device.")
      ->type_name("FILE")
      ->capture_default_str();
  verb.add_option(
          "--engine", o.pricing.engine,
          fmt::format("Engine whose times count: auto, {}.", fmt::join(engine_names(), ", ")))
      ->capture_default_str();
  verb.add_option("--engine-threads", o.pricing.threads,
                  "Threads of the engine. 0: one for each core.")
      ->check(CLI::Range(0, 1024))
      ->capture_default_str();
  verb.add_option("--levers", o.levers, "Parts that may go, joined by commas.")
      ->delimiter(',')
      ->check(CLI::IsMember({"scales", "blocks", "channels"}))
      ->capture_default_str();
}

void add_training_options(CLI::App& verb, Options& o) {
  TrainOptions& t = o.train();
  t.epochs = 30;
  verb.add_option("--epochs", t.epochs, "Passes over the training images, in all rounds together.")
      ->check(CLI::Range(1, 100000))
      ->capture_default_str();
  verb.add_option("--rounds", o.prune.rounds,
                  "Rounds of removal and training. The early ones share a third of the epochs.")
      ->check(CLI::Range(1, 20))
      ->capture_default_str();
  verb.add_option("--batch", t.batch, "Images a step.")
      ->check(CLI::Range(1, 4096))
      ->capture_default_str();
  verb.add_option("--lr", t.learning_rate,
                  "First learning rate. Without it: that of a new model in 'octet train'.")
      ->check(CLI::PositiveNumber);
  verb.add_option("--images", o.prune.choice.images,
                  "Largest number of images to measure importance with.")
      ->check(CLI::Range(2, 1000000))
      ->capture_default_str();
  verb.add_option("--feature-weight", o.prune.recovery.weights.features,
                  "Weight of the distance from the features of the unpruned model.")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  verb.add_option("--label-weight", o.prune.recovery.weights.labels,
                  "Weight of the loss of the labels. The outputs of the unpruned model have 1.")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  add_run_options(verb, t.resume, o.overwrite);
  add_machine_options(verb, t);
}

}  // namespace

void add_prune(CLI::App& root) {
  auto options = std::make_shared<Options>();
  Options& o = *options;
  CLI::App* verb = add_verb(root, "prune");
  verb->add_option("--model", o.model, "The float model file or checkpoint.")
      ->required()
      ->type_name("FILE");
  verb->add_option("--data", o.data,
                   "The data.yaml of the dataset, or a folder of images. The model labels what has "
                   "no labels.")
      ->required()
      ->type_name("FILE");
  add_target_options(*verb, o);
  verb->add_option(
          "--imgsz", o.size,
          "Input whose time and mAP count: one side or WxH. Training images are squares of "
          "the longer side. Without it: the size of the model.")
      ->check(size_check());
  add_training_options(*verb, o);
  verb->add_option("-o,--output", o.folder, "Folder for best.safetensors and the files of the run.")
      ->type_name("FOLDER")
      ->capture_default_str();
  add_strict_option(*verb, o.strict);
  add_json_option(*verb, o.json);
  verb->callback([options] { run(*options); });
}

}  // namespace octet
