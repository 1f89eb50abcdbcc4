// Reads Ultralytics checkpoints (.pt) of detection and pose models, written by 8.0 to 8.4. Weights
// may be half or float, fused or not. The averaged weights ("ema") are preferred.
#pragma once

#include <cstddef>
#include <filesystem>
#include <span>
#include <string>

#include "model/model.h"

namespace octet {

// Throws an Error that begins with the file's name. The file is read as data: no code in it runs.
[[nodiscard]] Model read_checkpoint(const std::filesystem::path& path);
[[nodiscard]] Model parse_checkpoint(std::span<const std::byte> bytes, const std::string& name);

}  // namespace octet
