#include "engine/onnxruntime/node_times.h"

#include <stdlib.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <numeric>
#include <optional>

#include "core/error.h"
#include "engine/cold_inferences.h"
#include "engine/cut_times.h"

namespace octet {
namespace {
using nlohmann::json;

constexpr std::string_view kKernelTime = "_kernel_time";

// A tensor of an event: {"uint8": [1, 64, 80, 80]}.
struct EventTensor {
  std::string type;
  double elements = 1;
};

// The first of a list; nothing where there is none. Weights that are packed are missing from it.
std::optional<EventTensor> first_tensor(const json& event_arguments, const char* key) {
  const auto list = event_arguments.find(key);
  if (list == event_arguments.end() || !list->is_array() || list->empty()) return std::nullopt;
  const json& tensor = list->front();
  if (!tensor.is_object() || tensor.empty()) return std::nullopt;
  EventTensor out{.type = tensor.begin().key()};
  for (const json& side : tensor.begin().value())
    out.elements *= side.is_number() ? side.get<double>() : 0;
  return out;
}

// Quantized operators begin with "QLinear". The first input of some is a scale.
std::string precision_of(const std::string& op, const std::string& type) {
  if (op.starts_with("QLinear") || type == "uint8" || type == "int8") return "int8";
  if (type == "float") return "fp32";
  return type == "float16" ? "fp16" : type;
}

// ONNX Runtime adds to the names of nodes, as in "model.0.conv_token_19". The longest name of the
// file that begins such a name; the end where there is none.
std::map<std::string, double>::const_iterator convolution_of(
    const std::string& name, const std::map<std::string, double>& products) {
  auto best = products.end();
  for (auto at = products.begin(); at != products.end(); ++at) {
    const std::string& node = at->first;
    if (node.empty() || !name.starts_with(node)) continue;
    if (name.size() > node.size() && name[node.size()] != '_') continue;
    if (best == products.end() || node.size() > best->first.size()) best = at;
  }
  return best;
}

LayerTime layer_of(const std::string& name, const json& event,
                   const std::map<std::string, double>& products) {
  const json arguments = event.value("args", json::object());
  const auto input = first_tensor(arguments, "input_type_shape");
  const auto output = first_tensor(arguments, "output_type_shape");
  const std::string op = arguments.value("op_name", ""), provider = arguments.value("provider", "");
  LayerTime layer{.name = name,
                  .operators = {name},
                  .type = op,
                  .kernel = provider == "CPUExecutionProvider" ? op : op + " of " + provider,
                  .precision = input ? precision_of(op, input->type) : "",
                  .fallback = {}};
  const bool convolution = op.find("Conv") != std::string::npos;
  const auto products_at = convolution ? convolution_of(name, products) : products.end();
  if (products_at == products.end()) return layer;
  layer.operators = {products_at->first};
  if (output) layer.multiplications = output->elements * products_at->second;
  return layer;
}

// Of the node in its graph, as a text; nodes may share a name. Empty where the event tells none.
std::string index_of(const json& event) {
  const json arguments = event.value("args", json::object());
  const auto index = arguments.find("node_index");
  return index == arguments.end() ? "" : index->dump();
}

double mean_of_warm(const std::vector<double>& times) {
  const size_t cold = times.size() > kColdInferences ? kColdInferences : 0;
  return std::accumulate(times.begin() + cold, times.end(), 0.0) /
         static_cast<double>(times.size() - cold);
}

// `events`: any JSON; throws where it is no profile.
std::vector<LayerTime> layers_of(const json& events,
                                 const std::map<std::string, double>& products) {
  std::vector<LayerTime> layers;
  std::map<std::pair<std::string, std::string>, size_t> place;  // by name and index of the node
  std::vector<std::vector<double>> times;                       // of the layers
  for (const json& event : events.get_ref<const json::array_t&>()) {
    if (!event.is_object() || event.value("cat", "") != "Node") continue;
    std::string name = event.value("name", "");
    if (!name.ends_with(kKernelTime)) continue;
    name.resize(name.size() - kKernelTime.size());
    const auto [at, is_new] = place.try_emplace({name, index_of(event)}, layers.size());
    if (is_new) {
      layers.push_back(layer_of(name, event, products));
      times.emplace_back();
    }
    times[at->second].push_back(seconds_before_cuts(event.value("dur", 0.0)));
  }
  for (size_t i = 0; i < layers.size(); ++i) layers[i].seconds = mean_of_warm(times[i]);
  return layers;
}

}  // namespace

std::vector<LayerTime> parse_node_times(std::string_view text,
                                        const std::map<std::string, double>& products) {
  try {
    return layers_of(json::parse(text), products);
  } catch (const json::exception&) {
    // ONNX Runtime writes names as they are.
    fail(
        "ONNX Runtime's profile of the layers is damaged; is the folder in $TMPDIR full, or has a "
        "node of the model a quotation mark or a backslash in its name?");
  }
}

ProfileFolder::ProfileFolder() {
  std::error_code error;
  const std::filesystem::path folder = std::filesystem::temp_directory_path(error);
  if (error)
    fail("no folder for ONNX Runtime's profile: {}; set TMPDIR to a writable folder",
         error.message());
  path_ = (folder / "octet-profile.XXXXXX").string();
  if (::mkdtemp(path_.data()) == nullptr)
    fail("{}: cannot be made for ONNX Runtime's profile: {}; set TMPDIR to a writable folder",
         path_, std::strerror(errno));
}

ProfileFolder::~ProfileFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

}  // namespace octet
