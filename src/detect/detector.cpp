#include "detect/detector.h"

#include <malloc.h>

#include <chrono>

#include "core/error.h"
#include "core/hot_path.h"
#include "core/log.h"
#include "detect/trial.h"
#include "engine/registry.h"
#include "model/passes/passes.h"

namespace octet {
namespace {

CheckedOutputs check_outputs(const Artifact& artifact, Size size, const Network& network) {
  return {artifact.info, artifact.layout, size, network.outputs(), artifact.fractions};
}

Voting voting_of(const Artifact& artifact) {
  return artifact.weight_bits > 0 ? Voting::kMean : Voting::kNone;
}

void warn_of_saturation(const Artifact& artifact, Engine& engine, const std::string& name) {
  if (!can_saturate(artifact.weight_bits) || !engine.abilities().int8_saturates) return;
  log_warning(
      "{}: has weights beyond ±64, and {} saturates on this processor (no VNNI) when it adds their "
      "products, which costs accuracy; make a model for it with 'octet quantize --weight-bits 7', "
      "or take another engine ('octet doctor' shows which saturate)",
      name, engine.version());
}

}  // namespace

Detector::Detector(const DetectorOptions& options)
    : artifact_(open_artifact(options.model)),
      engine_(choose_engine({.name = options.engine,
                             .format = artifact_.format,
                             .weight_bits = artifact_.weight_bits,
                             .settings = options.runtime.settings})) {
  const bool undecoded = options.raw || (options.one_person && info().pose_head);
  if (info().task == Task::kRaw && !undecoded)
    fail("{}: is a network {}", options.model.string(),
         info().pose_head ? "for the keypoints of one person; give it beside a detector, as in "
                            "'octet live --model DETECTOR --pose NET'. 'octet detect' and 'octet "
                            "val' run it alone"
                          : "with raw outputs, which octet does not decode; 'octet detect --raw "
                            "FILE' writes them");
  warn_of_saturation(artifact_, *engine_, options.model.string());
  if (artifact_.model) only_size_ = artifact_.model->graph.size;
  if (artifact_.format == nullptr) {
    size_ = choose_size(options, {});
    const Model folded = fold_batch_norm(std::move(*artifact_.model));
    artifact_.model.reset();
    const ExportFormat& format = export_format(engine_->row().formats.front());
    artifact_.content = make_export(format, folded, {.size = size_});
  }
  const NetworkSource source = source_of(artifact_.content, options.model.string());
  if (!options.trusted)
    try_network(*engine_, source, choose_size(options, {}), options.runtime.settings,
                options.stop != nullptr ? *options.stop : stop_requested());
  if (artifact_.format != nullptr) size_ = choose_size(options, engine_->fixed_size(source));
  const auto begin = std::chrono::steady_clock::now();
  network_ = engine_->compile(source, size_, options.runtime);
  log_debug(
      "{}: compiled for {} at {} in {:.0f} ms", options.model.string(), engine_->row().name,
      to_string(size_),
      std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begin).count());
  ::malloc_trim(0);  // compiling leaves as much free memory behind as the network itself takes
  if (undecoded) return;
  try {
    (void)check_outputs(artifact_, size_, *network_);
  } catch (const Error& e) {
    fail("{}: {}", options.model.string(), e.what());
  }
}

Size Detector::choose_size(const DetectorOptions& options, Size fixed) const {
  if (fixed == Size{}) fixed = only_size_.value_or(Size{});
  if (fixed != Size{}) {
    if (options.size && options.size->size != fixed &&
        (options.size->exact || options.size->size.width != longer_side(fixed))) {
      fail_usage("--imgsz {}: {} is fixed to {}; export it again for another size",
                 to_string(options.size->size), options.model.string(), to_string(fixed));
    }
    return fixed;
  }
  const int usual = artifact_.size ? longer_side(*artifact_.size) : info().usual_side();
  const SizeOption wanted =
      options.size.value_or(SizeOption{.size = {usual, usual}, .exact = false});
  return wanted.exact || !options.source ? wanted.size
                                         : fitting_rectangle(wanted.size.width, *options.source);
}

void Detector::say_other_size() const {
  const int trained = info().trained_side;
  if (trained == 0 || trained == longer_side(size_)) return;
  log_info("{}: was trained with --imgsz {}; with {} its accuracy differs", artifact_.file.string(),
           trained, longer_side(size_));
}

std::unique_ptr<Job> Detector::make_job() { return std::make_unique<Job>(*this); }

Job::Job(Detector& detector)
    : decoder_(check_outputs(detector.artifact_, detector.size_, *detector.network_),
               voting_of(detector.artifact_)),
      input_(detector.size_),
      request_(detector.network_->make_request()) {}

Letterbox& Job::letterbox_for(Size source) {
  for (size_t i = 0; i < letterboxes_.size(); ++i) {
    if (letterboxes_[i]->geometry().source != source) continue;
    last_ = i;
    return *letterboxes_[i];
  }
  auto made = std::make_unique<Letterbox>(source, input_);
  if (letterboxes_.size() < kShapes) {
    last_ = letterboxes_.size();
    letterboxes_.push_back(std::move(made));
  } else {
    last_ = (last_ + 1) % kShapes;
    letterboxes_[last_] = std::move(made);
  }
  return *letterboxes_[last_];
}

template <typename View>
void Job::letterbox_and_start(const View& picture) {
  const auto began = std::chrono::steady_clock::now();
  letterbox_for(picture.size).run(picture, request_->input());
  started_ = std::chrono::steady_clock::now();
  letterbox_time_ = started_ - began;
  const ForeignCall engine;
  request_->start();
}

void Job::submit(const RgbView& picture) { letterbox_and_start(picture); }

void Job::submit(const YuvView& picture) { letterbox_and_start(picture); }

void Job::finish(const DecodeOptions& options, Detections& out) {
  {
    const ForeignCall engine;
    request_->wait();
  }
  const auto inferred = std::chrono::steady_clock::now();
  inference_time_ = inferred - started_;
  decoder_.decode(request_->outputs(), letterboxes_[last_]->geometry(), options, out);
  decoding_time_ = std::chrono::steady_clock::now() - inferred;
}

}  // namespace octet
