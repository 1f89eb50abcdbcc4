#include "graph/json/graph_json.h"

#include <nlohmann/json.hpp>

#include "core/error.h"

namespace octet {
namespace {
using nlohmann::json;

struct FieldWriter {
  json& out;
  void operator()(const char* name, int value) const { out[name] = value; }
  void operator()(const char* name, float value) const { out[name] = value; }
  void operator()(const char* name, ActivationKind value) const {
    out[name] = activation_name(value);
  }
};

struct FieldReader {
  const json& in;
  void operator()(const char* name, int& value) const { in.at(name).get_to(value); }
  void operator()(const char* name, float& value) const { in.at(name).get_to(value); }
  void operator()(const char* name, ActivationKind& value) const {
    value = parse_activation(in.at(name).get<std::string>());
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
  return {{"input", graph.input}, {"nodes", std::move(nodes)}};
}

Graph graph_from_json(const json& j) {
  std::string where = "graph";
  try {
    Graph graph;
    graph.input = j.at("input").get<std::string>();
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
