// A model that is ready for images: an open file, compiled for an input size, with letterbox and
// decoder. detect, val and live use it.
//
// Several threads may use one Detector, each with its own Job. A Job must not outlive its Detector.
//
//   Detector detector({.model = "int8.safetensors"});
//   const auto job = detector.make_job();
//   Detections detections;
//   job->submit(view(image));
//   job->finish({}, detections);
#pragma once

#include <atomic>
#include <chrono>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "detect/artifact.h"
#include "engine/engine.h"
#include "vision/decode.h"
#include "vision/letterbox.h"

namespace octet {

struct DetectorOptions {
  std::filesystem::path model;
  std::string engine = "auto";
  std::optional<SizeOption> size;  // as --imgsz gave it
  std::optional<Size>
      source;  // of images; with it one side means the fitting rectangle, else the square
  EngineOptions runtime;
  bool one_person = false;  // a network with a pose head is taken, too; it is for a PoseNetwork
  bool raw = false;      // outputs are given as they are (detect/raw_network.h), without a decoder
  bool trusted = false;  // the file is not tried in a child before it is loaded (detect/trial.h)
  const std::atomic<bool>* stop = nullptr;  // ends a trial that runs; null: stop_requested()
};

class Job;

class Detector {
 public:
  explicit Detector(const DetectorOptions& options);

  [[nodiscard]] const ModelInfo& info() const { return artifact_.info; }
  [[nodiscard]] const Artifact& artifact() const { return artifact_; }
  [[nodiscard]] const std::filesystem::path& file() const { return artifact_.file; }
  [[nodiscard]] Size input_size() const { return size_; }
  [[nodiscard]] const NetworkDescription& description() const { return network_->description(); }
  [[nodiscard]] const EngineRow& engine() const { return engine_->row(); }
  [[nodiscard]] std::unique_ptr<Job> make_job();
  // Logs a line when the model was trained with another size.
  void say_other_size() const;

 private:
  friend class Job;
  friend class PoseJob;
  friend class PoseNetwork;
  friend class RawNetwork;
  Size choose_size(const DetectorOptions& options, Size fixed) const;

  Artifact artifact_;  // of a model without a file of the engine's, with what it was exported to
  std::unique_ptr<Engine> engine_;
  std::unique_ptr<Network> network_;
  std::optional<Size> only_size_;  // of a model file
  Size size_;
};

// One image in work. submit() letterboxes it and starts the inference. finish() waits and decodes.
class Job {
 public:
  explicit Job(Detector& detector);

  void submit(const RgbView& picture);
  void submit(const YuvView& picture);
  void finish(const DecodeOptions& options, Detections& out);
  // The time of the last inference, without letterbox and decoding.
  [[nodiscard]] std::chrono::duration<double, std::milli> inference_time() const {
    return inference_time_;
  }
  // The times of the last letterbox and of the last decoding of outputs.
  [[nodiscard]] std::chrono::duration<double, std::milli> letterbox_time() const {
    return letterbox_time_;
  }
  [[nodiscard]] std::chrono::duration<double, std::milli> decoding_time() const {
    return decoding_time_;
  }
  // As Request::layers().
  [[nodiscard]] std::vector<LayerTime> layers() { return request_->layers(); }

 private:
  Letterbox& letterbox_for(Size source);
  template <typename View>
  void letterbox_and_start(const View& picture);

  static constexpr size_t kShapes = 8;  // of pictures in turn, for which a letterbox is kept

  Decoder decoder_;
  std::vector<std::unique_ptr<Letterbox>> letterboxes_;
  size_t last_ = 0;  // the one of the last picture
  Size input_;
  std::unique_ptr<Request> request_;
  std::chrono::steady_clock::time_point started_;
  std::chrono::duration<double, std::milli> letterbox_time_{}, inference_time_{}, decoding_time_{};
};

}  // namespace octet
