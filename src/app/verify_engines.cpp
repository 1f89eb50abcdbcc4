#include "app/verify_engines.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <memory>

#include "core/error.h"
#include "core/process.h"
#include "core/progress.h"
#include "engine/engine.h"
#include "eval/coco_metric.h"
#include "media/image_io.h"
#include "quant/params.h"
#include "vision/decode.h"
#include "vision/letterbox.h"

namespace octet {
namespace {

constexpr float kCounted = 0.3F;
constexpr float kSameBox = 0.95F;
constexpr DecodeOptions kDecode{
    .score_threshold = 0.001F, .iou_threshold = 0.7F, .max_detections = 300, .multi_label = true};

// Outputs as an engine or the reference gives them, turned into boxes.
class Boxes {
 public:
  Boxes(const ModelInfo& info, Size size, const std::vector<std::string>& names,
        const std::vector<Shape>& shapes)
      : decoder_(info, Layout::kRaw, size, names, shapes),
        metric_(info.task == Task::kPose ? MetricKind::kKeypoint : MetricKind::kBox,
                info.keypoints) {}

  const Detections& add(std::span<const TensorView> outputs, const LetterboxGeometry& geometry,
                        const std::vector<TruthObject>& truth) {
    decoder_.decode(outputs, geometry, kDecode, found_);
    metric_.add(truth, found_);
    return found_;
  }
  [[nodiscard]] double map50_95() const { return metric_.summary().map50_95; }

 private:
  Decoder decoder_;
  CocoMetric metric_;
  Detections found_;
};

struct Running {
  std::unique_ptr<Engine> engine;
  std::unique_ptr<Network> network;
  std::unique_ptr<Request> request;
  std::unique_ptr<Boxes> boxes;
};

Running start(const Model& model, Size size, const std::filesystem::path& file) {
  Running run{.engine = load_engine("auto")};
  run.network = run.engine->compile({.file = file}, size, {});
  run.request = run.network->make_request();
  std::vector<std::string> names;
  std::vector<Shape> shapes;
  for (const Port& port : run.network->outputs()) {
    names.push_back(port.name);
    shapes.push_back(port.shape);
  }
  run.boxes = std::make_unique<Boxes>(model.info, size, names, shapes);
  return run;
}

void count(std::span<const float> found, const IntegerTensor& wanted, Shares& shares) {
  for (size_t i = 0; i < found.size(); ++i) {
    const int off = std::abs(quantize(found[i], wanted.params) - wanted.values[i]);
    ++shares.values;
    shares.equal += off == 0;
    shares.within_1 += off <= 1;
    shares.within_2 += off <= 2;
    shares.within_4 += off <= 4;
  }
}

float overlap(const PixelBox& a, const PixelBox& b) {
  const float w = std::min(a.x2, b.x2) - std::max(a.x1, b.x1);
  const float h = std::min(a.y2, b.y2) - std::max(a.y1, b.y1);
  if (w <= 0 || h <= 0) return 0;
  const float areas = (a.x2 - a.x1) * (a.y2 - a.y1) + (b.x2 - b.x1) * (b.y2 - b.y1);
  return w * h / (areas - w * h);
}

void match(const Detections& wanted, const Detections& found, EngineComparison& out) {
  for (const Detection& w : wanted.items) {
    if (w.confidence <= kCounted) continue;
    ++out.boxes;
    out.matched += std::any_of(found.items.begin(), found.items.end(), [&](const Detection& f) {
      return f.class_index == w.class_index && overlap(f.box, w.box) >= kSameBox;
    });
  }
}

// The reference's outputs, in the graph's order.
struct ReferenceOutputs {
  std::vector<std::string> names;
  std::vector<const IntegerTensor*> integers;
  std::vector<std::vector<float>> real;
  std::vector<Shape> shapes;

  [[nodiscard]] std::vector<TensorView> views() {
    std::vector<TensorView> list;
    for (size_t i = 0; i < real.size(); ++i)
      list.push_back({.data = real[i].data(), .shape = shapes[i]});
    return list;
  }
  [[nodiscard]] const IntegerTensor& named(const std::string& name) const {
    const auto at = std::find(names.begin(), names.end(), name);
    if (at == names.end()) fail("the export has an output '{}', the model has none", name);
    return *integers[static_cast<size_t>(at - names.begin())];
  }
};

ReferenceOutputs outputs_of(const Model& model,
                            const std::map<std::string, IntegerTensor>& values) {
  ReferenceOutputs out;
  for (const Output& o : model.graph.outputs) {
    const IntegerTensor& t = values.at(o.value);
    out.names.push_back(o.name());
    out.integers.push_back(&t);
    out.real.push_back(t.real());
    out.shapes.push_back({1, t.shape[0], t.shape[1], t.shape[2]});
  }
  return out;
}

void compare_picture(Running& run, ReferenceOutputs& reference, const Detections& wanted,
                     const LetterboxGeometry& geometry, const std::vector<TruthObject>& truth,
                     EngineComparison& out) {
  run.request->start();
  run.request->wait();
  const auto outputs = run.request->outputs();
  for (size_t i = 0; i < outputs.size(); ++i) {
    const std::string& name = run.network->outputs()[i].name;
    const IntegerTensor& integers = reference.named(name);
    count({outputs[i].floats(), integers.values.size()}, integers, out.outputs[name]);
  }
  match(wanted, run.boxes->add(outputs, geometry, truth), out);
}

}  // namespace

std::vector<EngineComparison> compare_engines(const Model& model, Size size,
                                              const std::vector<std::filesystem::path>& files,
                                              const Dataset& data) {
  const IntegerReference reference(model);
  std::vector<Running> runs;
  std::vector<EngineComparison> results;
  for (const auto& file : files) {
    runs.push_back(start(model, size, file));
    const NetworkDescription& d = runs.back().network->description();
    results.push_back({.file = file.string(), .engine = d.engine, .precision = d.precision});
  }
  std::unique_ptr<Boxes> reference_boxes;
  std::vector<uint8_t> input(static_cast<size_t>(size.width) * size.height * 3);
  Progress progress(static_cast<int64_t>(data.samples.size()));
  int64_t done = 0;
  for (const Sample& sample : data.samples) {
    if (stop_requested()) fail("interrupted; no figure is given for a part of the pictures");
    const Image image = read_image(sample.image);
    Letterbox letterbox(image.size(), size);
    letterbox.run(view(image), input.data());
    const auto truth = objects_in_pixels(sample, image.size());
    const auto values = reference.run(input, size);
    ReferenceOutputs outputs = outputs_of(model, values);
    if (!reference_boxes)
      reference_boxes = std::make_unique<Boxes>(model.info, size, outputs.names, outputs.shapes);
    const Detections wanted = reference_boxes->add(outputs.views(), letterbox.geometry(), truth);
    for (size_t r = 0; r < runs.size(); ++r) {
      std::memcpy(runs[r].request->input(), input.data(), input.size());
      compare_picture(runs[r], outputs, wanted, letterbox.geometry(), truth, results[r]);
    }
    progress.update(++done, "through every engine and the integer reference");
  }
  for (size_t r = 0; r < runs.size(); ++r) {
    results[r].map50_95 = runs[r].boxes->map50_95();
    results[r].reference_map50_95 = reference_boxes ? reference_boxes->map50_95() : -1;
  }
  return results;
}

}  // namespace octet
