// The whole way from a float model to int8 files that are as fast as wanted: training where the
// model does not know the classes, candidates (plan.h), the winner's training, int8, exports,
// comparison with the model, times, and a report.
//
// Folder: stages/ with the result of each stage; a folder for each training; int8.safetensors,
// export/ and report.html at the end, beside whole-int8.safetensors and export-whole/ of the
// unpruned model.
#pragma once

#include "compress/options.h"
#include "compress/result.h"

namespace octet {

// Goes on where an earlier call with the same options stopped. Throws an Error when the target
// cannot be met, when a stage fails, and when it is interrupted.
[[nodiscard]] CompressResult compress(const CompressOptions& options);

}  // namespace octet
