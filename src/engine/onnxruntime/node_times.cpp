#include "engine/onnxruntime/node_times.h"

#include <stdlib.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>

#include "core/error.h"

namespace octet {
namespace {
using nlohmann::json;

constexpr std::string_view kKernelTime = "_kernel_time";

// A tensor of an event: {"uint8": [1, 64, 80, 80]}.
struct EventTensor {
  std::string type;
  std::vector<double> sides;
};

std::vector<EventTensor> tensors_of(const json& event_arguments, const char* key) {
  std::vector<EventTensor> out;
  const auto list = event_arguments.find(key);
  if (list == event_arguments.end() || !list->is_array()) return out;
  for (const json& tensor : *list) {
    if (!tensor.is_object() || tensor.empty()) continue;
    EventTensor& one = out.emplace_back(EventTensor{.type = tensor.begin().key(), .sides = {}});
    for (const json& side : tensor.begin().value())
      if (side.is_number()) one.sides.push_back(side.get<double>());
  }
  return out;
}

double product(const std::vector<double>& sides, size_t first) {
  double all = 1;
  for (size_t i = first; i < sides.size(); ++i) all *= sides[i];
  return all;
}

bool is_convolution(const std::string& op) { return op.find("Conv") != std::string::npos; }

// The weights of a convolution are the first of its inputs with four sides, behind the image.
double multiplications_of(const std::string& op, const std::vector<EventTensor>& inputs,
                          const std::vector<EventTensor>& outputs) {
  if (outputs.empty() || inputs.empty()) return 0;
  const double elements = product(outputs[0].sides, 0);
  if (op == "MatMul" || op == "QLinearMatMul" || op == "MatMulInteger")
    return inputs[0].sides.empty() ? 0 : elements * inputs[0].sides.back();
  if (!is_convolution(op)) return 0;
  for (size_t i = 1; i < inputs.size(); ++i)
    if (inputs[i].sides.size() == 4) return elements * product(inputs[i].sides, 1);
  return 0;
}

std::string precision_of(const std::vector<EventTensor>& inputs) {
  if (inputs.empty()) return "";
  const std::string& type = inputs[0].type;
  if (type == "uint8" || type == "int8") return "int8";
  if (type == "float") return "fp32";
  return type == "float16" ? "fp16" : type;
}

LayerTime layer_of(const std::string& name, const json& event) {
  const json arguments = event.value("args", json::object());
  const auto inputs = tensors_of(arguments, "input_type_shape");
  const auto outputs = tensors_of(arguments, "output_type_shape");
  const std::string op = arguments.value("op_name", "");
  return {.name = name,
          .operators = {name},
          .type = op,
          .kernel = arguments.value("provider", "") == "CPUExecutionProvider"
                        ? op
                        : fmt::format("{} of {}", op, arguments.value("provider", "")),
          .precision = precision_of(inputs),
          .fallback = {},
          .multiplications = multiplications_of(op, inputs, outputs)};
}

}  // namespace

std::vector<LayerTime> parse_node_times(std::string_view text) {
  const json events = json::parse(text, nullptr, false);
  if (!events.is_array()) fail("the profile that ONNX Runtime wrote is damaged; run it again");
  std::vector<LayerTime> layers;
  std::map<std::string, size_t> place;
  std::vector<double> runs;
  for (const json& event : events) {
    if (!event.is_object() || event.value("cat", "") != "Node") continue;
    std::string name = event.value("name", "");
    if (!name.ends_with(kKernelTime)) continue;
    name.resize(name.size() - kKernelTime.size());
    const auto [at, is_new] = place.try_emplace(name, layers.size());
    if (is_new) {
      layers.push_back(layer_of(name, event));
      runs.push_back(0);
    }
    layers[at->second].seconds += 1e-6 * event.value("dur", 0.0);
    ++runs[at->second];
  }
  for (size_t i = 0; i < layers.size(); ++i) layers[i].seconds /= runs[i];
  return layers;
}

ProfileFolder::ProfileFolder() {
  path_ = (std::filesystem::temp_directory_path() / "octet-profile.XXXXXX").string();
  if (::mkdtemp(path_.data()) == nullptr)
    fail("{}: cannot be made for ONNX Runtime's profile: {}; set TMPDIR to a writable folder",
         path_, std::strerror(errno));
}

ProfileFolder::~ProfileFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

}  // namespace octet
