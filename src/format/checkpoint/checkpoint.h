// Ultralytics checkpoints (.pt) of YOLOv8 detection and pose models, written by 8.0 to 8.4: half or
// float, fused or not; the averaged weights ("ema") are taken where there are any.
#pragma once

#include <cstddef>
#include <filesystem>
#include <span>
#include <string>

#include "model/model.h"

namespace octet {

// Throws an Error that begins with the file's name. The file is data only: no code in it can run.
[[nodiscard]] Model read_checkpoint(const std::filesystem::path& path);
[[nodiscard]] Model parse_checkpoint(std::span<const std::byte> bytes, const std::string& name);

}  // namespace octet
