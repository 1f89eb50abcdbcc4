// The interface of every operator of the graph. An operator is a plain struct that describes
// itself. Other code asks for its properties, and never for its type. An operator has these
// members, those marked * only where they apply:
//
//   static constexpr OperatorTraits kTraits = {.name = "MaxPool", …};
//   template <typename Op, typename Visit>            // * its numbers, as the model file keeps them
//   static void fields(Op& op, Visit&& visit);        // visit("kernel", op.kernel); …
//   template <typename Op, typename Visit>            // * its tensors
//   static void tensors(Op& op, Visit&& visit);       // visit("weight", op.weight, Needed::kYes); …
//   Shape output_shape(const ShapeInputs& in) const;  // refuses inputs that do not fit
//   double multiplications(const Shape& output) const;  // *
//   std::vector<ChannelTie> channel_ties(std::span<const int64_t> channels) const;     // *
//   void keep_channels(const ChannelList& inputs, const ChannelList& outputs);         // *
//
// channel_ties() says which channels can only be removed together. `channels` has the number of
// channels of each input. Input channels that it does not name are mixed freely. An operator with
// kTraits.channelwise needs none. Channels that an operator with neither reads or makes stay.
// keep_channels() drops the fields and tensors of all other channels of the only input and of the
// output.
//
// The list of all operators is in graph/ops/operators.h.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "graph/tensor.h"

namespace octet {

struct OperatorTraits {
  std::string_view name;
  // The output only holds values of the inputs.
  bool moves_data = false;
  // In a quantized network the output has the scale and zero point of the inputs.
  bool shares_scale = false;
  // Channel c of the output comes from channel c of each input alone.
  bool channelwise = false;
  // The operator exists in training only. fold_batch_norm() removes it.
  bool training_only = false;
  // octet has no integers of it: split_transposed() (graph/passes/passes.h) replaces it.
  bool float_only = false;
};

enum class Needed { kYes, kNo };

// A channel of an input, and a channel of the output that goes with it.
struct ChannelTie {
  size_t input;
  int64_t from, to;
};

// The padding at both ends of a side.
struct Ends {
  int before = 0, after = 0;
};

// The shapes (1, C, H, W) of a node's inputs, and the name of the node for messages.
class ShapeInputs {
 public:
  ShapeInputs(std::string_view type, std::string_view name, std::span<const Shape> shapes)
      : type_(type), name_(name), shapes_(shapes) {}

  [[nodiscard]] std::span<const Shape> all() const { return shapes_; }
  // The shape of the only input. Throws an Error unless there is exactly one.
  [[nodiscard]] const Shape& only() const;
  // The number of windows along a side of `length`. Throws an Error for impossible values.
  [[nodiscard]] int64_t windows(int64_t length, int64_t kernel, int stride, Ends padding) const;
  [[noreturn]] void refuse(const std::string& reason) const;  // "[Conv2d model.0.conv] …"

 private:
  std::string_view type_, name_;
  std::span<const Shape> shapes_;
};

// The same for any operator. A member that the operator does not have is skipped.
template <typename Op, typename Visit>
void visit_fields(Op& op, Visit&& visit) {
  if constexpr (requires { Op::fields(op, visit); }) Op::fields(op, visit);
}
template <typename Op, typename Visit>
void visit_tensors(Op& op, Visit&& visit) {
  if constexpr (requires { Op::tensors(op, visit); }) Op::tensors(op, visit);
}
template <typename Op>
double multiplications(const Op& op, const Shape& output) {
  if constexpr (requires { op.multiplications(output); }) return op.multiplications(output);
  return 0;
}

}  // namespace octet
