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

std::vector<NamedTensor> parameters(Operator& op) { return list_parameters<NamedTensor>(op); }
std::vector<NamedConstTensor> parameters(const Operator& op) {
  return list_parameters<NamedConstTensor>(op);
}

}  // namespace octet
