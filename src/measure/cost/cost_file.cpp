#include "measure/cost/cost_file.h"

#include <cctype>
#include <cmath>
#include <nlohmann/json.hpp>

#include "core/error.h"
#include "core/file.h"
#include "core/json/parse_json.h"
#include "core/text/json_text.h"

namespace octet {
namespace {
namespace fs = std::filesystem;
using nlohmann::json;
using nlohmann::ordered_json;

constexpr const char* kFormat = "octet cost table";
constexpr int kVersion = 1;
constexpr size_t kMostBytes = size_t{8} << 20;
constexpr size_t kPointBytes = sizeof(Layer) + 200;  // in a table, with what its texts take
constexpr int kMostChannels = 1 << 16, kMostKernel = 64, kMostThreads = 1024, kMostText = 200;
constexpr double kMostSeconds = 3600;

// Fields with their usual values are left out.
ordered_json to_json(const LayerKind& k) {
  ordered_json j{{"op", k.op}, {"height", k.height}, {"width", k.width}};
  const LayerKind usual;
  const auto put = [&](const char* name, int value, int otherwise) {
    if (value != otherwise) j[name] = value;
  };
  put("kernel", k.kernel, usual.kernel);
  put("stride", k.stride, usual.stride);
  put("padding", k.padding, usual.padding);
  put("groups", k.groups, usual.groups);
  put("factor", k.factor, usual.factor);
  put("values", k.values, usual.values);
  if (!k.activation.empty()) j["activation"] = k.activation;
  if (k.reads_image) j["reads_image"] = true;
  return j;
}

ordered_json layers_to_json(const std::map<Layer, double>& times) {
  auto list = ordered_json::array();
  const LayerKind* last = nullptr;
  for (const auto& [layer, seconds] : times) {
    if (last == nullptr || *last != layer.kind) {
      list.push_back(to_json(layer.kind));
      list.back()["seconds"] = ordered_json::array();
      last = &layer.kind;
    }
    list.back()["seconds"].push_back({layer.inputs, layer.outputs, seconds});
  }
  return list;
}

ordered_json to_json(const CostTable& table) {
  const CostOrigin& o = table.origin();
  ordered_json j{{"format", kFormat},
                 {"version", kVersion},
                 {"octet", o.octet},
                 {"engine", o.engine},
                 {"engine_version", o.engine_version},
                 {"processor", o.processor},
                 {"threads", o.threads},
                 {"weight_bits", o.weight_bits},
                 {"steps", {table.steps().inputs, table.steps().outputs}},
                 {"networks", ordered_json::array()}};
  for (const NetworkTime& n : table.networks()) {
    j["networks"].push_back({{"model", n.model},
                             {"imgsz", {n.size.width, n.size.height}},
                             {"predicted_s", n.predicted_s},
                             {"measured_s", n.measured_s}});
  }
  j["layers"] = layers_to_json(table.times());
  return j;
}

int whole_number(const json& j, const char* what, int least, int most) {
  if (!j.is_number_integer()) fail("{} is not a whole number", what);
  const auto value = j.get<int64_t>();
  if (value < least || value > most)
    fail("{} is {}; it has to be from {} to {}", what, value, least, most);
  return static_cast<int>(value);
}

int number_in(const json& j, const char* name, int least, int most) {
  return whole_number(j.at(name), name, least, most);
}

double seconds_of(const json& j) {
  if (!j.is_number()) fail("a time is not a number");
  const auto value = j.get<double>();
  if (!std::isfinite(value) || value < 0 || value > kMostSeconds)
    fail("a time is {} s; it has to be from 0 to {}", value, kMostSeconds);
  return value;
}

std::string text_in(const json& j, const char* name) {
  const auto text = j.at(name).get<std::string>();
  if (text.size() > kMostText) fail("'{}' has more than {} bytes", name, kMostText);
  return clean_text(text);
}

LayerKind kind_from_json(const json& j) {
  LayerKind k{.op = text_in(j, "op")};
  if (k.op != kImageLayer && k.op != kOutputLayer) (void)make_operator(k.op);
  const auto number = [&](const char* name, int otherwise, int least, int most) {
    return j.contains(name) ? number_in(j, name, least, most) : otherwise;
  };
  k.kernel = number("kernel", k.kernel, 1, kMostKernel);
  k.stride = number("stride", k.stride, 1, kMostKernel);
  k.padding = number("padding", k.padding, 0, kMostKernel);
  k.groups = number("groups", k.groups, kDepthwise, kMostChannels);
  k.factor = number("factor", k.factor, 1, kMostKernel);
  k.values = number("values", k.values, 1, kMostKernel);
  k.height = number_in(j, "height", 1, kMaxInputSide);
  k.width = number_in(j, "width", 1, kMaxInputSide);
  k.reads_image = j.value("reads_image", false);
  if (j.contains("activation"))
    k.activation = activation_name(parse_activation(text_in(j, "activation")));
  return k;
}

void read_layer(const json& j, Budget& budget, CostTable& table) {
  const LayerKind kind = kind_from_json(j);
  for (const json& point : j.at("seconds")) {
    budget.take(kPointBytes);
    if (!point.is_array() || point.size() != 3)
      fail("a time of {} is not [inputs, outputs, seconds]", kind.op);
    const Layer layer{kind, whole_number(point[0], "inputs", 1, kMostChannels),
                      whole_number(point[1], "outputs", 1, kMostChannels)};
    if (table.has(layer)) fail("has two times for [{}]", to_string(layer));
    table.add(layer, seconds_of(point[2]));
  }
}

ChannelSteps steps_from_json(const json& j) {
  if (!j.is_array() || j.size() != 2) fail("'steps' is not [inputs, outputs]");
  return {.inputs = whole_number(j[0], "a step", 1, kMostKernel),
          .outputs = whole_number(j[1], "a step", 1, kMostKernel)};
}

NetworkTime network_from_json(const json& j) {
  const json& size = j.at("imgsz");
  if (!size.is_array() || size.size() != 2) fail("'imgsz' is not [width, height]");
  NetworkTime network{.model = text_in(j, "model"),
                      .size = {whole_number(size[0], "imgsz", 1, kMaxInputSide),
                               whole_number(size[1], "imgsz", 1, kMaxInputSide)},
                      .predicted_s = seconds_of(j.at("predicted_s")),
                      .measured_s = seconds_of(j.at("measured_s"))};
  if (network.measured_s == 0) fail("the measured time of '{}' is 0", network.model);
  return network;
}

CostTable table_from_json(const json& j, Budget& budget) {
  if (!j.is_object() || j.value("format", json()) != kFormat)
    fail("is not a cost table; 'octet bench --cost-table FILE' makes one");
  if (number_in(j, "version", 1, 1 << 20) > kVersion)
    fail("was written by a newer octet; update octet, or measure again");
  CostTable table({.engine = text_in(j, "engine"),
                   .engine_version = text_in(j, "engine_version"),
                   .processor = text_in(j, "processor"),
                   .threads = number_in(j, "threads", 1, kMostThreads),
                   .weight_bits = number_in(j, "weight_bits", 7, 8),
                   .octet = text_in(j, "octet")},
                  steps_from_json(j.at("steps")));
  for (const json& layer : j.at("layers")) read_layer(layer, budget, table);
  for (const json& network : j.at("networks")) table.add(network_from_json(network));
  return table;
}

}  // namespace

CostTable parse_cost_table(std::string_view text, const std::string& name) {
  try {
    Budget budget(name, text.size());
    return table_from_json(parse_json(text, budget), budget);
  } catch (const json::exception& e) {
    fail("{}: is damaged: {}; measure again with 'octet bench --cost-table'", name, e.what());
  } catch (const Error& e) {
    if (std::string_view(e.what()).starts_with(name)) throw;
    fail("{}: {}", name, e.what());
  }
}

CostTable read_cost_table(const fs::path& path) {
  return parse_cost_table(read_text_file(path, kMostBytes), path.string());
}

void write_cost_table(const fs::path& path, const CostTable& table) {
  if (path.has_parent_path()) make_folder(path.parent_path());
  write_text_file(path, dump_json(to_json(table)) + "\n");
}

fs::path cost_file_in(const fs::path& cache, const CostOrigin& origin) {
  std::string processor;
  for (const char c : origin.processor) {
    const bool plain = std::isalnum(static_cast<unsigned char>(c)) != 0;
    if (plain) processor.push_back(c);
    if (!plain && !processor.empty() && processor.back() != '-') processor.push_back('-');
  }
  return cache / fmt::format("cost-{}-{}-{}threads-{}bits.json", origin.engine, processor,
                             origin.threads, origin.weight_bits);
}

}  // namespace octet
