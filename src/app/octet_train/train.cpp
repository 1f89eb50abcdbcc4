#include <memory>
#include <nlohmann/json.hpp>
#include <numeric>

#include "app/octet_train/verbs.h"
#include "app/print_json.h"
#include "app/size_flag.h"
#include "app/strict_option.h"
#include "app/train_verbs.h"
#include "core/error.h"
#include "core/file.h"
#include "core/log.h"
#include "core/process.h"
#include "core/size.h"
#include "core/text/count_text.h"
#include "format/model_file.h"
#include "model/passes/passes.h"
#include "train/loop/run_folder.h"
#include "train/loop/trainer.h"
#include "train/report/train_report.h"

namespace octet {
namespace {

struct Options {
  std::string model, data, folder = "run", size;
  std::string optimizer = "sgd", activation = "silu";
  TrainOptions train;
  bool overwrite = false;
  bool strict = false;
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
  log_info("labels: {}, {}, {} without any",
           counted(static_cast<int64_t>(data.samples.size()), "picture"),
           counted(std::accumulate(objects.begin(), objects.end(), int64_t{0}), "object"),
           counted(empty, "picture"));
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

// The model as it begins: of the data's classes and keypoints, with the activation wanted.
Model starting_model(Options& o, const Dataset& data) {
  Model model = read_model(o.model);
  o.train.side = square_side(o.size, model.info);
  model.info.trained_side = o.train.side;
  if (!model.quantization.empty())
    fail(
        "{}: is an int8 model; train the float model that it came from, then 'octet quantize' "
        "again",
        o.model);
  const ActivationKind activation = parse_activation(o.activation);
  const bool replaced = activation != ActivationKind::kSilu && has_silu(model.graph);
  if (replaced) model = replace_activation(std::move(model), activation);
  const Head& head = model.info.head;
  if ((head.keypoints == 0) != (data.keypoints == 0))
    fail("{}: {} keypoints an object, the model has {}: take a model of the same task", o.data,
         data.keypoints, head.keypoints);
  const bool other_keypoints =
      head.keypoints != data.keypoints || head.keypoint_dims != data.keypoint_dims;
  if (other_keypoints)
    log_info("keypoints: the model's [{}, {}] become the data's [{}, {}], learnt anew",
             head.keypoints, head.keypoint_dims, data.keypoints, data.keypoint_dims);
  o.train.already_trained = model.info.names == data.names && !replaced && !other_keypoints;
  const bool other_classes = model.info.names != data.names;
  model = select_classes(std::move(model), data.names, o.train.seed);
  model = select_keypoints(
      std::move(model),
      {.count = data.keypoints, .dims = data.keypoint_dims, .flip_index = data.flip_index},
      o.train.seed);
  for (const Output& output : model.outputs()) {
    if (output.role == OutputRole::kBox) continue;
    const bool made_new = output.role == OutputRole::kClass ? other_classes : other_keypoints;
    if (made_new) o.train.new_layers.insert(output.value);
  }
  return model;
}

void run_train(Options& options, const CLI::App& verb) {
  install_stop_signals();
  if (options.train.bf16 && !options.train.device.is_cpu())
    fail_usage("--bf16 is for --device cpu alone");
  options.train.folder = options.folder;
  Dataset training = read_dataset(options.data, {.split = "train", .strict = options.strict});
  Dataset validation = read_dataset(options.data, {.split = "val", .strict = options.strict});
  const Model model = starting_model(options, training);
  require_labels(training, options.data + ": train");
  require_labels(validation, options.data + ": val");
  prepare_run_folder(
      {.path = options.folder, .earlier = earlier_run(options.train.resume, options.overwrite)},
      model);
  for (Dataset* data : {&training, &validation}) leave_out_unreadable(*data, options.strict);
  report_labels(training);
  options.train.optimizer =
      options.optimizer == "sgd" ? OptimizerKind::kSgd : OptimizerKind::kAdamW;
  const TrainSummary s = train_float(model, training, validation, options.train);
  if (s.interrupted)
    fail("interrupted; {} holds everything: the same command with --resume continues",
         (options.train.folder / "last.safetensors").string());
  write_train_report(
      options.train.folder, validation, judging_size(options.train),
      {{"model", options.model},
       {"data", options.data},
       {"images", fmt::format("{} to train, {} to validate", s.images, validation.samples.size())},
       {"best epoch", s.best_epoch > 0 ? std::to_string(s.best_epoch) : "the model as given"},
       {"octet", OCTET_VERSION}},
      reported_options(verb));
  const std::string best = (options.train.folder / "best.safetensors").string();
  log_info("{} in {:.0f} s, {:.1f} images/s; best is {}, mAP50-95 {:.4f}: {}",
           counted(static_cast<int64_t>(s.epochs.size()), "epoch"), s.seconds, s.images_per_second,
           s.best_epoch > 0 ? fmt::format("epoch {}", s.best_epoch) : "the model as given",
           s.best.boxes.map50_95, best);
  if (!options.json) return;
  nlohmann::ordered_json j{{"output", best},
                           {"images", s.images},
                           {"skipped", training.skipped + validation.skipped},
                           {"epochs", s.epochs.size()},
                           {"seconds", s.seconds},
                           {"images_per_second", s.images_per_second},
                           {"map50", s.best.boxes.map50},
                           {"map50_95", s.best.boxes.map50_95}};
  if (model.info.task == Task::kPose) {
    j["pose_map50"] = s.best.keypoints.map50;
    j["pose_map50_95"] = s.best.keypoints.map50_95;
  }
  print_json(j);
}

void add_schedule_options(CLI::App& verb, Options& o) {
  TrainOptions& t = o.train;
  verb.add_option("--optimizer", o.optimizer, "sgd or adamw")
      ->check(CLI::IsMember({"sgd", "adamw"}))
      ->capture_default_str();
  verb.add_option(
          "--lr", t.learning_rate,
          "first learning rate; default: 0.01 sgd, 0.001 adamw; sgd up to 10000 batches: less "
          "where a step has less than 40 pictures; at most a tenth for a model that detects these "
          "classes already")
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
  add_run_options(verb, t.resume, o.overwrite);
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
  add_strict_option(*verb, o.strict);
  verb->add_flag("--json", o.json, "print one JSON object on standard output");
  verb->callback([options, verb] { run_train(*options, *verb); });
}

}  // namespace octet
