// An int8 network's outputs as it computes them, integers with the channels last. Turning them into
// the file's float planes took a tenth of YOLOv8n's time, and decoding reads integers as well.
#pragma once

#include <iosfwd>
#include <openvino/openvino.hpp>
#include <vector>

#include "graph/quantization.h"

namespace octet {

// Rewrites every output of four sides that a FakeQuantize of 256 levels makes, for it alone, as
// int8 (N, H, W, C). One entry for each output, in their order; of one left as the file has it, the
// scale is 0.
[[nodiscard]] std::vector<QuantParams> keep_integers(ov::Model& model);

// In front of a compiled network that is kept. The second throws where they are not.
void write_outputs(std::ostream& stream, const std::vector<QuantParams>& outputs);
[[nodiscard]] std::vector<QuantParams> read_outputs(std::istream& stream);

}  // namespace octet
