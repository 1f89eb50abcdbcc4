// One way to run a model on a source, and the figures that it has there.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/size.h"

namespace octet {

// The choices of a tuning. Each is an option of 'octet live'.
struct Configuration {
  std::string model;        // its file
  std::string engine;       // as --engine takes it
  std::optional<int> side;  // the longer side of the input; none: the file has a size of its own
  Size input;               // for this source
  int threads = 1;
  std::string precision = "auto";  // as --precision takes it
  int skip = 0;                    // frames between two detections; kAutoSkip: as tracks allow
  bool motion_gate = false;

  bool operator==(const Configuration&) const = default;
  // "yolov8n.pt at 640x384, openvino, 2 threads, 1 frame skipped".
  [[nodiscard]] std::string text() const;
};

// Figures of a configuration on its source.
struct Figures {
  double fps = 0;          // detections a second
  double results_fps = 0;  // with those that tracks gave, or that stand because nothing moved
  double age_ms_p99 = 0;   // from a frame's arrival to its result
  double cpu_percent = 0;  // of all cores
  double cpu_ms = 0;       // processor time of a result
  double watts = 0;        // of the machine's meter; 0: not known

  [[nodiscard]] double cpu_ms_per_detection() const {
    return fps > 0 ? cpu_ms * results_fps / fps : 0;
  }
};

// Where the figures come from. Later ones are better.
enum class Evidence { kPredicted, kLooked, kLive };
[[nodiscard]] const char* evidence_name(Evidence evidence);

// A configuration with its figures, a row of the page.
struct TunePoint {
  Configuration configuration;
  Figures figures;
  Evidence evidence = Evidence::kPredicted;
  double seconds = 0;              // of the longest look or run
  std::optional<double> accuracy;  // 0 … 1; none: it was not measured
  double guess = 0;                // orders points without accuracy: larger networks are better
  std::string ran_in;              // the arithmetic
  std::string failed;              // why its last run failed; such a point is never chosen
};

}  // namespace octet
