// Writes the head as the Edge TPU detector of Frigate reads it: two int8 tensors of logits.
//
// That detector (frigate/detectors/plugins/edgetpu_tfl.py, July 2026) finds the box tensor by its
// 64 columns, and the class tensor by more than one column. Its cells are those of the strides 8,
// 16 and 32, row by row. The bins of its boxes are 0 … 15. It subtracts the zero point of the
// class logits within 8 bits, so a negative zero point would turn high scores into low ones.
#pragma once

#include <vector>

#include "format/emit/decoded_head.h"
#include "format/emit/emitter.h"
#include "model/model.h"

namespace octet {

// Returns the model with a head that Frigate can read. All strides share the parameters of their
// role, and a class named "unused" is added where the number of classes is 1 or 64. Throws an Error
// for a float or pose model, and for other strides or bins.
[[nodiscard]] Model prepared_for_frigate(Model model);

// Emits the outputs "class" (1, cells, classes) and "box" (1, cells, 64) of a prepared model.
void emit_frigate_head(const Model& model, Emitter& emitter, const std::vector<HeadPart>& parts);

}  // namespace octet
