// Writes the decoded head as operations of an export, for programs that expect the single output of
// Ultralytics' exports.
#pragma once

#include <vector>

#include "core/size.h"
#include "format/emit/emitter.h"
#include "model/model.h"

namespace octet {

// One output of the graph, and its value in the export.
struct HeadPart {
  Output output;
  Emitter::Ref value = 0;
};

// Emits (1, 4 + classes + dims · keypoints, cells) from the outputs, over all cells of all strides:
// boxes as centre and size, class probabilities, keypoints with visibility probabilities.
[[nodiscard]] Emitter::Ref emit_decoded_head(const ModelInfo& info, Size size, Emitter& emitter,
                                             std::vector<HeadPart> parts);

}  // namespace octet
