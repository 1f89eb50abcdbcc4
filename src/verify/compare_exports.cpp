#include "verify/compare_exports.h"

#include <map>
#include <nlohmann/json.hpp>
#include <string>

#include "core/budget.h"
#include "core/error.h"
#include "core/json/parse_json.h"
#include "core/text/json_text.h"
#include "format/onnx/onnx.h"
#include "format/openvino/ir.h"
#include "format/registry.h"

namespace octet {
namespace {

using Metadata = std::map<std::string, std::string>;

// What octet says of the file.
nlohmann::json own_metadata(const Metadata& metadata, const std::string& name) {
  const auto at = metadata.find("octet");
  if (at == metadata.end()) fail("{}: was not exported by octet", name);
  try {
    Budget budget(name, at->second.size());
    return parse_json(at->second, budget);
  } catch (const nlohmann::json::exception& error) {
    fail("{}: its metadata is damaged: {}", name, error.what());
  }
}

// How the file was written, as its metadata say.
ExportOptions written_with(const Metadata& metadata, const Model& model, const std::string& name) {
  const nlohmann::json j = own_metadata(metadata, name);
  ExportOptions o{.size = {},
                  .activations = onnx_activations(metadata),
                  .half_weights = has_half_weights(metadata)};
  try {
    o.size = {j.at("imgsz").at(0).get<int>(), j.at("imgsz").at(1).get<int>()};
    o.layout = parse_layout(j.at("layout").get<std::string>());
  } catch (const nlohmann::json::exception& error) {
    fail("{}: its metadata is damaged: {}", name, error.what());
  } catch (const Error& error) {
    fail("{}: {}", name, error.what());
  }
  const bool usual = o.size.width >= 1 && o.size.height >= 1 && o.size.width <= 1 << 14 &&
                     o.size.height <= 1 << 14 && o.size.width % kInputMultiple == 0 &&
                     o.size.height % kInputMultiple == 0;
  if (model.graph.size ? o.size != *model.graph.size : !usual)
    fail("{}: its metadata claims a size of {}", name, to_string(o.size));
  return o;
}

// What octet's own metadata say, field by field: a wrong name or bin is a wrong model.
std::map<std::string, std::string> listed(const Metadata& metadata, const std::string& name) {
  std::map<std::string, std::string> fields;
  const nlohmann::json json = own_metadata(metadata, name);
  if (!json.is_object() || !json.contains("info") || !json["info"].is_object())
    fail("{}: its metadata is damaged", name);
  for (const auto& [key, value] : json["info"].items()) fields[key] = dump_json(value);
  if (json.contains("weight_bits")) fields["weight_bits"] = dump_json(json["weight_bits"]);
  return fields;
}

ParameterCount count_parameters(const Model& model, const ExportFormat& format,
                                const ExportListing& expected) {
  ParameterCount n;
  std::map<std::string, std::string> outputs;
  for (const Output& o : model.outputs()) outputs[o.value] = o.name();
  // As a node of its own, or with the tensor itself.
  const auto holds = [&](const std::string& value) {
    return expected.nodes.contains(value + ".quantized") ||
           expected.tensors.contains(value + ".scale") ||
           (outputs.contains(value) && expected.tensors.contains(outputs.at(value) + ".scale"));
  };
  for (const auto& [value, params] : model.quantization.values) {
    const bool image = value == model.graph.input;
    (image || holds(value) ? n.compared : n.absent) += 2;
  }
  for (const Node& node : model.graph.nodes) {
    const auto* act = std::get_if<Activation>(&node.op);
    if (act == nullptr || act->kind != ActivationKind::kSilu ||
        model.quantization.find(node.inputs[0]) == nullptr)
      continue;
    (format.quantizes_silu ? n.compared : n.absent) += 2;
  }
  for (const auto& [name, q] : model.quantization.convs)
    n.compared += static_cast<int64_t>(q.scales.size() + q.weight.size() + q.bias.size());
  for (const Node& node : model.graph.nodes) {
    if (model.quantization.convs.contains(node.name)) continue;
    for (const auto& [part, tensor] : parameters(node.op))
      n.compared += static_cast<int64_t>(tensor->values.size());
  }
  return n;
}

}  // namespace

ExportComparison compare_export(const Model& model, const std::filesystem::path& file) {
  const std::string name = file.string();
  const ExportFormat* format = export_format_of(file);
  if (format == nullptr)
    fail("{}: is no export; there are: {}", name, fmt::join(export_format_names(), ", "));
  const ExportContent content = read_export(*format, file);
  const ExportOptions options = written_with(format->read_metadata(content, name), model, name);
  const ExportContent wanted = make_export(*format, model, options);
  const std::string wanted_name = fmt::format("the model as {}", format->title);
  ExportListing found = format->list(content, name);
  ExportListing expected = format->list(wanted, wanted_name);
  found.nodes["metadata"] = listed(format->read_metadata(content, name), name);
  expected.nodes["metadata"] = listed(format->read_metadata(wanted, wanted_name), wanted_name);
  return {.file = file,
          .size = options.size,
          .layout = options.layout,
          .parameters = count_parameters(model, *format, expected),
          .mismatches = compare(expected, found)};
}

}  // namespace octet
