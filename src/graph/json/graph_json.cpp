#include "graph/json/graph_json.h"

#include <nlohmann/json.hpp>

#include "core/error.h"

namespace octet {
namespace {
using nlohmann::json;

constexpr std::string_view kLaterField = "dilation";  // absent in older files

struct FieldWriter {
  json& out;
  void operator()(const char* name, int value) const { out[name] = value; }
  void operator()(const char* name, float value) const { out[name] = value; }
  void operator()(const char* name, ActivationKind value) const {
    out[name] = activation_name(value);
  }
  void operator()(const char* name, PixelGrid value) const { out[name] = grid_name(value); }
  // One number where all sides are the same, as versions that know no other read it.
  void operator()(const char* name, const Padding& value) const {
    if (value.even()) {
      out[name] = value.top;
    } else {
      out[name] = {value.top, value.left, value.bottom, value.right};
    }
  }
};

struct FieldReader {
  const json& in;
  void operator()(const char* name, int& value) const {
    if (name == kLaterField && !in.contains(name)) return;
    in.at(name).get_to(value);
  }
  void operator()(const char* name, float& value) const { in.at(name).get_to(value); }
  void operator()(const char* name, ActivationKind& value) const {
    value = parse_activation(in.at(name).get<std::string>());
  }
  void operator()(const char* name, PixelGrid& value) const {
    value = parse_grid(in.at(name).get<std::string>());
  }
  void operator()(const char* name, Padding& value) const {
    const json& sides = in.at(name);
    value = sides.is_array() ? Padding(sides.at(0).get<int>(), sides.at(1).get<int>(),
                                       sides.at(2).get<int>(), sides.at(3).get<int>())
                             : Padding(sides.get<int>());
  }
};

Operator read_operator(const json& j) {
  Operator op = make_operator(j.at("op").get<std::string>());
  std::visit([&](auto& o) { visit_fields(o, FieldReader{j}); }, op);
  return op;
}

}  // namespace

json to_json(const Graph& graph) {
  json nodes = json::array();
  for (const Node& node : graph.nodes) {
    json j{{"name", node.name}, {"op", operator_name(node.op)}, {"inputs", node.inputs}};
    std::visit([&](const auto& o) { visit_fields(o, FieldWriter{j}); }, node.op);
    nodes.push_back(std::move(j));
  }
  json j{{"input", graph.input}, {"nodes", std::move(nodes)}};
  if (graph.size) j["size"] = {graph.size->width, graph.size->height};
  return j;
}

Graph graph_from_json(const json& j) {
  std::string where = "graph";
  try {
    Graph graph;
    graph.input = j.at("input").get<std::string>();
    if (j.contains("size"))
      graph.size = Size{j["size"].at(0).get<int>(), j["size"].at(1).get<int>()};
    for (const json& n : j.at("nodes")) {
      where = n.at("name").get<std::string>();
      graph.nodes.push_back({.name = where,
                             .op = read_operator(n),
                             .inputs = n.at("inputs").get<std::vector<std::string>>()});
    }
    return graph;
  } catch (const json::exception& e) {
    fail("{}: {}", where, e.what());
  }
}

}  // namespace octet
