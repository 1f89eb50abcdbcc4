#include <memory>
#include <nlohmann/json.hpp>
#include <numeric>

#include "app/octet_train/verbs.h"
#include "app/size_flag.h"
#include "app/train_verbs.h"
#include "core/error.h"
#include "core/file.h"
#include "core/log.h"
#include "core/output.h"
#include "core/process.h"
#include "core/size.h"
#include "core/text/json_text.h"
#include "format/model_file.h"
#include "model/passes/passes.h"
#include "train/loop/trainer.h"
#include "train/report/report.h"

namespace octet {
namespace {

struct Options {
  std::string model, data, folder = "run", size;
  std::string optimizer = "sgd", activation = "silu";
  TrainOptions train;
  bool json = false;
};

// True when the network is another one then.
bool has_silu(const Graph& graph) {
  return std::any_of(graph.nodes.begin(), graph.nodes.end(), [](const Node& node) {
    const auto* act = std::get_if<Activation>(&node.op);
    return act != nullptr && act->kind == ActivationKind::kSilu;
  });
}

// What the labels hold, and what is worth knowing about them before hours are spent.
void report_labels(const Dataset& data) {
  std::vector<int64_t> objects(data.names.size(), 0);
  int64_t empty = 0;
  for (const Sample& s : data.samples) {
    empty += s.objects.empty();
    for (const TruthObject& o : s.objects) ++objects[static_cast<size_t>(o.class_index)];
  }
  log_info("labels: {} pictures, {} objects, {} pictures without any", data.samples.size(),
           std::accumulate(objects.begin(), objects.end(), int64_t{0}), empty);
  constexpr size_t kListed = 10;
  std::vector<std::string> absent;
  for (size_t c = 0; c < objects.size(); ++c) {
    if (objects[c] == 0) absent.push_back(data.names[c]);
  }
  if (!absent.empty() && absent.size() < objects.size())
    log_warning(
        "{} of {} classes are never labelled: {}{}", absent.size(), objects.size(),
        fmt::join(absent.begin(),
                  absent.begin() + static_cast<std::ptrdiff_t>(std::min(absent.size(), kListed)),
                  ", "),
        absent.size() > kListed ? ", …" : "");
}

void run_train(Options& options) {
  install_stop_signals();
  if (options.train.bf16 && !options.train.device.is_cpu())
    fail_usage("--bf16 is for --device cpu alone");
  options.train.folder = options.folder;
  const Dataset training = read_dataset(options.data, {.split = "train"});
  const Dataset validation = read_dataset(options.data, {.split = "val"});
  Model model = read_model(options.model);
  options.train.side = square_side(options.size, model.info);
  model.info.trained_side = options.train.side;
  const ActivationKind activation = parse_activation(options.activation);
  const bool replaced = activation != ActivationKind::kSilu && has_silu(model.graph);
  if (replaced) model = replace_activation(std::move(model), activation);
  options.train.already_trained = model.info.names == training.names && !replaced;
  model = select_classes(std::move(model), training.names, options.train.seed);
  if (model.info.head.keypoints != training.keypoints)
    fail("{}: {} keypoints an object, the model has {}", options.data, training.keypoints,
         model.info.head.keypoints);
  options.train.optimizer =
      options.optimizer == "sgd" ? OptimizerKind::kSgd : OptimizerKind::kAdamW;
  require_labels(training, options.data + ": train");
  require_labels(validation, options.data + ": val");
  report_labels(training);
  make_folder(options.folder);
  const TrainSummary s = train_float(model, training, validation, options.train);
  if (s.interrupted)
    fail("interrupted; {} holds everything: the same command with --resume continues",
         (options.train.folder / "last.safetensors").string());
  write_train_report(options.train.folder, validation, judging_size(options.train));
  const std::string best = (options.train.folder / "best.safetensors").string();
  log_info("{} epochs in {:.0f} s, {:.1f} images/s; best is {}, mAP50-95 {:.4f}: {}",
           s.epochs.size(), s.seconds, s.images_per_second,
           s.best_epoch > 0 ? fmt::format("epoch {}", s.best_epoch) : "the model as given",
           s.best.boxes.map50_95, best);
  if (!options.json) return;
  nlohmann::ordered_json j{{"output", best},
                           {"images", s.images},
                           {"epochs", s.epochs.size()},
                           {"seconds", s.seconds},
                           {"images_per_second", s.images_per_second},
                           {"map50", s.best.boxes.map50},
                           {"map50_95", s.best.boxes.map50_95}};
  if (model.info.task == Task::kPose) {
    j["pose_map50"] = s.best.keypoints.map50;
    j["pose_map50_95"] = s.best.keypoints.map50_95;
  }
  print_out("{}\n", dump_json(j));
}

void add_schedule_options(CLI::App& verb, Options& o) {
  TrainOptions& t = o.train;
  verb.add_option("--optimizer", o.optimizer, "sgd or adamw")
      ->check(CLI::IsMember({"sgd", "adamw"}))
      ->capture_default_str();
  verb.add_option(
          "--lr", t.learning_rate,
          "first learning rate; default: 0.01 sgd, 0.001 adamw, a tenth of it for a model that "
          "detects these classes already")
      ->check(CLI::PositiveNumber);
  verb.add_flag("--cosine", t.cosine, "let the learning rate fall as a cosine, not a line");
  verb.add_option("--warmup", t.warmup_epochs, "epochs in which the learning rate rises")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  verb.add_option("--weight-decay", t.weight_decay, "of convolution weights, at a batch of 64")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  verb.add_option("--accumulate", t.accumulate, "batches a step of the optimizer")
      ->check(CLI::Range(1, 1024))
      ->capture_default_str();
  verb.add_option("--patience", t.patience, "epochs without a better one until training stops")
      ->check(CLI::Range(1, 100000))
      ->capture_default_str();
  verb.add_option("--freeze", t.freeze, "leave so many of the first layers as they are")
      ->check(CLI::Range(0, 22))
      ->capture_default_str();
  verb.add_option("--activation", o.activation,
                  "replace SiLU before training: relu6 and hardswish run faster in integers")
      ->check(CLI::IsMember({"silu", "relu6", "hardswish"}))
      ->capture_default_str();
  verb.add_option("--mosaic", t.augment.mosaic, "probability of four pictures in one")
      ->check(CLI::Range(0.0, 1.0))
      ->capture_default_str();
  verb.add_option("--mixup", t.augment.mixup, "probability of two pictures blended")
      ->check(CLI::Range(0.0, 1.0))
      ->capture_default_str();
  verb.add_option("--cache", t.cache_gb,
                  "keep pictures in memory if all fit into so many GB, else read them every time")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  verb.add_flag("--rect", t.rectangular,
                "judge every picture in the rectangle that fits it: quicker than the square");
  verb.add_flag("--bf16", t.bf16, "compute in bf16: faster where the processor has it");
  verb.add_flag("--resume", t.resume, "continue an interrupted run of the same command");
}

}  // namespace

void add_train(CLI::App& root) {
  auto options = std::make_shared<Options>();
  Options& o = *options;
  CLI::App* verb = root.add_subcommand(kTrainVerb.name, kTrainVerb.help);
  verb->add_option("--model", o.model, "a model file or a checkpoint to start from")->required();
  verb->add_option("--data", o.data, "data.yaml")->required();
  verb->add_option("--epochs", o.train.epochs, "passes over the training pictures")
      ->check(CLI::Range(1, 100000))
      ->capture_default_str();
  verb->add_option("--imgsz", o.size, "side of the training pictures; default: the model's")
      ->check(square_check());
  verb->add_option("--batch", o.train.batch, "pictures a step")
      ->check(CLI::Range(1, 4096))
      ->capture_default_str();
  add_schedule_options(*verb, o);
  add_machine_options(*verb, o.train);
  verb->add_option("-o,--output", o.folder,
                   "folder for best.safetensors, last.safetensors and results.csv")
      ->capture_default_str();
  verb->add_flag("--json", o.json, "print one JSON object on standard output");
  verb->callback([options] { run_train(*options); });
}

}  // namespace octet
