// FakeQuantize with the 256 steps of int8, and helpers for the nodes around it.
#pragma once

#include <openvino/opsets/opset8.hpp>

#include "graph/quantization.h"

namespace octet {

// Returns the parameters of the values of such a node. The scale is 0 for any other node.
[[nodiscard]] QuantParams rounded_to(const ov::Node& node);

// The steps of `real` as integers: u8 from 0, or i8 from −128.
[[nodiscard]] ov::Output<ov::Node> steps_of(const ov::Output<ov::Node>& real, const QuantParams& p,
                                            ov::element::Type type);
struct Limits {
  ov::Output<ov::Node> low, high;
};
[[nodiscard]] ov::Output<ov::Node> steps_of(const ov::Output<ov::Node>& real, const Limits& limits,
                                            ov::element::Type type);

// A constant of no sides.
[[nodiscard]] std::shared_ptr<ov::Node> scalar(float value);

// (N, C, H, W) as (N, H, W, C), and back.
[[nodiscard]] ov::Output<ov::Node> channels_last(const ov::Output<ov::Node>& planes);
[[nodiscard]] ov::Output<ov::Node> channels_first(const ov::Output<ov::Node>& rows);

}  // namespace octet
