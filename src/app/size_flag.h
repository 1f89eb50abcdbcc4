// Checks of --imgsz, made while the command line is read.
#pragma once

#include <CLI/CLI.hpp>
#include <string>

#include "model/model.h"

namespace octet {

// "640" or "640x384".
[[nodiscard]] CLI::Validator size_check();
// "640", or "640x640".
[[nodiscard]] CLI::Validator square_check();

// Returns the given side, which passed the check, or the side of the model.
[[nodiscard]] int square_side(const std::string& given, const ModelInfo& info);

}  // namespace octet
