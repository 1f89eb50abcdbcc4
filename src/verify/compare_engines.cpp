#include "verify/compare_engines.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <deque>
#include <memory>
#include <set>

#include "core/error.h"
#include "core/log.h"
#include "core/process.h"
#include "core/progress.h"
#include "detect/trial.h"
#include "engine/registry.h"
#include "eval/map_evaluator.h"
#include "format/openvino/ir.h"
#include "format/registry.h"
#include "graph/shapes.h"
#include "media/image/image_io.h"
#include "quant/params.h"
#include "verify/reference_outputs.h"
#include "vision/box.h"
#include "vision/decode.h"
#include "vision/letterbox.h"

namespace octet {
namespace {

constexpr float kCounted = 0.3F;
constexpr float kSameBox = 0.95F;

// Of boxes, in every engine. One-step differences grow over sixty layers: OpenVINO matched 84 to
// 94 % at IoU 0.95 with exports whose every parameter is right.
constexpr double kLeastMatched = 0.8;
// Of all values inside the network, each on the engine's own inputs.
constexpr double kLeastWithinOne = 0.99;

// Of each raw output, within two steps. The nodes are those of an export that is made anew, so the
// outputs alone show another file. MoveNet, PoseNet and BlazePose have all values within one step in
// single precision, 96 % and more within two in half precision, and in int8 all are equal where the
// nodes are.
constexpr double kLeastWithinTwo = 0.99, kLeastWithinTwoInCoarse = 0.9;

// Few boxes fall short of a share by chance: of six, four. Two standard deviations are let pass.
bool has_share(int64_t part, int64_t all, double share) {
  const double wanted = static_cast<double>(all) * share;
  return static_cast<double>(part) >= wanted - 2 * std::sqrt(wanted * (1 - share));
}

// As the detector has it.
Voting voting_of(const Model& model) {
  return model.quantization.empty() ? Voting::kNone : Voting::kMean;
}

bool has_boxes(const Model& model) { return model.info.task != Task::kRaw; }

// Outputs as an engine or the reference gives them, turned into boxes.
class Boxes {
 public:
  Boxes(const ModelInfo& info, Size size, const std::vector<Port>& ports, Voting voting)
      : decoder_({info, Layout::kRaw, size, ports}, voting), evaluator_(info) {}

  const Detections& add(std::span<const TensorView> outputs, const LetterboxGeometry& geometry,
                        const Sample& sample) {
    decoder_.decode(outputs, geometry, kMapDecode, found_);
    evaluator_.add(sample, geometry.source, found_);
    return found_;
  }
  [[nodiscard]] double map50_95() const { return evaluator_.main().summary().map50_95; }

 private:
  Decoder decoder_;
  MapEvaluator evaluator_;
  Detections found_;
};

struct EngineFile {
  std::filesystem::path file;
  const ExportFormat* format;
  std::string engine;
  KernelSet kernels;
};

// An export in an engine.
struct Running {
  Running(const Model& model, Size size, const NetworkSource& source, const EngineFile& run)
      : engine(load_engine(run.engine)) {
    try_network(*engine, source, size, run.kernels.settings);
    network = engine->compile(source, size, {.settings = run.kernels.settings});
    request = network->make_request();
    if (has_boxes(model))
      boxes = std::make_unique<Boxes>(model.info, size, network->outputs(), voting_of(model));
  }
  // `input`: as large as the network's, which compile() made sure of.
  void run(std::span<const uint8_t> input) {
    std::memcpy(request->input(), input.data(), input.size());
    request->start();
    request->wait();
  }

  std::unique_ptr<Engine> engine;
  std::unique_ptr<Network> network;
  std::unique_ptr<Request> request;
  std::unique_ptr<Boxes> boxes;  // null: the outputs are raw
};

// A value of the graph as an engine shows it: its shape (1, C, H, W), and of a raw output its form.
struct Shown {
  Shape shape;
  RawForm form = {};
};

// An engine's output as integers of these parameters, in the order (C, H, W).
IntegerTensor integers(const TensorView& view, const QuantParams& params, const Shown& shown) {
  const Shape& s = shown.shape;
  IntegerTensor out{.shape = {s[1], s[2], s[3]}, .params = params, .values = {}};
  const int64_t channels = s[1];
  const int64_t cells = s[2] * s[3];
  if (element_count(view.shape) != channels * cells)
    fail("the engine gives {} values, the model {}", element_count(view.shape), channels * cells);
  const bool rows = shown.form.shape.empty() ? view.channels_last : shown.form.channels_last;
  out.values.resize(static_cast<size_t>(channels * cells));
  const auto at = [&](int64_t from) {
    return view.type == ElementType::kInt8 ? view.integers()[from]
                                           : quantize(view.floats()[from], params);
  };
  for (int64_t c = 0; c < channels; ++c) {
    for (int64_t i = 0; i < cells; ++i)
      out.values[static_cast<size_t>(c * cells + i)] = at(rows ? i * channels + c : c * cells + i);
  }
  return out;
}

Shares count(const IntegerTensor& found, const IntegerTensor& wanted) {
  Shares shares;
  for (size_t i = 0; i < found.values.size(); ++i) {
    const int off = std::abs(found.values[i] - wanted.values[i]);
    ++shares.values;
    shares.equal += off == 0;
    shares.within_1 += off <= 1;
    shares.within_2 += off <= 2;
    shares.within_4 += off <= 4;
  }
  return shares;
}

void match(const Detections& wanted, const Detections& found, EngineComparison& out) {
  for (const Detection& w : wanted.items) {
    if (w.confidence <= kCounted) continue;
    ++out.boxes;
    out.matched += std::any_of(found.items.begin(), found.items.end(), [&](const Detection& f) {
      return f.class_index == w.class_index && intersection_over_union(f.box, w.box) >= kSameBox;
    });
  }
}

// Every value that an engine shows, against the reference's node on the engine's own inputs. What
// the engine keeps to itself, the reference computes from what it shows.
class NodeComparison {
 public:
  NodeComparison(const Model& model, const IntegerReference& reference, Running& run,
                 const IntegerTensor& image)
      : model_(model), reference_(reference) {
    const Shape& s = image.shape;
    const auto shapes = infer_shapes(model.graph, {static_cast<int>(s[2]), static_cast<int>(s[1])});
    values_[model.graph.input] = image;
    std::map<std::string, Output> outputs;
    for (const Output& o : model.outputs()) outputs[o.name()] = o;
    const auto views = run.request->outputs();
    for (size_t i = 0; i < views.size(); ++i) {
      const std::string& port = run.network->outputs()[i].name;
      const bool inner = port.starts_with(kValuePrefix);
      const Output output =
          inner ? Output{.value = port.substr(kValuePrefix.size())} : outputs.at(port);
      values_[output.value] = integers(views[i], *model.quantization.find(output.value),
                                       {shapes.at(output.value), output.raw});
      shown_.insert(output.value);
    }
  }

  void compare(NodeShares& out) {
    for (const Node& node : model_.graph.nodes) {
      if (!shown_.contains(node.name)) continue;
      const Shares shares = count(values_.at(node.name), expected(node));
      out.all += shares;
      Shares& own = out.nodes[node.name];
      own += shares;
    }
  }

 private:
  IntegerTensor expected(const Node& node) {
    std::vector<const IntegerTensor*> inputs;
    for (const std::string& name : reference_.inputs_of(node)) inputs.push_back(&value(name));
    return reference_.run_node(node, inputs);
  }
  const IntegerTensor& value(const std::string& name) {
    const auto at = values_.find(name);
    if (at != values_.end()) return at->second;
    return values_[name] = expected(*model_.graph.find(name));
  }

  const Model& model_;
  const IntegerReference& reference_;
  std::map<std::string, IntegerTensor> values_;
  std::set<std::string> shown_;
};

// Every export in every one of the engines that is installed and reads it, with each set of kernels.
std::vector<EngineFile> runnable(const std::vector<std::filesystem::path>& files,
                                 const std::vector<std::string>& engines) {
  std::vector<EngineFile> out;
  for (const std::string& name : engines) {
    try {
      const EngineRow& row = load_engine(name)->row();
      for (const auto& file : files) {
        const ExportFormat* format = export_format_of(file);
        if (format == nullptr || !row.reads(*format)) continue;
        for (const KernelSet& kernels : row.kernel_sets)
          out.push_back({file, format, name, kernels});
      }
    } catch (const Error& e) {
      log_warning("left out: {}", e.what());
    }
  }
  return out;
}

// How many pictures are compared node by node: each takes the reference's time again.
constexpr int kNodePictures = 2;
constexpr int64_t kNodeWork =
    10;  // of such a picture, in pictures whose outputs alone are compared

std::string name_of(const NetworkDescription& network, const KernelSet& kernels) {
  return kernels.name.empty() ? network.engine : fmt::format("{} {}", network.engine, kernels.name);
}

bool all_equal(const Shares& s) { return s.equal == s.values; }

bool raw_outputs_agree(const EngineComparison& c) {
  if (!all_equal(c.nodes.all)) return true;  // the engine's own rounding grows over the layers
  const bool fine = c.precision == "fp32" && !c.half_weights;
  const double share = fine ? kLeastWithinTwo : kLeastWithinTwoInCoarse;
  return std::all_of(c.outputs.begin(), c.outputs.end(), [share](const auto& output) {
    return has_share(output.second.within_2, output.second.values, share);
  });
}

// All exports in all engines, picture by picture.
class Comparison {
 public:
  Comparison(const Model& model, Size size, const std::vector<EngineFile>& files)
      : model_(model),
        size_(size),
        reference_(model),
        files_(files),
        input_(static_cast<size_t>(size.width) * size.height * 3) {
    for (const Output& o : model.outputs()) forms_[o.name()] = o.raw;
    for (const EngineFile& e : files_) {
      const ExportContent& content = contents_.emplace_back(read_export(*e.format, e.file));
      runs_.emplace_back(model, size, source_of(content, e.file.string()), e);
      const NetworkDescription& d = runs_.back().network->description();
      results_.push_back(
          {.file = e.file.string(),
           .engine = name_of(d, e.kernels),
           .device = d.device,
           .precision = d.precision,
           .raw = !has_boxes(model),
           .half_weights = has_half_weights(e.format->read_metadata(content, e.file.string()))});
    }
  }

  void add(const Sample& sample, bool with_nodes) {
    const Image image = read_image(sample.image);
    Letterbox letterbox(image.size(), size_);
    letterbox.run(view(image), input_.data());
    ReferenceOutputs outputs = reference_.run(input_, size_);
    Detections wanted;
    if (has_boxes(model_)) {
      if (!reference_boxes_)
        reference_boxes_ =
            std::make_unique<Boxes>(model_.info, size_, outputs.ports(), voting_of(model_));
      wanted = reference_boxes_->add(outputs.views(), letterbox.geometry(), sample);
    }
    for (size_t r = 0; r < runs_.size(); ++r) {
      Running& run = runs_[r];
      run.run(input_);
      compare_outputs(run, outputs, results_[r]);
      if (run.boxes != nullptr)
        match(wanted, run.boxes->add(run.request->outputs(), letterbox.geometry(), sample),
              results_[r]);
      if (with_nodes && reference_.integer() != nullptr)
        compare_nodes(files_[r], results_[r].nodes);
    }
  }

  std::vector<EngineComparison> results() {
    for (size_t r = 0; r < runs_.size(); ++r) {
      if (runs_[r].boxes == nullptr) continue;
      results_[r].map50_95 = runs_[r].boxes->map50_95();
      results_[r].reference_map50_95 = reference_boxes_ ? reference_boxes_->map50_95() : -1;
    }
    return std::move(results_);
  }

 private:
  void compare_outputs(const Running& run, const ReferenceOutputs& reference,
                       EngineComparison& out) const {
    const auto views = run.request->outputs();
    for (size_t i = 0; i < views.size(); ++i) {
      const std::string& name = run.network->outputs()[i].name;
      const IntegerTensor& expected = reference.named(name);
      const Shape& s = expected.shape;
      const Shown shown{.shape = {1, s[0], s[1], s[2]}, .form = forms_.at(name)};
      out.outputs[name] += count(integers(views[i], expected.params, shown), expected);
    }
  }

  // The same model once more, written with every value as an output.
  void compare_nodes(const EngineFile& e, NodeShares& out) const {
    const ExportContent content =
        make_export(*e.format, model_, {.size = size_, .layout = Layout::kEveryValue});
    const NetworkSource source = source_of(content, e.file.string());
    Running run(model_, size_, source, e);
    run.run(input_);
    NodeComparison(model_, *reference_.integer(), run, image_tensor(input_, size_)).compare(out);
  }

  const Model& model_;
  Size size_;
  Reference reference_;
  std::vector<EngineFile> files_;
  std::map<std::string, RawForm> forms_;  // of outputs
  std::vector<uint8_t> input_;
  std::deque<ExportContent> contents_;  // of files_; they outlive runs_
  std::vector<Running> runs_;
  std::vector<EngineComparison> results_;
  std::unique_ptr<Boxes> reference_boxes_;
};

}  // namespace

Shares& Shares::operator+=(const Shares& other) {
  values += other.values;
  equal += other.equal;
  within_1 += other.within_1;
  within_2 += other.within_2;
  within_4 += other.within_4;
  return *this;
}

bool EngineComparison::exact() const {
  return all_equal(nodes.all) &&
         std::all_of(outputs.begin(), outputs.end(),
                     [](const auto& output) { return all_equal(output.second); });
}

bool EngineComparison::agrees() const {
  return has_share(matched, boxes, kLeastMatched) && (!raw || raw_outputs_agree(*this)) &&
         static_cast<double>(nodes.all.within_1) >=
             kLeastWithinOne * static_cast<double>(nodes.all.values);
}

std::vector<EngineComparison> compare_engines(const Model& model, Size size,
                                              const std::vector<std::filesystem::path>& files,
                                              const Dataset& data,
                                              const std::vector<std::string>& engines) {
  const std::vector<EngineFile> runs = runnable(files, engines);
  if (runs.empty()) return {};
  Comparison comparison(model, size, runs);
  const auto work_until = [&](size_t pictures) {
    const size_t with_nodes =
        model.quantization.empty() ? 0 : std::min<size_t>(pictures, kNodePictures);
    return static_cast<int64_t>(pictures) + (kNodeWork - 1) * static_cast<int64_t>(with_nodes);
  };
  Progress progress(work_until(data.samples.size()), "comparing engines");
  for (size_t i = 0; i < data.samples.size(); ++i) {
    if (stop_requested()) fail("interrupted: results of a part of the images are not shown");
    comparison.add(data.samples[i], i < kNodePictures);
    progress.update(work_until(i + 1));
  }
  return comparison.results();
}

}  // namespace octet
