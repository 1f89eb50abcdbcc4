// An int8 network's outputs as it computes them, integers with the channels last. Turning them into
// the file's float planes took a tenth of YOLOv8n's time, and decoding reads integers as well.
#pragma once

#include <iosfwd>
#include <openvino/openvino.hpp>
#include <vector>

namespace octet {

// Of an output that is int8 (N, H, W, C); of one left as the file has it, the scale is 0.
struct IntegerOutput {
  float scale = 0;
  int zero_point = 0;
};

// Rewrites every output of four sides that a FakeQuantize of 256 levels makes, for it alone. One
// entry for each output, in their order.
[[nodiscard]] std::vector<IntegerOutput> keep_integers(ov::Model& model);

// In front of a compiled network that is kept. The second throws where they are not.
void write_outputs(std::ostream& stream, const std::vector<IntegerOutput>& outputs);
[[nodiscard]] std::vector<IntegerOutput> read_outputs(std::istream& stream);

}  // namespace octet
