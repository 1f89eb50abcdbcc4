// The times of an interpreter's operators, as TensorFlow Lite and its XNNPACK delegate count them.
//
//   OperatorTimes times;
//   api.options_set_profiler(options, times.profiler());
//   times.begin_inference();
//   api.invoke(interpreter);
//   times.end_inference();
//   layers = name_layers(times.mean(), summary);
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "engine/engine.h"
#include "engine/tflite/tflite_api.h"
#include "format/tflite/summary.h"

namespace octet {

// An operator that ran: one of the file, or one that a delegate made of the file's.
struct OperatorTime {
  std::string name;  // "CONV_2D", or "Convolution (NHWC, QC8) IGEMM" of XNNPACK
  bool delegated = false;
  int64_t index = 0;  // in the file, or in the delegate's part of it
  double seconds = 0;
};

// One thread at a time. It outlives the interpreter.
class OperatorTimes {
 public:
  OperatorTimes();
  OperatorTimes(const OperatorTimes&) = delete;
  OperatorTimes& operator=(const OperatorTimes&) = delete;

  [[nodiscard]] TfLiteTelemetryProfiler* profiler() { return &profiler_; }
  void begin_inference();
  void end_inference();
  // Over the inferences behind the cold ones (engine/cold_inferences.h), in the order in which the
  // operators ran. Empty where nothing told its times.
  [[nodiscard]] std::vector<OperatorTime> mean() const;
  // Of the same inferences as a whole, in seconds.
  [[nodiscard]] double mean_inference() const;

 private:
  [[nodiscard]] double counted() const;  // number of inferences in the sums
  OperatorTime& next(const char* name, bool delegated, int64_t index);

  TfLiteTelemetryProfiler profiler_{};
  std::vector<OperatorTime> operators_;  // sums
  size_t at_ = 0;                        // in the inference that runs
  int64_t inferences_ = 0;
  std::chrono::duration<double> whole_{};  // sum
  std::chrono::steady_clock::time_point began_, inference_began_;
};

// The layers by the operators of the file. The times of several operators of XNNPACK that compute
// one of the file are added. `xnnpack`: whether the delegate is used.
[[nodiscard]] std::vector<LayerTime> name_layers(const std::vector<OperatorTime>& times,
                                                 const TfliteSummary& file, bool xnnpack);

// Adds a layer for an external delegate, which tells no times: the rest of the `inference_s` seconds.
void add_delegate(const std::string& delegate, double inference_s, std::vector<LayerTime>& layers);

}  // namespace octet
