#include "train/quantize/quantize.h"

#include <memory>
#include <nlohmann/json.hpp>

#include "app/common_options.h"
#include "app/octet_train/quantize_command.h"
#include "app/octet_train/training_data.h"
#include "app/octet_train/verbs.h"
#include "app/print_json.h"
#include "app/size_flag.h"
#include "app/verb_table.h"
#include "core/error.h"
#include "core/file.h"
#include "core/log.h"
#include "core/output.h"
#include "core/process.h"
#include "core/size.h"
#include "format/model_file.h"
#include "train/report/quantize_report.h"

namespace octet {
namespace {

using Options = QuantizeCommand;

nlohmann::ordered_json to_json(const Options& o, const QuantizeResult& r,
                               const TrainingData& data) {
  nlohmann::ordered_json j{{"output", o.output},
                           {"method", o.method},
                           {"images", r.calibration.pictures},
                           {"skipped", data.training.skipped + data.validation.skipped},
                           {"truth", data.truth_of_model ? "teacher" : "labels"},
                           {"epochs", r.training ? r.training->epochs_done : 0},
                           {"seconds", r.training ? r.training->seconds : 0},
                           {"map50", r.after.boxes.map50},
                           {"map50_95", r.after.boxes.map50_95}};
  const bool pose = r.model.info.task == Task::kPose;
  if (pose) {
    j["pose_map50"] = r.after.keypoints.map50;
    j["pose_map50_95"] = r.after.keypoints.map50_95;
  }
  const auto figures = [&](const Evaluation& e) {
    nlohmann::ordered_json f{{"map50_95", e.boxes.map50_95}};
    if (pose) f["pose_map50_95"] = e.keypoints.map50_95;
    return f;
  };
  j["drop"] = r.drop(r.after);
  if (const auto interval = r.drop_interval(r.after))
    j["drop_95"] = {interval->low, interval->high};
  j["float"] = figures(r.before);
  j["ptq"] = figures(r.ptq);
  j["weight_bits"] = r.model.quantization.weight_grid.bits;
  j["even_weights"] = r.model.quantization.weight_grid.even;
  j["kept_float"] = r.kept_float;
  if (!r.ranking.empty()) {
    auto& layers = j["layers"] = nlohmann::ordered_json::array();
    for (const LayerCost& l : r.ranking) {
      layers.push_back({{"name", l.conv}, {"cost", l.distance}});
      if (l.drop) layers.back()["drop"] = *l.drop;
    }
  }
  return j;
}

// Of a run that is done.
Facts facts_of(const Options& o, const TrainingData& data) {
  Facts facts{
      {"model", o.model + ", " + size_text(o.model)},
      {"int8 model", o.output + ", " + size_text(o.output)},
      {"data", fmt::format("{}, {} images to validate", o.data, data.validation.samples.size())}};
  if (data.truth_of_model) facts.emplace_back("labels", "detections of the float model");
  facts.emplace_back("octet", OCTET_VERSION);
  return facts;
}

// Three lines: of the float model, after calibration, and of the result.
void say_figures(const QuantizeResult& r) {
  const Task task = r.model.info.task;
  const std::string metric = task == Task::kPose ? "mAP50-95 of keypoints" : "mAP50-95";
  const auto drop = [&](const Evaluation& e) {
    const auto interval = r.drop_interval(e);
    return fmt::format(
        "{} {:.4f}, drop {:.4f}{}", metric, e.fitness(task), r.drop(e),
        interval ? fmt::format(" (95 % of draws: {:.4f} to {:.4f})", interval->low, interval->high)
                 : "");
  };
  log_info("float       {} {:.4f}, with box voting as in int8", metric, r.before.fitness(task));
  log_info("calibrated  {}", drop(r.ptq));
  if (!r.training) return;
  log_info("result      {}; {}", drop(r.after),
           r.training->best_epoch > 0 ? fmt::format("epoch {}", r.training->best_epoch)
                                      : "no epoch is better than the calibrated model");
}

void run(Options& o, CLI::App& verb) {
  install_stop_signals();
  const std::filesystem::path output = o.output;
  if (output.extension() != ".safetensors")
    fail_usage("-o {}: a name that ends in .safetensors is expected", o.output);
  QuantizeOptions& q = o.quantize;
  q.method = o.method == "ptq" ? QuantizeMethod::kPtq : QuantizeMethod::kQat;
  if (o.max_drop >= 0) q.max_drop = o.max_drop;
  Model model = read_model(o.model);
  if (model.info.task == Task::kRaw) return quantize_raw_outputs(o, verb, model);
  if (!model.quantization.empty())
    fail("{}: is an int8 model; give the float model that it was made of", o.model);
  TrainingData data = read_training_data(o.data, o.strict, &model, model.info.names);
  q.calibration.side = q.qat.train.side = square_side(o.size, model.info);
  model.info.trained_side = q.calibration.side;
  if (model.info.names.size() != data.training.names.size() ||
      model.info.head.keypoints != data.training.keypoints)
    fail("{}: has other classes or keypoints than the model; train the model on this data first",
         o.data);
  require_class_order(data.training, model.info.names, o.data);
  const EmptyFolder folder(o.run_folder());
  const RunFolder run_folder = prepare_run(o, model);
  complete(data, o.data, o.strict, &model, judging_size(q.qat.train));
  remove_earlier_run(run_folder);
  const QuantizeResult r = quantize(model, data.training, data.validation, q);
  if (r.training && r.training->interrupted)
    fail("interrupted; the same command with --resume continues from {}",
         (q.qat.train.folder / "last.safetensors").string());
  write_model_file(output, r.model, StorageKind::kF32);
  const std::filesystem::path report = q.qat.train.folder / "report.html";
  const SizeOption size{.size = {q.calibration.side, q.calibration.side}, .exact = true};
  write_quantize_report(report, {.result = r,
                                 .before = model,
                                 .validation = data.validation,
                                 .size = size,
                                 .facts = facts_of(o, data),
                                 .options = reported_options(verb)});
  say_figures(r);
  log_info("{}: {}; report: {}", o.output, size_text(o.output), report.string());
  if ((q.rank || q.rank_by_map) && !o.json) {
    print_out("{:<32} {:>12}{}\n", "layer", "output cost", q.rank_by_map ? "  drop of mAP" : "");
    for (const LayerCost& l : r.ranking) {
      print_out("{:<32} {:>12.6f}{}\n", l.conv, l.distance,
                l.drop ? fmt::format("{:>13.4f}", *l.drop) : "");
    }
  }
  if (o.json) print_json(to_json(o, r, data));
}

// Found on COCO with YOLOv8n: small steps, short averages.
void set_qat_defaults(TrainOptions& t) {
  t.epochs = 5;
  t.batch = 8;
  t.optimizer = OptimizerKind::kAdamW;
  t.learning_rate = 0.001;
  t.rate_of_scales = 0.005;
  t.cosine = true;
  t.warmup_epochs = 0.5;
  t.weight_decay = 0;
  t.momentum = 0.9;
  t.average = {.decay = 0.9, .ramp = 10, .least_share = 0};
  t.augment.mosaic = 0;
  t.augment.scale = 0.3;
}

void add_training_options(CLI::App& verb, Options& o) {
  TrainOptions& t = o.quantize.qat.train;
  verb.add_option(
          "--epochs", t.epochs,
          fmt::format(
              "qat: passes over the training images. For a network with raw outputs as many "
              "as make {} steps, from {} to {}, without this option.",
              kRawSteps, kLeastRawEpochs, kMostRawEpochs))
      ->check(CLI::Range(1, 100000))
      ->capture_default_str();
  verb.add_option(
          "--batch", t.batch,
          fmt::format("qat: images a step. For a network with raw outputs {} without this option.",
                      kRawBatch))
      ->check(CLI::Range(1, 4096))
      ->capture_default_str();
  verb.add_option("--lr", t.learning_rate,
                  fmt::format("qat: learning rate, in quantization steps of a weight for each "
                              "update. For a network with raw outputs {} without this option.",
                              kRawRate))
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  verb.add_option("--scale-lr", t.rate_of_scales,
                  "qat: learning rate of scales, as a multiple of --lr.")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  add_run_options(verb, t.resume, o.overwrite);
  add_machine_options(verb, t);
}

}  // namespace

std::filesystem::path QuantizeCommand::run_folder() const {
  const std::filesystem::path file = output;
  return file.parent_path() / (file.stem().string() + "-run");
}

std::string size_text(const std::filesystem::path& file) {
  return fmt::format("{:.1f} MB", static_cast<double>(std::filesystem::file_size(file)) / 1e6);
}

RunFolder prepare_run(QuantizeCommand& o, const Model& model) {
  TrainOptions& train = o.quantize.qat.train;
  train.folder = o.run_folder();
  const bool trains = o.quantize.method == QuantizeMethod::kQat;
  RunFolder folder{.path = train.folder,
                   .also = {o.output},
                   .earlier = earlier_run(trains && train.resume, o.overwrite),
                   .inputs = {o.model}};
  if (!trains) folder.states.clear();
  prepare_run_folder(folder, model);
  return folder;
}

void add_quantize(CLI::App& root) {
  auto options = std::make_shared<Options>();
  Options& o = *options;
  QuantizeOptions& q = o.quantize;
  set_qat_defaults(q.qat.train);
  CLI::App* verb = add_verb(root, "quantize");
  verb->add_option("--model", o.model, "The float model file or checkpoint.")
      ->required()
      ->type_name("FILE");
  verb->add_option("--data", o.data,
                   "The data.yaml of the dataset, or a folder of images. Images of train calibrate "
                   "and train the model, images of val measure it. The model labels what has no "
                   "labels.")
      ->required()
      ->type_name("FILE");
  verb->add_option("--method", o.method,
                   "ptq calibrates alone. qat trains the quantized model after calibration.")
      ->check(CLI::IsMember({"ptq", "qat"}))
      ->capture_default_str();
  verb->add_option("--imgsz", o.size, "Side of the images. Without it: the size of the model.")
      ->check(square_check());
  verb->add_option("--images", q.calibration.pictures,
                   "Largest number of images to calibrate with.")
      ->check(CLI::Range(1, 1000000))
      ->capture_default_str();
  verb->add_option("--weight-bits", q.calibration.weight_grid.bits,
                   "Bits of weights. 7 is for processors without VNNI: 'octet doctor' says it.")
      ->check(CLI::IsMember({7, 8}))
      ->capture_default_str();
  verb->add_flag("--bit-exact-everywhere", q.calibration.weight_grid.even,
                 "Use even weights of 7 bits. Every engine then computes the same numbers, however "
                 "it rounds.");
  verb->add_flag("--rank-layers", q.rank,
                 "Rank layers by the error at the outputs when one layer alone is quantized.");
  verb->add_flag(
      "--rank-by-map", q.rank_by_map,
      "Rank layers, and measure the mAP50-95 that each costs. It validates once a layer.");
  verb->add_option("--keep-float", q.keep_float,
                   "Number of layers to leave in float, those with the largest error first.")
      ->check(CLI::NonNegativeNumber);
  verb->add_option(
          "--max-drop", o.max_drop,
          "Leave layers in float until the calibrated model loses less mAP50-95 than this.")
      ->check(CLI::Range(0.0, 1.0));
  verb->add_option("--feature-weight", q.qat.weights.features,
                   "qat: weight of the distance from the features of the float model.")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  verb->add_option("--label-weight", q.qat.weights.labels,
                   "qat: weight of the loss of the labels. The outputs of the float model have 1.")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  verb->add_flag("!--no-learn-scales", q.qat.learn_scales,
                 "qat: keep the scales of activations as calibrated.");
  add_training_options(*verb, o);
  verb->add_option("-o,--output", o.output, "Model file to write.")
      ->type_name("FILE")
      ->capture_default_str();
  add_strict_option(*verb, o.strict);
  add_json_option(*verb, o.json);
  verb->callback([options, verb] { run(*options, *verb); });
}

}  // namespace octet
