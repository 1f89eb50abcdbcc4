#include "graph/ops/operators.h"

#include <utility>

#include "core/error.h"

namespace octet {
namespace {

template <typename Named, typename Op>
std::vector<Named> list_parameters(Op& op) {
  std::vector<Named> list;
  std::visit(
      [&](auto& o) {
        visit_tensors(o, [&](std::string_view name, auto& tensor, Needed) {
          if (!tensor.empty()) list.push_back({name, &tensor});
        });
      },
      op);
  return list;
}

// The alternative of this name, of those from I on.
template <size_t I = 0>
Operator make_alternative(std::string_view name) {
  if constexpr (I == std::variant_size_v<Operator>) {
    fail("operator '{}' is not known to this version of octet", name);
  } else {
    using Op = std::variant_alternative_t<I, Operator>;
    if (Op::kTraits.name == name) return Op{};
    return make_alternative<I + 1>(name);
  }
}

std::vector<ChannelTie> channelwise_ties(std::span<const int64_t> channels) {
  std::vector<ChannelTie> ties;
  for (size_t input = 0; input < channels.size(); ++input) {
    for (int64_t c = 0; c < channels[input]; ++c) ties.push_back({input, c, c});
  }
  return ties;
}

}  // namespace

const OperatorTraits& traits_of(const Operator& op) {
  return std::visit([](const auto& o) -> const OperatorTraits& { return o.kTraits; }, op);
}

Operator make_operator(std::string_view name) { return make_alternative(name); }

Shape output_shape(const Operator& op, std::string_view node, std::span<const Shape> inputs) {
  const ShapeInputs in(operator_name(op), node, inputs);
  return std::visit([&](const auto& o) { return o.output_shape(in); }, op);
}

double multiplications_of(const Operator& op, const Shape& output) {
  return std::visit([&](const auto& o) { return multiplications(o, output); }, op);
}

std::optional<std::vector<ChannelTie>> channel_ties(const Operator& op,
                                                    std::span<const int64_t> channels) {
  return std::visit(
      [&](const auto& o) -> std::optional<std::vector<ChannelTie>> {
        if constexpr (requires { o.channel_ties(channels); }) return o.channel_ties(channels);
        if (!o.kTraits.channelwise) return std::nullopt;
        return channelwise_ties(channels);
      },
      op);
}

void keep_channels(Operator& op, const ChannelList& inputs, const ChannelList& outputs) {
  std::visit(
      [&](auto& o) {
        if constexpr (requires { o.keep_channels(inputs, outputs); })
          o.keep_channels(inputs, outputs);
      },
      op);
}

std::vector<NamedTensor> parameters(Operator& op) { return list_parameters<NamedTensor>(op); }
std::vector<NamedConstTensor> parameters(const Operator& op) {
  return list_parameters<NamedConstTensor>(op);
}

}  // namespace octet
