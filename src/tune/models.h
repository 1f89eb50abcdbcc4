// The models of a tuning: the engines and input sizes that each can run with on this machine.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/size.h"
#include "model/model.h"

namespace octet {

struct TuneModel {
  std::string file;
  ModelInfo info;
  bool is_float = true;
  bool own_size = false;                // an export, which has one input size
  Size size;                            // then
  double parameters = 0;                // of an export about
  std::vector<std::string> engines;     // those that are installed and read it
  std::vector<std::string> saturating;  // of these: int8 sums of its weights may saturate there
  std::vector<int> sides;  // longer sides of inputs, the largest first; one with own_size

  // The input for a source of that size.
  [[nodiscard]] Size input(int side, Size source) const;
  // The file of another program does not tell that it is int8. A look does.
  void ran_in(const std::string& precision);
  // A name for what an engine computes, from what it says that it ran in. Runs of one arithmetic
  // give the same boxes: "bf16", "int8", "int8 of openvino" where its sums saturate.
  [[nodiscard]] std::string arithmetic(const std::string& engine, const std::string& ran_in) const;
};

struct ModelSpace {
  std::vector<std::string> files, engines;  // engines: empty: every quick one that is installed
  std::vector<int> sides;                   // empty: the usual side of the model and smaller ones
};

// Throws an Error that names a file which cannot be opened, is run by no engine, or has other
// classes than the first.
[[nodiscard]] std::vector<TuneModel> open_models(const ModelSpace& space);

// The usual side of a model and smaller ones, multiples of 32, each about 0.84 of the one before.
[[nodiscard]] std::vector<int> usual_sides(int largest);

// 1, 2, 4 … and all cores.
[[nodiscard]] std::vector<int> usual_threads(int cores);

// The index of the model whose boxes the others are compared with: float before int8, then the
// one of the most parameters × pixels of its largest input.
[[nodiscard]] size_t strongest(const std::vector<TuneModel>& models);

}  // namespace octet
