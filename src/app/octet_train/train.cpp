#include <algorithm>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>

#include "app/common_options.h"
#include "app/octet_train/training_data.h"
#include "app/octet_train/verbs.h"
#include "app/print_json.h"
#include "app/size_flag.h"
#include "app/verb_table.h"
#include "core/error.h"
#include "core/file.h"
#include "core/log.h"
#include "core/process.h"
#include "core/size.h"
#include "core/text/count_text.h"
#include "format/model_file.h"
#include "graph/passes/passes.h"
#include "model/passes/passes.h"
#include "train/loop/run_folder.h"
#include "train/loop/train_float.h"
#include "train/network/device.h"
#include "train/prune/recovery.h"
#include "train/report/train_report.h"

namespace octet {
namespace {

struct Options {
  std::string model, teacher, data, folder = "run", size;
  std::string optimizer = "sgd", activation;  // empty: as it is
  TrainOptions train;
  bool overwrite = false;
  bool strict = false;
  bool json = false;
};

std::optional<Model> read_teacher(const Options& o) {
  if (o.teacher.empty()) return std::nullopt;
  return read_model(o.teacher);
}

bool has_activation(const Graph& graph, ActivationKind kind) {
  return std::any_of(graph.nodes.begin(), graph.nodes.end(), [&](const Node& node) {
    const auto* activation = std::get_if<Activation>(&node.op);
    return activation != nullptr && activation->kind == kind;
  });
}

// Replaces SiLU where another activation is wanted. False where nothing changed.
bool take_activation(Model& model, const Options& o) {
  if (o.activation.empty()) return false;
  const ActivationKind wanted = parse_activation(o.activation);
  if (wanted == ActivationKind::kSilu) return false;
  if (!has_silu(model.graph)) {
    if (has_activation(model.graph, wanted)) return false;
    fail("--activation {}: replaces SiLU, which {} has not; leave it out", o.activation, o.model);
  }
  model = replace_activation(std::move(model), wanted);
  return true;
}

// The model as it begins: of the data's classes and keypoints, with the activation wanted.
Model starting_model(Options& o, const Dataset& data) {
  Model model = read_model(o.model);
  require_known_outputs(model, o.model);
  o.train.side = square_side(o.size, model.info);
  model.info.trained_side = o.train.side;
  if (!model.quantization.empty())
    fail(
        "{}: is an int8 model; train the float model that it was made of, and run 'octet quantize' "
        "again",
        o.model);
  const bool replaced = take_activation(model, o);
  const Head& head = model.info.head;
  if ((head.keypoints == 0) != (data.keypoints == 0))
    fail("{}: has {} keypoints an object, the model has {}; start from a model of the same task",
         o.data, data.keypoints, head.keypoints);
  const bool other_keypoints =
      head.keypoints != data.keypoints || head.keypoint_dims != data.keypoint_dims;
  if (other_keypoints)
    log_info(
        "keypoints: the model's [{}, {}] become the data's [{}, {}] and are trained from the start",
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

TrainSummary train_model(const Model& model, const std::optional<Model>& teacher,
                         const TrainingData& data, const TrainOptions& options) {
  if (!teacher) return train_float(model, data.training, data.validation, options);
  // Other layers than the model was trained with need statistics of their own.
  return recover({model, *teacher}, data.training, data.validation,
                 {.train = options, .keep_statistics = options.already_trained});
}

void write_report(const Options& o, const TrainSummary& s, const TrainingData& data,
                  const CLI::App& verb) {
  Facts facts{
      {"model", o.model},
      {"data", o.data},
      {"images",
       fmt::format("{} to train, {} to validate", s.images, data.validation.samples.size())},
      {"best epoch", s.best_epoch > 0 ? std::to_string(s.best_epoch) : "the model as given"},
      {"octet", OCTET_VERSION}};
  if (!o.teacher.empty()) facts.insert(facts.begin() + 1, {"teacher", o.teacher});
  if (data.truth_of_model) facts.emplace_back("labels", "detections of the teacher");
  write_train_report(o.train.folder, data.validation, judging_size(o.train), facts,
                     reported_options(verb));
}

void print_summary(const std::string& best, const TrainSummary& s, const TrainingData& data,
                   Task task) {
  nlohmann::ordered_json j{{"output", best},
                           {"images", s.images},
                           {"skipped", data.training.skipped + data.validation.skipped},
                           {"truth", data.truth_of_model ? "teacher" : "labels"},
                           {"epochs", s.epochs_done},
                           {"seconds", s.seconds},
                           {"images_per_second", s.images_per_second},
                           {"map50", s.best.boxes.map50},
                           {"map50_95", s.best.boxes.map50_95}};
  if (task == Task::kPose) {
    j["pose_map50"] = s.best.keypoints.map50;
    j["pose_map50_95"] = s.best.keypoints.map50_95;
  }
  print_json(j);
}

void run_train(Options& options, const CLI::App& verb) {
  install_stop_signals();
  if (options.train.bf16 && !options.train.device.is_cpu()) fail_usage("--bf16 needs --device cpu");
  options.train.folder = options.folder;
  const std::optional<Model> teacher = read_teacher(options);
  const Model* labeller = teacher ? &*teacher : nullptr;
  TrainingData data = read_training_data(options.data, options.strict, labeller);
  const Model model = starting_model(options, data.training);
  if (teacher) {
    verify_teacher(*teacher, model);
  } else {
    require_labels(data.training, options.data + ": train");
    require_labels(data.validation, options.data + ": val");
  }
  const EmptyFolder folder(options.folder);
  const RunFolder run{.path = options.folder,
                      .earlier = earlier_run(options.train.resume, options.overwrite),
                      .inputs = {options.model, options.teacher}};
  prepare_run_folder(run, model);
  use_threads(options.train.threads);
  complete(data, options.data, options.strict, labeller, judging_size(options.train));
  remove_earlier_run(run);
  options.train.optimizer =
      options.optimizer == "sgd" ? OptimizerKind::kSgd : OptimizerKind::kAdamW;
  const TrainSummary s = train_model(model, teacher, data, options.train);
  if (s.interrupted)
    fail("interrupted; the same command with --resume continues from {}",
         (options.train.folder / "last.safetensors").string());
  write_report(options, s, data, verb);
  const std::string best = (options.train.folder / "best.safetensors").string();
  log_info("{} in {:.0f} s, {:.1f} images/s; best is {}, mAP50-95 {:.4f}: {}; report: {}",
           counted(s.epochs_done, "epoch"), s.seconds, s.images_per_second,
           s.best_epoch > 0 ? fmt::format("epoch {}", s.best_epoch) : "the model as given",
           s.best.boxes.map50_95, best, (options.train.folder / "report.html").string());
  if (options.json) print_summary(best, s, data, model.info.task);
}

void add_schedule_options(CLI::App& verb, Options& o) {
  TrainOptions& t = o.train;
  verb.add_option("--optimizer", o.optimizer, "Optimizer.")
      ->check(CLI::IsMember({"sgd", "adamw"}))
      ->capture_default_str();
  verb.add_option(
          "--lr", t.learning_rate,
          "First learning rate. Without it: 0.01 for sgd, 0.001 for adamw. It is lower in a short "
          "training with fewer than 40 images a step. It is a tenth for a model that detects these "
          "classes already and has no teacher.")
      ->check(CLI::PositiveNumber);
  verb.add_flag("--cosine", t.cosine, "Lower the learning rate along a cosine instead of a line.");
  verb.add_option("--warmup", t.warmup_epochs,
                  "Epochs in which the learning rate rises to its first value. With --teacher at "
                  "most a tenth of all.")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  verb.add_option("--weight-decay", t.weight_decay,
                  "Weight decay of convolutions, for a batch of 64 images.")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  verb.add_option("--accumulate", t.accumulate,
                  "Batches whose gradients are added for one step of the optimizer.")
      ->check(CLI::Range(1, 1024))
      ->capture_default_str();
  verb.add_option("--patience", t.patience, "Stop after so many epochs without a better mAP.")
      ->check(CLI::Range(1, 100000))
      ->capture_default_str();
  verb.add_option("--freeze", t.freeze, "Number of first layers whose weights stay as they are.")
      ->check(CLI::Range(0, 22))
      ->capture_default_str();
  verb.add_option("--activation", o.activation,
                  "Activation that replaces SiLU. relu6 and hardswish are faster in int8.")
      ->check(CLI::IsMember({"silu", "relu6", "hardswish"}))
      ->default_str("silu");
  verb.add_option("--mosaic", t.augment.mosaic, "Probability that four images are joined into one.")
      ->check(CLI::Range(0.0, 1.0))
      ->capture_default_str();
  verb.add_option("--mixup", t.augment.mixup, "Probability that two images are blended.")
      ->check(CLI::Range(0.0, 1.0))
      ->capture_default_str();
  verb.add_flag("--rect", t.rectangular,
                "Validate each image in the rectangle that fits it. It is faster than a square.");
  verb.add_flag("--bf16", t.bf16, "Compute in bf16. It is faster where the processor has it.");
  add_run_options(verb, t.resume, o.overwrite);
}

}  // namespace

void add_train(CLI::App& root) {
  auto options = std::make_shared<Options>();
  Options& o = *options;
  CLI::App* verb = add_verb(root, "train");
  verb->add_option("--model", o.model, "Model file or checkpoint to start from.")
      ->required()
      ->type_name("FILE");
  verb->add_option("--teacher", o.teacher,
                   "Float model to learn from as well: the one before pruning, or a larger one.")
      ->type_name("FILE");
  verb->add_option("--data", o.data,
                   "The data.yaml of the dataset. With --teacher it may have no labels, or be a "
                   "folder of images.")
      ->required()
      ->type_name("FILE");
  verb->add_option("--epochs", o.train.epochs, "Passes over the training images.")
      ->check(CLI::Range(1, 100000))
      ->capture_default_str();
  verb->add_option("--imgsz", o.size,
                   "Side of the training images. Without it: the size of the model.")
      ->check(square_check());
  verb->add_option("--batch", o.train.batch, "Images a step.")
      ->check(CLI::Range(1, 4096))
      ->capture_default_str();
  add_schedule_options(*verb, o);
  add_machine_options(*verb, o.train);
  verb->add_option("-o,--output", o.folder,
                   "Folder for best.safetensors, last.safetensors, results.csv and report.html.")
      ->type_name("FOLDER")
      ->capture_default_str();
  add_strict_option(*verb, o.strict);
  add_json_option(*verb, o.json);
  verb->callback([options, verb] { run_train(*options, *verb); });
}

}  // namespace octet
