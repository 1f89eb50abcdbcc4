// An Ultralytics checkpoint (.pt) becomes octet's model file (.safetensors). The checkpoint is read
// as data: no code in it can run.
//
// Threads: the function may be called from any thread.
//
// Example:
//   octet::import_checkpoint("best.pt", "best.safetensors");
#pragma once

#include <filesystem>

#include "octet/log.h"
#include "octet/version.h"

namespace octet::v0 {

struct ImportOptions {
  bool half = false;  // convolution weights in half precision: half the size
  Log log = {};
};

// Throws an Error that names the file when `checkpoint` is missing, damaged, or of a family that
// octet does not know, or when `model` cannot be written. `model` appears when it is complete.
OCTET_API void import_checkpoint(const std::filesystem::path& checkpoint,
                                 const std::filesystem::path& model,
                                 const ImportOptions& options = {});

}  // namespace octet::v0
