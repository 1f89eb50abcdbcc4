// Writes TensorFlow SavedModels from a model, and reads their metadata and parameters.
//
// A SavedModel is a folder. Its saved_model.pb has the graph with all weights as constants, so that
// there are no variables and no other files. Tensors of images are NHWC, inputs and outputs too. A
// quantized model computes in float between fake quantizers, which hold octet's own ranges.
#pragma once

#include <map>
#include <span>
#include <string>

#include "core/size.h"
#include "format/listing.h"
#include "model/model.h"

namespace octet {

// Returns the bytes of saved_model.pb.
[[nodiscard]] std::string make_saved_model(const Model& model, Size size, Layout layout);

// Returns the texts of collections. Throws an Error that names the file when it is not a
// SavedModel, or when its constants have NaN.
[[nodiscard]] std::map<std::string, std::string> read_saved_model_metadata(
    std::span<const std::byte> bytes, const std::string& name);

// Throws an Error that names the file when it is damaged.
[[nodiscard]] ExportListing list_saved_model(std::span<const std::byte> bytes,
                                             const std::string& name);

}  // namespace octet
