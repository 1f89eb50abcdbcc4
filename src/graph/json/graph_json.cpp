#include "graph/json/graph_json.h"

#include <nlohmann/json.hpp>

#include "core/error.h"

namespace octet {
namespace {
using nlohmann::json;

void write_attributes(const Operator& op, json& j) {
  std::visit(Overloaded{
                 [&](const Conv2d& o) {
                   j["stride"] = o.stride;
                   j["padding"] = o.padding;
                   j["groups"] = o.groups;
                 },
                 [&](const BatchNorm& o) { j["epsilon"] = o.epsilon; },
                 [&](const Activation& o) { j["kind"] = activation_name(o.kind); },
                 [&](const Add&) {},
                 [&](const Concat&) {},
                 [&](const Slice& o) {
                   j["begin"] = o.begin;
                   j["end"] = o.end;
                 },
                 [&](const MaxPool& o) {
                   j["kernel"] = o.kernel;
                   j["stride"] = o.stride;
                   j["padding"] = o.padding;
                 },
                 [&](const ResizeNearest& o) { j["factor"] = o.factor; },
             },
             op);
}

Operator read_operator(const std::string& type, const json& j) {
  const auto number = [&](const char* key) { return j.at(key).get<int>(); };
  if (type == "Conv2d") {
    Conv2d conv;
    conv.stride = number("stride");
    conv.padding = number("padding");
    conv.groups = number("groups");
    return conv;
  }
  if (type == "BatchNorm") {
    BatchNorm norm;
    norm.epsilon = j.at("epsilon").get<float>();
    return norm;
  }
  if (type == "Activation") return Activation{parse_activation(j.at("kind").get<std::string>())};
  if (type == "Add") return Add{};
  if (type == "Concat") return Concat{};
  if (type == "Slice") return Slice{number("begin"), number("end")};
  if (type == "MaxPool") return MaxPool{number("kernel"), number("stride"), number("padding")};
  if (type == "ResizeNearest") return ResizeNearest{number("factor")};
  fail("operator '{}' is not known to this version of octet", type);
}

}  // namespace

json to_json(const Graph& graph) {
  json nodes = json::array();
  for (const Node& node : graph.nodes) {
    json j{{"name", node.name}, {"op", operator_name(node.op)}, {"inputs", node.inputs}};
    write_attributes(node.op, j);
    nodes.push_back(std::move(j));
  }
  json outputs = json::array();
  for (const Output& o : graph.outputs) {
    outputs.push_back({{"value", o.value}, {"role", role_name(o.role)}, {"stride", o.stride}});
  }
  return {{"input", graph.input}, {"nodes", std::move(nodes)}, {"outputs", std::move(outputs)}};
}

Graph graph_from_json(const json& j) {
  std::string where = "graph";
  try {
    Graph graph;
    graph.input = j.at("input").get<std::string>();
    for (const json& n : j.at("nodes")) {
      where = n.at("name").get<std::string>();
      graph.nodes.push_back({.name = where,
                             .op = read_operator(n.at("op").get<std::string>(), n),
                             .inputs = n.at("inputs").get<std::vector<std::string>>()});
    }
    where = "outputs";
    for (const json& o : j.at("outputs")) {
      graph.outputs.push_back({.value = o.at("value").get<std::string>(),
                               .role = parse_role(o.at("role").get<std::string>()),
                               .stride = o.at("stride").get<int>()});
    }
    return graph;
  } catch (const json::exception& e) {
    fail("{}: {}", where, e.what());
  }
}

}  // namespace octet
