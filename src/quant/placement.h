// Where quantizers go. One place decides it for training, calibration, the integer reference and
// every exporter, by the rules of the strictest target (full-integer TensorFlow Lite):
//   - what an operator makes that only moves data, or that engines give no other scale (Concat,
//     Slice, pooling, resizing), shares the parameters of its inputs;
//   - a convolution's output is quantized before SiLU; before ReLU and ReLU6, which engines fuse,
//     it is not: the activation's output is;
//   - the sum of an Add has parameters of its own;
//   - fine keypoints have those of the keypoints.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "graph/topology.h"
#include "model/model.h"

namespace octet {

struct Placement {
  std::vector<std::vector<std::string>> groups;  // values with one set of parameters each
  std::map<std::string, size_t> group_of;        // absent: the value stays float
  std::set<std::string> convs;                   // convolutions with int8 weights

  [[nodiscard]] bool quantized(const std::string& value) const { return group_of.contains(value); }
};

// `model` without BatchNorm. The convolutions named in `keep_float` are computed in float, with
// what hangs on them alone.
[[nodiscard]] Placement place_quantizers(const Model& model,
                                         const std::set<std::string>& keep_float = {});

// The group of a convolution's output, or of the activation that engines compute within it; none
// where both stay in float.
[[nodiscard]] std::optional<size_t> output_group(const Topology& topology,
                                                 const Placement& placement, const Node& conv);

// That the parameters name values of the graph and keep the rules of sharing. Throws an Error
// naming the value.
void verify_quantization(const Model& model);

}  // namespace octet
