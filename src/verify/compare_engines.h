// Runs the same images through an export in its engine and through the reference, and compares.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "eval/dataset/dataset.h"
#include "model/model.h"
#include "quant/reference/integer_reference.h"

namespace octet {

// The shares of values by their difference in steps (verify/reference_outputs.h).
struct Shares {
  int64_t values = 0, equal = 0, within_1 = 0, within_2 = 0, within_4 = 0;

  Shares& operator+=(const Shares& other);
};

// The shares of every node, against the reference on the engine's own inputs.
struct NodeShares {
  Shares all;
  std::map<std::string, Shares> nodes;
};

struct EngineComparison {
  std::string file, engine, device, precision;
  bool raw = false;           // the outputs have no boxes
  bool half_weights = false;  // in the file, whatever the engine computes in
  std::map<std::string, Shares> outputs;
  NodeShares nodes;
  // With a score above 0.3 in the reference; IoU ≥ 0.95. Raw outputs have no boxes.
  int64_t boxes = 0, matched = 0;
  double map50_95 = 0, reference_map50_95 = 0;

  // Whether the engine computes this model: nearly all values of nodes differ by a step at most,
  // and enough boxes match. Of raw outputs nearly all values have to be within two steps, except in
  // an engine whose integers are not those of the reference at every node: there single steps grow
  // without a limit.
  [[nodiscard]] bool agrees() const;
  [[nodiscard]] bool exact() const;  // every value equals the reference's
};

// `files` are exports in the raw layout at one size. `model` is quantized throughout or not at all.
// A float model is not compared node by node. Each of the `engines` runs once with each of its sets
// of kernels.
[[nodiscard]] std::vector<EngineComparison> compare_engines(
    const Model& model, Size size, const std::vector<std::filesystem::path>& files,
    const Dataset& data, const std::vector<std::string>& engines);

}  // namespace octet
