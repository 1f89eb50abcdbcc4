#include "measure/profile/node_names.h"

#include <array>
#include <cctype>
#include <string_view>

namespace octet {
namespace {

// Whether `name` is `node`, or goes on behind a character that is no letter and no digit.
bool begins_with_node(std::string_view name, std::string_view node) {
  if (!name.starts_with(node)) return false;
  return name.size() == node.size() ||
         std::isalnum(static_cast<unsigned char>(name[node.size()])) == 0;
}

}  // namespace

NodeNames::NodeNames(const Model& model) {
  for (size_t i = 0; i < model.graph.nodes.size(); ++i) places_[model.graph.nodes[i].name] = i;
  for (const Output& output : model.outputs()) outputs_[output.name()] = output.value;
}

std::string NodeNames::find(const std::string& name) const {
  std::string best;
  for (const auto& [node, place] : places_) {
    if (node.size() > best.size() && begins_with_node(name, node)) best = node;
  }
  if (!best.empty()) return best;
  for (const auto& [output, node] : outputs_) {
    if (begins_with_node(name, output)) return node;
  }
  return {};
}

std::string NodeNames::find(const LayerTime& layer) const {
  std::string first;
  for (const std::string& name : layer.operators) {
    const std::string node = find(name);
    if (!node.empty() && (first.empty() || places_.at(node) < places_.at(first))) first = node;
  }
  return first.empty() ? find(layer.name) : first;
}

std::string block_of(const std::string& node) {
  constexpr std::array<std::string_view, 2> kParts{".conv", ".act"};
  for (const std::string_view part : kParts) {
    if (node.ends_with(part)) return node.substr(0, node.size() - part.size());
  }
  return node;
}

}  // namespace octet
