// Walks a Graph over an Emitter, and so describes how a model becomes a file of any format.
#pragma once

#include "core/size.h"
#include "format/emit/emitter.h"
#include "model/model.h"

namespace octet {

// Writes a model and its metadata. BatchNorm has to be folded.
//
// Raw layout: input "image", uint8 (1, H, W, 3), RGB; one float output per stride and role, NCHW,
// named Output::name(). Ultralytics layout: input "images", float (1, 3, H, W) in [0, 1]; one
// output "output0" (1, 4 + classes + dims·keypoints, cells). It has boxes as centre and size in
// network pixels, class probabilities, and keypoints in network pixels with visibility
// probabilities. Frigate layout: the input of the raw layout, and the outputs of frigate_head.h.
// Throws an Error where the model has no such layout.
void lower(const Model& model, Size size, Layout layout, Emitter& emitter);

// Returns the metadata of an export: "octet" (JSON: the model's information and the layout), and
// for Ultralytics' layout the keys that Ultralytics' programs read.
[[nodiscard]] std::map<std::string, std::string> export_metadata(const Model& model, Size size,
                                                                 Layout layout);

}  // namespace octet
