// The places of quantizers. This room decides them for training, calibration, the integer reference
// and every exporter, by the rules of the strictest target (full-integer TensorFlow Lite):
//   - An operator that only moves data, or to which engines give no scale of its own (Concat, Slice,
//     pooling, resizing), shares the parameters of its inputs.
//   - The output of a convolution is quantized before SiLU. Before ReLU and ReLU6, which engines
//     fuse, the output of the activation is quantized instead. So it is behind an Add.
//   - The sum of an Add and the product of a Mul have their own parameters.
//   - A sigmoid has the parameters that TensorFlow Lite demands.
//   - Fine keypoints have the parameters of the keypoints.
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
  std::map<size_t, QuantParams> fixed;           // of groups whose parameters have a meaning
  std::set<std::string> convs;                   // convolutions with int8 weights

  [[nodiscard]] bool quantized(const std::string& value) const { return group_of.contains(value); }
};

// `model` must have no BatchNorm. The convolutions in `keep_float` are computed in float, with the
// values that depend on them alone.
[[nodiscard]] Placement place_quantizers(const Model& model,
                                         const std::set<std::string>& keep_float = {});

// The group of a convolution's output, or of the activation that engines compute within it. None
// where both stay in float.
[[nodiscard]] std::optional<size_t> output_group(const Topology& topology,
                                                 const Placement& placement, const Node& conv);

// Checks that the parameters name values of the graph and keep the rules of sharing. Throws an
// Error that names the value.
void verify_quantization(const Model& model);

}  // namespace octet
