#include <csignal>
#include <memory>
#include <nlohmann/json.hpp>

#include "app/common_options.h"
#include "app/octet/verbs.h"
#include "app/print_json.h"
#include "app/verb_table.h"
#include "core/child.h"
#include "core/error.h"
#include "core/numeric/quantile.h"
#include "core/output.h"
#include "core/process.h"
#include "eval/dataset/dataset.h"
#include "measure/accuracy.h"
#include "measure/pose_accuracy.h"

namespace octet {
namespace {
using nlohmann::ordered_json;

struct Options {
  RunOptions run;
  std::string data;
  std::string images;
  std::string split = "val";
  std::string against;
  bool per_class = false;
  bool strict = false, worker = false;
};

ordered_json report(const Detector& detector, const Accuracy& m, bool per_class) {
  const CocoSummary box = m.map.boxes().summary();
  ordered_json j{{"task", task_name(detector.info().task)},
                 {"images", m.inference_ms.size()},
                 {"skipped", m.skipped},
                 {"map50", box.map50},
                 {"map50_95", box.map50_95}};
  if (m.map.keypoints().objects() > 0) {
    const CocoSummary points = m.map.keypoints().summary();
    j["pose_map50"] = points.map50;
    j["pose_map50_95"] = points.map50_95;
  }
  auto times = m.inference_ms;
  j["inference_ms_p50"] = median(times);
  j["engine"] = detector.description().engine;
  j["precision"] = detector.description().precision;
  j["imgsz"] = {detector.input_size().width, detector.input_size().height};
  if (!per_class) return j;
  auto& classes = j["classes"] = ordered_json::array();
  for (const ClassSummary& c : m.map.main().per_class()) {
    classes.push_back({{"name", detector.info().names[static_cast<size_t>(c.class_index)]},
                       {"objects", c.objects},
                       {"map50", c.map50},
                       {"map50_95", c.map50_95}});
  }
  return j;
}

void print_against(const ordered_json& j) {
  if (!j.contains("against")) return;
  const auto& other = j["against"];
  print_out("{}: mAP50-95 {:.4f}, drop {:.4f} (95 % of draws: {:.4f} to {:.4f})\n",
            other["model"].get<std::string>(), other["map50_95"].get<double>(),
            other["drop"].get<double>(), other["drop_95"][0].get<double>(),
            other["drop_95"][1].get<double>());
}

void print(const ordered_json& j) {
  print_out("{} images at {}x{}, {} in {}, {:.1f} ms an image (p50)\n", j["images"].get<size_t>(),
            j["imgsz"][0].get<int>(), j["imgsz"][1].get<int>(), j["engine"].get<std::string>(),
            j["precision"].get<std::string>(), j["inference_ms_p50"].get<double>());
  if (j.contains("classes")) {
    print_out("\n{:<24} {:>8} {:>8} {:>10}\n", "class", "objects", "mAP50", "mAP50-95");
    for (const auto& c : j["classes"]) {
      print_out("{:<24} {:>8} {:>8.4f} {:>10.4f}\n", c["name"].get<std::string>(),
                c["objects"].get<int64_t>(), c["map50"].get<double>(), c["map50_95"].get<double>());
    }
    print_out("\n");
  }
  print_out("boxes      mAP50 {:.4f}  mAP50-95 {:.4f}\n", j["map50"].get<double>(),
            j["map50_95"].get<double>());
  if (j.contains("pose_map50"))
    print_out("keypoints  mAP50 {:.4f}  mAP50-95 {:.4f}\n", j["pose_map50"].get<double>(),
              j["pose_map50_95"].get<double>());
  print_against(j);
}

std::unique_ptr<Detector> detector_of(const RunOptions& options, const std::string& model) {
  RunOptions own = options;
  own.model = model;
  DetectorOptions wanted = detector_options(own, std::nullopt, 1);
  wanted.one_person = true;
  return std::make_unique<Detector>(wanted);
}

Dataset read_data(const Options& options, const std::vector<std::string>& names) {
  return read_dataset(options.data, {.split = options.split,
                                     .images = options.images,
                                     .model_names = names,
                                     .strict = options.strict});
}

ordered_json compared(const std::string& file, const CocoMetric& before, const CocoMetric& after) {
  const Interval interval = bootstrap_drop(before, after);
  const double of_other = before.summary().map50_95;
  return {{"model", file},
          {"map50_95", of_other},
          {"drop", of_other - after.summary().map50_95},
          {"drop_95", {interval.low, interval.high}}};
}

// ---- a network for the keypoints of one person

ordered_json report(const PoseNetwork& network, const PoseAccuracy& m) {
  const CocoSummary points = m.keypoints.summary();
  auto times = m.inference_ms;
  return {
      {"task", task_name(Task::kPose)},
      {"images", m.images},
      {"persons", m.inference_ms.size()},
      {"skipped", m.skipped},
      {"pose_map50", points.map50},
      {"pose_map50_95", points.map50_95},
      {"inference_ms_p50", median(times)},
      {"engine", network.detector().description().engine},
      {"precision", network.detector().description().precision},
      {"imgsz", {network.detector().input_size().width, network.detector().input_size().height}}};
}

void print_pose(const ordered_json& j) {
  print_out("{} persons of {} images at {}x{}, {} in {}, {:.1f} ms a person (p50)\n",
            j["persons"].get<size_t>(), j["images"].get<size_t>(), j["imgsz"][0].get<int>(),
            j["imgsz"][1].get<int>(), j["engine"].get<std::string>(),
            j["precision"].get<std::string>(), j["inference_ms_p50"].get<double>());
  print_out("keypoints  mAP50 {:.4f}  mAP50-95 {:.4f}\n", j["pose_map50"].get<double>(),
            j["pose_map50_95"].get<double>());
  print_against(j);
}

void run_pose(const Options& options, std::unique_ptr<Detector> detector) {
  if (options.per_class)
    fail_usage("--per-class: is for models with classes; {} knows people only", options.run.model);
  const Dataset data = read_data(options, {"person"});
  require_labels(data, options.data + ": " + options.split);
  const BadPicture bad = options.strict ? BadPicture::kStop : BadPicture::kSkip;
  PoseNetwork network(std::move(detector));
  const auto order = keypoints_for(network.head(), data, options.data);
  std::optional<PoseNetwork> other;
  std::vector<int> order_of_other;
  if (!options.against.empty()) {
    auto opened = detector_of(options.run, options.against);
    if (!opened->info().pose_head)
      fail("--against {}: is a model of another task", options.against);
    other.emplace(std::move(opened));
    order_of_other = keypoints_for(other->head(), data, options.data);
  }
  const PoseAccuracy measured = measure_pose_accuracy(network, data, order, bad);
  ordered_json j = report(network, measured);
  if (other) {
    const PoseAccuracy before = measure_pose_accuracy(*other, data, order_of_other, bad);
    j["against"] = compared(options.against, before.keypoints, measured.keypoints);
  }
  options.run.json ? print_json(j) : print_pose(j);
}

void run(const Options& options) {
  auto detector = detector_of(options.run, options.run.model);
  if (detector->info().pose_head) return run_pose(options, std::move(detector));
  const Dataset data = read_data(options, detector->info().names);
  verify_fit(detector->info(), data, options.data);
  require_labels(data, options.data + ": " + options.split);
  std::unique_ptr<Detector> other;
  if (!options.against.empty()) {
    other = detector_of(options.run, options.against);
    if (other->info().task != detector->info().task)
      fail("--against {}: is a model of another task", options.against);
    verify_fit(other->info(), data, options.data);
  }
  const BadPicture bad = options.strict ? BadPicture::kStop : BadPicture::kSkip;
  const Accuracy measured = measure_accuracy(*detector, data, bad);
  detector->say_other_size();
  ordered_json j = report(*detector, measured, options.per_class);
  if (other)
    j["against"] = compared(options.against, measure_accuracy(*other, data, bad).map.main(),
                            measured.map.main());
  options.run.json ? print_json(j) : print(j);
}

}  // namespace

void add_val(CLI::App& root) {
  auto options = std::make_shared<Options>();
  CLI::App* verb = add_verb(root, "val");
  add_run_options(*verb, options->run, "f32");
  verb->add_option("--data", options->data,
                   "A data.yaml, a folder that has one, or a COCO JSON file.")
      ->required()
      ->type_name("FILE");
  verb->add_option("--images", options->images, "Folder of the images of a COCO JSON file.")
      ->type_name("FOLDER");
  verb->add_option("--split", options->split, "Part of data.yaml: train, val or test.")
      ->type_name("NAME")
      ->capture_default_str();
  verb->add_option("--against", options->against,
                   "Another model, to print the drop of mAP50-95 from it. The interval holds 95 % "
                   "of the drops over draws of the images.")
      ->type_name("FILE");
  verb->add_flag("--per-class", options->per_class, "Print the mAP of every class.");
  verb->add_flag("--worker", options->worker, "For 'octet bench', and ends with it.")->group("");
  add_strict_option(*verb, options->strict);
  verb->callback([options] {
    if (options->worker) end_with_parent(SIGTERM);
    install_stop_signals();
    run(*options);
  });
}

}  // namespace octet
