#include "graph/graph.h"

#include <algorithm>
#include <array>
#include <utility>

#include "core/error.h"

namespace octet {
namespace {

constexpr std::array kOperatorNames = {"Conv2d", "BatchNorm", "Activation", "Add",
                                       "Concat", "Slice",     "MaxPool",    "ResizeNearest"};
static_assert(kOperatorNames.size() == std::variant_size_v<Operator>);

constexpr std::array<std::string_view, 5> kActivationNames = {"silu", "relu", "relu6", "hardswish",
                                                              "sigmoid"};
constexpr std::array<std::string_view, 5> kRoleNames = {"box", "class", "keypoint", "visibility",
                                                        "fine_keypoint"};

template <size_t N>
size_t index_of(const std::array<std::string_view, N>& names, std::string_view name,
                std::string_view what) {
  const auto found = std::find(names.begin(), names.end(), name);
  if (found == names.end()) fail("unknown {} '{}'", what, name);
  return static_cast<size_t>(found - names.begin());
}

template <typename Named, typename Op>
std::vector<Named> list_parameters(Op& op) {
  std::vector<Named> list;
  using Plain = std::remove_const_t<Op>;
  if constexpr (std::is_same_v<Plain, Conv2d>) {
    list = {{"weight", &op.weight}, {"bias", &op.bias}};
  } else if constexpr (std::is_same_v<Plain, BatchNorm>) {
    list = {
        {"gamma", &op.gamma}, {"beta", &op.beta}, {"mean", &op.mean}, {"variance", &op.variance}};
  }
  std::erase_if(list, [](const Named& named) { return named.tensor->empty(); });
  return list;
}

}  // namespace

std::string Output::name() const { return fmt::format("{}_{}", role_name(role), stride); }

const Node* Graph::find(std::string_view name) const {
  const auto found =
      std::find_if(nodes.begin(), nodes.end(), [&](const Node& n) { return n.name == name; });
  return found == nodes.end() ? nullptr : &*found;
}

std::string_view operator_name(const Operator& op) { return kOperatorNames.at(op.index()); }
std::string_view activation_name(ActivationKind kind) {
  return kActivationNames.at(static_cast<size_t>(kind));
}
std::string_view role_name(OutputRole role) { return kRoleNames.at(static_cast<size_t>(role)); }

ActivationKind parse_activation(std::string_view name) {
  return static_cast<ActivationKind>(index_of(kActivationNames, name, "activation"));
}
OutputRole parse_role(std::string_view name) {
  return static_cast<OutputRole>(index_of(kRoleNames, name, "output role"));
}

std::vector<NamedTensor> parameters(Operator& op) {
  return std::visit([](auto& o) { return list_parameters<NamedTensor>(o); }, op);
}
std::vector<NamedConstTensor> parameters(const Operator& op) {
  return std::visit([](const auto& o) { return list_parameters<NamedConstTensor>(o); }, op);
}

}  // namespace octet
