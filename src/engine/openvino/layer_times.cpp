#include "engine/openvino/layer_times.h"

#include "core/text/split_text.h"
#include "engine/cut_times.h"

namespace octet {
namespace {

// Products for each element of the result: those of the sides of the weights behind the outputs.
double products_for_each(const ov::Shape& weights, size_t first) {
  double product = 1;
  for (size_t i = first; i < weights.size(); ++i) product *= static_cast<double>(weights[i]);
  return product;
}

double multiplications_of(const ov::Node& node) {
  const std::string type = node.get_type_name();
  const bool groups = type == "GroupConvolution";
  if (!groups && type != "Convolution" && type != "MatMul") return 0;
  if (node.get_output_partial_shape(0).is_dynamic() ||
      node.get_input_partial_shape(0).is_dynamic() || node.get_input_partial_shape(1).is_dynamic())
    return 0;
  const auto elements = static_cast<double>(ov::shape_size(node.get_output_shape(0)));
  if (type == "MatMul")
    return elements *
           products_for_each(node.get_input_shape(0), node.get_input_shape(0).size() - 1);
  return elements * products_for_each(node.get_input_shape(1), groups ? 2 : 1);
}

std::string text_of(const ov::Node& node, const char* key) {
  const auto& info = node.get_rt_info();
  const auto at = info.find(key);
  return at == info.end() || !at->second.is<std::string>() ? "" : at->second.as<std::string>();
}

// The CPU plugin cuts each run to whole microseconds, and then the mean of the runs. It tells 0 of
// what did not run.
double seconds_of(const ov::ProfilingInfo& info) {
  const auto us = static_cast<double>(info.real_time.count());
  return us > 0 ? seconds_before_cuts(us, 2) : 0;
}

double sum_of(const Multiplications& multiplications, const std::vector<std::string>& operators) {
  double sum = 0;
  for (const std::string& op : operators) {
    const auto at = multiplications.find(op);
    if (at != multiplications.end()) sum += at->second;
  }
  return sum;
}

}  // namespace

bool multiplies(const std::string& layer) {
  return layer.find("Convolution") != std::string::npos || layer == "FullyConnected" ||
         layer == "MatMul";
}

std::string arithmetic_of(const std::string& element_type) {
  if (element_type == "u8" || element_type == "i8") return "int8";
  if (element_type == "f32") return "fp32";
  if (element_type == "f16") return "fp16";
  return element_type;
}

Multiplications count_multiplications(const ov::Model& model) {
  Multiplications out;
  for (const auto& op : model.get_ops()) {
    const double count = multiplications_of(*op);
    if (count > 0) out[op->get_friendly_name()] = count;
  }
  return out;
}

std::vector<LayerTime> layer_times(const ov::CompiledModel& model, const ov::InferRequest& request,
                                   const Multiplications& multiplications) {
  std::map<std::string, std::shared_ptr<ov::Node>> executed;
  for (const auto& op : model.get_runtime_model()->get_ops())
    executed[op->get_friendly_name()] = op;
  std::vector<LayerTime> layers;
  // It lists the operators that run within a layer too, without times of their own.
  for (const ov::ProfilingInfo& info : request.get_profiling_info()) {
    const auto at = executed.find(info.node_name);
    if (info.status != ov::ProfilingInfo::Status::EXECUTED || at == executed.end()) continue;
    const std::string names = text_of(*at->second, "originalLayersNames");
    const auto operators = split_text(names, ",");
    LayerTime layer{.name = info.node_name,
                    .operators = {operators.begin(), operators.end()},
                    .type = info.node_type,
                    .kernel = info.exec_type,
                    .precision = arithmetic_of(text_of(*at->second, "runtimePrecision")),
                    .fallback = {},
                    .seconds = seconds_of(info)};
    // Conversions of a convolution's values have its name too.
    if (multiplies(layer.type)) layer.multiplications = sum_of(multiplications, layer.operators);
    layers.push_back(std::move(layer));
  }
  return layers;
}

}  // namespace octet
