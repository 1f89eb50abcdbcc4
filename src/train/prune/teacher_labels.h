// Labels for images that have none: what a model finds in them.
#pragma once

#include <string>

#include "core/size.h"
#include "eval/dataset/dataset.h"
#include "model/model.h"

namespace octet {

// Replaces the labels of every sample by what `model` finds, and takes names and keypoints from it.
[[nodiscard]] Dataset labelled_by(const Model& model, Dataset data, const SizeOption& size);

// The same where no image has a label; then it logs a line that begins with `name`, and returns true.
// Throws an Error that begins with it when the model finds nothing, and when it is interrupted.
bool label_where_missing(Dataset& data, const Model& model, const SizeOption& size,
                         const std::string& name);

}  // namespace octet
