// Makes an int8 network return its outputs as integers with the channels last, as it computes them.
// Their conversion to the file's float planes took a tenth of YOLOv8n's time, and the decoder reads
// integers too.
#pragma once

#include <iosfwd>
#include <openvino/openvino.hpp>
#include <vector>

#include "graph/quantization.h"

namespace octet {

// Rewrites every output with four axes as int8 (N, H, W, C), where a FakeQuantize of 256 levels
// makes it for this output alone. Returns one entry for each output, in their order. The scale is 0
// for an unchanged output.
[[nodiscard]] std::vector<QuantParams> keep_integers(ov::Model& model);

// Writes and reads the entries before a compiled network in the cache. Reading throws where they
// are missing.
void write_outputs(std::ostream& stream, const std::vector<QuantParams>& outputs);
[[nodiscard]] std::vector<QuantParams> read_outputs(std::istream& stream);

}  // namespace octet
