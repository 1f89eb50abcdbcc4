// BatchNorm whose statistics can be trained on. A checkpoint whose BatchNorm is folded into the
// convolutions, or neutral (mean 0, variance 1), computes the right function, but batch statistics
// would change it at once. Each channel's mean m and variance v are measured on training pictures
// as they come, augmented (mosaics have edges that plain pictures have not), and the layer becomes
// mean = m, variance = v, with gamma and beta such that what it computes is unchanged.
#pragma once

#include "model/model.h"
#include "train/data/batch_loader.h"

namespace octet {

// The model as it is when its statistics are real; says so in the log when they are not.
[[nodiscard]] Model with_batch_norm(const Model& model, const Dataset& data,
                                    const LoaderOptions& options);

}  // namespace octet
