// Where the time of a frame goes: its phases, and within the inference its layers.
//
//   NoiseFeed feed;
//   const Profile profile = profile_model({.detector = options}, feed);
//   for (const ProfiledLayer& layer : profile.layers) …
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "detect/detector.h"
#include "measure/profile/feed.h"

namespace octet {

struct Phase {
  std::string name;
  double ms = 0;  // mean
};

struct ProfiledLayer {
  LayerTime time;
  std::string node;                // of the model; empty: not known
  double share = 0;                // of the sum of layers
  double gops = 0;                 // 2e-9 × multiply-accumulates a second; 0: none
  std::optional<double> of_peak;   // gops as a share of the peak of its precision
  std::optional<double> alone_ms;  // measured in a small network of its own
};

// The most operations a second that are known of this processor in this engine.
struct Peak {
  std::string precision, origin;
  double gops = 0;
};

struct Profile {
  std::string model;
  NetworkDescription network;
  Size input;
  int64_t frames = 0;
  std::vector<Phase> phases;  // of a frame, in their order
  double inference_ms = 0;    // median
  double mean_ms = 0;         // mean of the same inferences
  double fast_ms = 0;         // a tenth of them are faster; cut networks are timed so
  double profiled_ms = 0;     // median of the inferences whose layers were timed, in turn with them
  double layers_ms = 0;       // sum of the layers
  double timing_ms = 0;       // of the timing itself, that the layers told too much
  double cpu_ms_per_frame = 0;  // processor time of all phases
  std::optional<double> joules_per_frame;
  bool cut = false;                   // times are differences of cut networks
  std::vector<ProfiledLayer> layers;  // in the order in which they ran
  std::vector<Peak> peaks;            // none of cut networks
};

struct ProfileOptions {
  DetectorOptions detector;
  double seconds = 3;              // of inference
  bool cut = false;                // cut networks also where the engine tells times
  std::filesystem::path named_by;  // a model whose nodes name the layers of an export; may be empty
  std::string octet;               // the version of the program
};

// Throws a usage Error where the file has to be cut and cannot be, and an Error when it is
// interrupted.
[[nodiscard]] Profile profile_model(const ProfileOptions& options, FrameFeed& feed);

}  // namespace octet
