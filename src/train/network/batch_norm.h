// Restores BatchNorm for training. A checkpoint whose BatchNorm is folded into the convolutions, or
// neutral (mean 0, variance 1), computes the right function, but batch statistics would change it
// at once. The mean m and variance v of each channel are therefore measured on augmented training
// images, since mosaics have edges that plain images have not. The layer becomes mean = m, variance
// = v, with gamma and beta that leave its function unchanged.
#pragma once

#include "model/model.h"
#include "train/data/batch_loader.h"

namespace octet {

// Returns the model unchanged when its statistics are real. Otherwise it measures them and logs a
// line.
[[nodiscard]] Model with_batch_norm(const Model& model, const Dataset& data,
                                    const LoaderOptions& options);

}  // namespace octet
