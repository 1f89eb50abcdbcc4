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
#include "core/progress.h"
#include "eval/dataset/dataset.h"
#include "eval/map_evaluator.h"
#include "media/image/picture_reader.h"

namespace octet {
namespace {
using nlohmann::ordered_json;

struct Options {
  RunOptions run;
  std::string data;
  std::string images;
  std::string split = "val";
  bool per_class = false;
  bool strict = false, worker = false;
};

void check_fits(const ModelInfo& info, const Dataset& data, const std::string& path) {
  if (data.names.size() != info.names.size())
    fail("{}: has {} classes, the model has {}; give the data set of this model", path,
         data.names.size(), info.names.size());
  if (info.task == Task::kPose && data.keypoints != info.head.keypoints) {
    fail("{}: has {} keypoints an object, the model has {}; give the data set of this model", path,
         data.keypoints, info.head.keypoints);
  }
}

struct Measured {
  MapEvaluator map;
  std::vector<double> inference_ms;
  int64_t skipped = 0;  // pictures
};

Measured measure(Detector& detector, const Dataset& data, BadPicture bad) {
  Measured m{.map = MapEvaluator(detector.info()), .inference_ms = {}};
  const auto job = detector.make_job();
  Detections detections;
  Progress progress(static_cast<int64_t>(data.samples.size()), "validation");
  PictureReader reader(bad);
  for (const Sample& sample : data.samples) {
    if (stop_requested()) fail("interrupted: mAP of a part of the images is not shown");
    const std::optional<Image> image = reader.read(sample.image);
    if (!image) continue;
    job->submit(view(*image));
    job->finish(kMapDecode, detections);
    m.inference_ms.push_back(job->inference_time().count());
    m.map.add(sample, image->size(), detections);
    progress.update(static_cast<int64_t>(m.inference_ms.size()),
                    fmt::format("{:.0f} ms an image", m.inference_ms.back()));
  }
  reader.finish();
  m.skipped = data.skipped + reader.skipped();
  if (m.map.boxes().objects() == 0)
    fail("no image that can be read has a label; there is nothing to measure");
  return m;
}

ordered_json report(const Detector& detector, const Measured& m, bool per_class) {
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
  j["inference_ms_p50"] = quantile(times, 0.5);
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
}

void run(const Options& options) {
  Detector detector(detector_options(options.run, std::nullopt, 1));
  const Dataset data = read_dataset(options.data, {.split = options.split,
                                                   .images = options.images,
                                                   .model_names = detector.info().names,
                                                   .strict = options.strict});
  check_fits(detector.info(), data, options.data);
  require_labels(data, options.data + ": " + options.split);
  const Measured measured =
      measure(detector, data, options.strict ? BadPicture::kStop : BadPicture::kSkip);
  detector.say_other_size();
  const ordered_json j = report(detector, measured, options.per_class);
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
