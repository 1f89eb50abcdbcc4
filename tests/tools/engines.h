// Every way to run an exported model, for tests that compare engines with the references.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "core/size.h"
#include "engine/engine.h"
#include "model/model.h"
#include "quant/reference/operators.h"

namespace octet {

// One way to run a file.
struct Runner {
  const char* name;
  const char* engine;
  const char* format;  // as format/registry.h names it
  EngineSettings settings = {};
  bool rounds_ties_up = false;  // where the reference rounds them to the even step
};
[[nodiscard]] const std::vector<Runner>& runners();

// An image of random bytes (H, W, 3), and the same as (3, H, W) in [0, 1].
[[nodiscard]] std::vector<uint8_t> noise_image(Size size);
[[nodiscard]] FloatTensor as_fractions(const std::vector<uint8_t>& image, Size size);

// Quantizes a model to weights of `bits`. Ranges are those of its values `seen` on an image.
[[nodiscard]] Model quantized(const Model& model, const std::map<std::string, FloatTensor>& seen,
                              int bits);

// Runs an export, or another network that an engine feeds with fractions of 255. Returns the outputs
// by name, images in the order of (C, H, W).
[[nodiscard]] std::map<std::string, std::vector<float>> run_file_in_engine(
    const Runner& runner, const std::filesystem::path& file, const std::vector<uint8_t>& image,
    Size size);

// Exports the model for inputs of `size` and runs the file. Returns the outputs by name, real values
// in the order of (C, H, W).
[[nodiscard]] std::map<std::string, std::vector<float>> run_in_engine(
    const Runner& runner, const Model& model, const std::vector<uint8_t>& image, Size size);

}  // namespace octet
