// The numbers of a tensor in an ONNX file.
#pragma once

#include <onnx/onnx_pb.h>

#include "core/budget.h"
#include "format/import/draft.h"

namespace octet {

// Takes its memory from the budget. Throws an Error with the reason when its type has no numbers, or
// when it does not fill its shape.
[[nodiscard]] Constant read_onnx_tensor(const onnx::TensorProto& tensor, Budget& budget);

}  // namespace octet
