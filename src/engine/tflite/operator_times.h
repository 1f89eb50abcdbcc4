// The times of an interpreter's operators, as TensorFlow Lite and its XNNPACK delegate count them.
//
//   OperatorTimes times;
//   api.options_set_profiler(options, times.profiler());
//   times.begin_inference();
//   api.invoke(interpreter);
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
  // Over the inferences, in the order in which the operators ran.
  [[nodiscard]] std::vector<OperatorTime> mean() const;

 private:
  OperatorTime& next(const char* name, bool delegated, int64_t index);

  TfLiteTelemetryProfiler profiler_{};
  std::vector<OperatorTime> operators_;  // sums
  size_t at_ = 0;                        // in the inference that runs
  int inferences_ = 0;
  std::chrono::steady_clock::time_point began_;
};

// The layers by the operators of the file. The times of several operators of XNNPACK that compute
// one of the file are added. `xnnpack`: whether the delegate is used.
[[nodiscard]] std::vector<LayerTime> name_layers(const std::vector<OperatorTime>& times,
                                                 const TfliteSummary& file, bool xnnpack);

}  // namespace octet
