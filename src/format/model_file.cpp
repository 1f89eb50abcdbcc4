#include "format/model_file.h"

#include <nlohmann/json.hpp>

#include "core/error.h"
#include "core/file.h"
#include "format/checkpoint/checkpoint.h"
#include "graph/graph_json.h"

namespace octet {
namespace {

constexpr const char* kKey = "octet";
constexpr int kVersion = 1;

// The parameters an operator needs, to be filled from the file.
void take_parameters(Node& node, std::map<std::string, Tensor>& tensors) {
  const auto take = [&](const char* name, bool needed) {
    auto found = tensors.extract(node.name + "." + name);
    if (found.empty() && needed) fail("the tensor '{}.{}' is missing", node.name, name);
    return found.empty() ? Tensor{} : std::move(found.mapped());
  };
  if (auto* conv = std::get_if<Conv2d>(&node.op)) {
    conv->weight = take("weight", true);
    conv->bias = take("bias", false);
  } else if (auto* norm = std::get_if<BatchNorm>(&node.op)) {
    norm->gamma = take("gamma", true);
    norm->beta = take("beta", true);
    norm->mean = take("mean", true);
    norm->variance = take("variance", true);
  }
}

}  // namespace

Model parse_model_file(std::span<const std::byte> bytes, const std::string& name) {
  SafetensorsFile file = parse_safetensors(bytes, name);
  const auto entry = file.metadata.find(kKey);
  if (entry == file.metadata.end()) {
    fail(
        "{}: is a safetensors file, but not a model of octet's; make one with 'octet import "
        "MODEL.pt -o {}'",
        name, name);
  }
  try {
    const auto json = nlohmann::json::parse(entry->second);
    const int version = json.at("version").get<int>();
    if (version > kVersion)
      fail("was written by a newer octet (file version {}); update octet", version);
    Model model{.info = info_from_json(json.at("info")),
                .graph = graph_from_json(json.at("graph"))};
    for (Node& node : model.graph.nodes) take_parameters(node, file.tensors);
    verify(model);
    return model;
  } catch (const nlohmann::json::exception& e) {
    fail("{}: its metadata is damaged: {}", name, e.what());
  } catch (const Error& e) {
    fail("{}: {}", name, e.what());
  }
}

Model read_model_file(const std::filesystem::path& path) {
  return parse_model_file(read_file(path), path.string());
}

void write_model_file(const std::filesystem::path& path, const Model& model, StorageKind weights) {
  const nlohmann::json json{
      {"version", kVersion}, {"info", to_json(model.info)}, {"graph", to_json(model.graph)}};
  std::map<std::string, std::string> metadata{{kKey, json.dump()}, {"format", "octet"}};
  if (!model.info.licence.empty()) metadata["license"] = model.info.licence;
  std::vector<StoredTensor> tensors;
  for (const Node& node : model.graph.nodes) {
    for (const auto& [name, tensor] : parameters(node.op)) {
      tensors.push_back({.name = fmt::format("{}.{}", node.name, name),
                         .tensor = tensor,
                         .kind = name == "weight" ? weights : StorageKind::kF32});
    }
  }
  write_safetensors(path, metadata, tensors);
}

Model read_model(const std::filesystem::path& path) {
  const std::vector<std::byte> bytes = read_file(path);
  const bool zip =
      bytes.size() >= 2 && static_cast<char>(bytes[0]) == 'P' && static_cast<char>(bytes[1]) == 'K';
  if (zip || path.extension() == ".pt" || path.extension() == ".pth")
    return parse_checkpoint(bytes, path.string());
  return parse_model_file(bytes, path.string());
}

}  // namespace octet
