// A network that is run for its outputs as they are. `detect --raw` uses it.
#pragma once

#include <memory>
#include <vector>

#include "detect/detector.h"
#include "format/npz/npz.h"

namespace octet {

// Runs a Detector's network without its decoder.
class RawNetwork {
 public:
  // `detector` was made with DetectorOptions::raw, and has to outlive this object.
  explicit RawNetwork(Detector& detector);

  // Letterboxes the picture, runs it, and appends each output to arrays().
  void run(const RgbView& picture);
  // One for each output: the first axis counts the pictures. Behind it are the axes of the output,
  // without a first one of one element.
  [[nodiscard]] const std::vector<NamedArray>& arrays() const { return arrays_; }

 private:
  std::unique_ptr<Request> request_;
  Size input_;
  std::vector<NamedArray> arrays_;
};

}  // namespace octet
