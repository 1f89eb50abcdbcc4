// The options of 'octet quantize', which YOLO models and networks with raw outputs share.
#pragma once

#include <CLI/CLI.hpp>
#include <string>

#include "train/loop/run_folder.h"
#include "train/quantize/quantize.h"

namespace octet {

// Defaults for networks with raw outputs. Found on MoveNet Lightning with 139 persons.
inline constexpr int kRawSteps = 540, kRawBatch = 16;
inline constexpr int kLeastRawEpochs = 5, kMostRawEpochs = 60;
inline constexpr double kRawRate = 0.01;

struct QuantizeCommand {
  std::string model, data, output = "int8.safetensors", size, method = "qat";
  QuantizeOptions quantize;
  double max_drop = -1;
  bool overwrite = false;
  bool strict = false;
  bool json = false;

  // Beside the output, for the report and the state of a training.
  [[nodiscard]] std::filesystem::path run_folder() const;
};

// Prepares the folder of the run, and sets it in the options. What it returns is for
// remove_earlier_run().
[[nodiscard]] RunFolder prepare_run(QuantizeCommand& command, const Model& model);
// "12.3 MB".
[[nodiscard]] std::string size_text(const std::filesystem::path& file);

// The whole of 'octet quantize' for a model with raw outputs. Throws a usage error for an option that
// it does not have.
void quantize_raw_outputs(QuantizeCommand& command, CLI::App& verb, const Model& model);

}  // namespace octet
