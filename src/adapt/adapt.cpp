#include "adapt/adapt.h"

#include <unistd.h>

#include <algorithm>
#include <optional>
#include <set>

#include "adapt/engine_calibration.h"
#include "adapt/site_images.h"
#include "core/error.h"
#include "core/file.h"
#include "core/folder.h"
#include "core/log.h"
#include "core/process.h"
#include "core/progress.h"
#include "core/unfinished_files.h"
#include "engine/registry.h"
#include "eval/dataset/dataset.h"
#include "eval/found_as_truth.h"
#include "format/model_file.h"
#include "measure/accuracy.h"
#include "media/image/picture_reader.h"
#include "model/passes/passes.h"
#include "quant/fine_keypoints.h"
#include "quant/params.h"
#include "vision/letterbox.h"

namespace octet {
namespace {
namespace fs = std::filesystem;

constexpr double kSameRange = 1.02;  // a range that is wider by less stays
constexpr const char* kChoices[] = {"as it is", "wider", "measured"};

void check_pair(const Model& int8, const Model& whole, const AdaptOptions& o) {
  require_known_outputs(int8, o.model.string());
  require_known_outputs(whole, o.float_model.string());
  if (int8.quantization.empty())
    fail("{}: is a float model; 'octet quantize' makes the int8 model that can be adapted",
         o.model.string());
  if (!whole.quantization.empty())
    fail("--float {}: is an int8 model; give the float model that {} was made of",
         o.float_model.string(), o.model.string());
  const Head &a = int8.info.head, &b = whole.info.head;
  if (int8.info.names != whole.info.names || a.strides != b.strides || a.bins != b.bins ||
      a.keypoints != b.keypoints || a.keypoint_dims != b.keypoint_dims)
    fail(
        "--float {}: has other classes, strides or keypoints than {}; give the float model that "
        "it was made of",
        o.float_model.string(), o.model.string());
}

// Before the work of minutes.
void check_output(const AdaptOptions& o) {
  if (o.output.extension() != ".safetensors")
    fail_usage("-o {}: a name that ends in .safetensors is expected", o.output.string());
  for (const fs::path& input : {o.model, o.float_model}) {
    std::error_code none;
    if (fs::equivalent(o.output, input, none))
      fail_usage("-o {}: is an input of the command; name another file", o.output.string());
  }
  require_room(fs::absolute(o.output).parent_path(), 0);
}

// The float network with the weights that the integers stand for.
Model without_quantization(Model model) {
  model.quantization = {};
  return model;
}

// Where the quantizers of an int8 model are; layers that stayed in float stay so.
Placement placement_of(const Model& int8, const Model& network) {
  std::set<std::string> in_float;
  for (const Node& node : network.graph.nodes) {
    if (std::holds_alternative<Conv2d>(node.op) && !int8.quantization.convs.contains(node.name))
      in_float.insert(node.name);
  }
  return place_quantizers(network, in_float);
}

std::vector<InputImage> letterboxed(const Dataset& data, Size size) {
  std::vector<InputImage> images;
  PictureReader reader(BadPicture::kSkip);
  for (const Sample& sample : data.samples) {
    const std::optional<Image> image = reader.read(sample.image);
    if (!image) continue;
    InputImage input(static_cast<size_t>(size.width) * size.height * 3);
    Letterbox(image->size(), size).run(view(*image), input.data());
    images.push_back(std::move(input));
  }
  reader.finish();
  return images;
}

// An installed engine whose files hold every quantizer: OpenVINO's leave out those before SiLU.
std::unique_ptr<Engine> calibration_engine() {
  std::string reasons;
  for (const EngineRow& row : engine_rows()) {
    if (!export_format(row.formats.front()).quantizes_silu || !row.slow_because.empty()) continue;
    try {
      return load_engine(std::string(row.name));
    } catch (const Error& e) {
      reasons += std::string("; ") + e.what();
    }
  }
  fail("no engine is installed that can measure ranges{}", reasons);
}

// A model that is tried. Its file is gone with it, and when a signal ends the program.
class CandidateFile {
 public:
  CandidateFile(const fs::path& output, const Model& model)
      : path_(fs::path(output).concat(fmt::format(".{}.candidate.safetensors", ::getpid()))),
        unfinished_(path_) {
    write_model_file(path_, model, StorageKind::kF32);
  }
  ~CandidateFile() {
    std::error_code gone;
    fs::remove(path_, gone);
  }
  CandidateFile(const CandidateFile&) = delete;
  CandidateFile& operator=(const CandidateFile&) = delete;
  [[nodiscard]] const fs::path& path() const { return path_; }

 private:
  fs::path path_;
  UnfinishedFile unfinished_;
};

class Adapter {
 public:
  explicit Adapter(const AdaptOptions& options)
      : o_(options),
        int8_(read_model(options.model)),
        whole_(read_model(options.float_model)),
        size_(options.size) {
    check_pair(int8_, whole_, options);
    check_output(options);
    whole_ = fold_batch_norm(std::move(whole_));
    const int usual = int8_.info.usual_side();
    if (size_ == Size{}) size_ = {usual, usual};
    const int most = images_in_memory(options.count, size_);
    if (most < options.count)
      log_warning("--count {}: {} images of {} are a gigabyte, and no more are taken",
                  options.count, most, to_string(size_));
    images_ = site_images(options.images, options.data, most);
  }

  AdaptResult run() {
    const auto engine =
        choose_engine({.name = o_.engine, .weight_bits = int8_.quantization.weight_bits_or_zero()});
    const std::vector<InputImage> images = letterboxed(images_.fit, size_);
    result_.fitted = images.size();
    const Model best = nearest(*engine, images);
    judge(best);
    if (result_.taken) write_model_file(o_.output, best, StorageKind::kF32);
    return std::move(result_);
  }

 private:
  // Of all choices of ranges, the one whose outputs are nearest to those of the float model.
  Model nearest(Engine& engine, const std::vector<InputImage>& images) {
    const EngineRunOptions options{.size = size_, .threads = o_.threads};
    const std::vector<QuantParams> measured = measure(images, options);
    std::vector<Model> models{int8_, with_ranges(int8_, wider_ranges(ranges_of(int8_), measured)),
                              with_ranges(int8_, measured)};
    const std::vector<double> distances = distances_of(engine, models, images, options);
    size_t best = 0;
    for (size_t i = 0; i < models.size(); ++i) {
      result_.candidates.push_back({kChoices[i], distances[i]});
      log_info("ranges {}: distance {:.4f} from the float model", kChoices[i], distances[i]);
      if (distances[i] < distances[best]) best = i;
    }
    result_.chosen = kChoices[best];
    return std::move(models[best]);
  }

  // Image by image, so that no outputs are kept.
  [[nodiscard]] std::vector<double> distances_of(Engine& engine, const std::vector<Model>& models,
                                                 const std::vector<InputImage>& images,
                                                 const EngineRunOptions& options) const {
    EngineRun whole(engine, whole_, options);
    std::vector<EngineRun> runs;
    std::vector<OutputDistance> distances;
    for (const Model& model : models) {
      runs.emplace_back(engine, model, options);
      distances.emplace_back(model);
    }
    for (const InputImage& image : images) {
      if (stop_requested()) fail("interrupted; nothing was written");
      whole.infer(image);
      const OutputValues wanted = whole.outputs();
      for (size_t i = 0; i < runs.size(); ++i) {
        runs[i].infer(image);
        distances[i].add(runs[i].outputs(), wanted);
      }
    }
    std::vector<double> values;
    for (const OutputDistance& distance : distances) values.push_back(distance.value());
    return values;
  }

  [[nodiscard]] std::vector<QuantParams> measure(const std::vector<InputImage>& images,
                                                 const EngineRunOptions& options) const {
    const auto engine = calibration_engine();
    const Model network = without_quantization(int8_);
    EngineCalibration calibration(*engine, network, images, static_cast<size_t>(o_.tried), options);
    return calibrate(network, placement_of(int8_, network), calibration,
                     int8_.quantization.weight_grid)
        .scales.groups;
  }

  // On images that were kept apart.
  void judge(const Model& best) {
    result_.labels = images_.labels;
    if (!images_.labels) take_boxes_as_truth();
    result_.judged = images_.judge.samples.size();
    const MapEvaluator before = map_of(o_.model);
    result_.before = result_.after = before.main().summary().map50_95;
    if (result_.chosen == kChoices[0]) {
      result_.reason = "no other ranges are nearer to the float model";
      return;
    }
    const MapEvaluator after = map_of(CandidateFile(o_.output, best).path());
    result_.after = after.main().summary().map50_95;
    const Interval drop = bootstrap_drop(before.main(), after.main());
    result_.gain = {-drop.high, -drop.low};
    result_.taken = result_.gain.low > 0;
    result_.reason = result_.taken ? "the gain is more than chance" : "the gain may be chance";
  }

  [[nodiscard]] DetectorOptions detector_of(const fs::path& file) const {
    return {.model = file,
            .engine = o_.engine,
            .size = SizeOption{.size = size_, .exact = true},
            .runtime = {.threads = o_.threads}};
  }

  [[nodiscard]] MapEvaluator map_of(const fs::path& file) const {
    Detector detector(detector_of(file));
    verify_fit(detector.info(), images_.judge, site_images_name(o_.images, o_.data));
    return std::move(measure_accuracy(detector, images_.judge, BadPicture::kSkip).map);
  }

  void take_boxes_as_truth() {
    Detector detector(detector_of(o_.float_model));
    const auto job = detector.make_job();
    Dataset& data = images_.judge;
    data.names = int8_.info.names;
    data.keypoints = int8_.info.head.keypoints;
    data.keypoint_dims = int8_.info.head.keypoint_dims;
    Detections found;
    PictureReader reader(BadPicture::kSkip);
    size_t objects = 0;
    for (Sample& sample : data.samples) {
      if (stop_requested()) fail("interrupted; nothing was written");
      const std::optional<Image> image = reader.read(sample.image);
      if (!image) continue;
      job->submit(view(*image));
      job->finish({}, found);
      sample.relative = false;
      sample.objects = found_as_truth(found);
      objects += sample.objects.size();
    }
    if (objects == 0)
      fail("{}: the float model finds no object in its images; collect images with objects",
           site_images_name(o_.images, o_.data));
  }

  const AdaptOptions& o_;
  Model int8_, whole_;
  Size size_;
  SiteImages images_;
  AdaptResult result_;
};

}  // namespace

std::vector<QuantParams> ranges_of(const Model& int8) {
  std::vector<QuantParams> ranges;
  for (const auto& group : placement_of(int8, without_quantization(int8)).groups) {
    const QuantParams* params = int8.quantization.find(group.front());
    if (params == nullptr) fail("'{}': the int8 model has no range for it", group.front());
    ranges.push_back(*params);
  }
  return ranges;
}

std::vector<QuantParams> wider_ranges(const std::vector<QuantParams>& present,
                                      const std::vector<QuantParams>& measured) {
  std::vector<QuantParams> wider = present;
  for (size_t g = 0; g < wider.size(); ++g) {
    const double low = std::min(present[g].low(), measured[g].low());
    const double high = std::max(present[g].high(), measured[g].high());
    const double width = double{present[g].high()} - double{present[g].low()};
    if (high - low > kSameRange * width) wider[g] = params_for_range(low, high);
  }
  return wider;
}

Model with_ranges(const Model& int8, const std::vector<QuantParams>& groups) {
  Model network = without_quantization(int8);
  const Placement placement = placement_of(int8, network);
  const WeightGrid& grid = int8.quantization.weight_grid;
  Scales scales{.groups = groups, .weights = {}, .weight_grid = grid};
  for (const auto& [name, conv] : int8.quantization.convs) {
    std::vector<float>& units = scales.weights[name] = conv.scales;
    for (float& scale : units) scale *= static_cast<float>(grid.unit());
  }
  // Fine keypoints lie a third of the present step away.
  std::vector<QuantParams> changes = groups;
  const std::vector<QuantParams> present = ranges_of(int8);
  for (size_t g = 0; g < changes.size(); ++g) changes[g].scale -= present[g].scale;
  spread_fine_keypoints(network, placement, changes);
  return quantize_model(std::move(network), placement, std::move(scales));
}

AdaptResult adapt(const AdaptOptions& options) { return Adapter(options).run(); }

}  // namespace octet
