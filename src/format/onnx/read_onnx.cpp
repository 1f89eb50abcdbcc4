#include "core/error.h"
#include "format/finite.h"
#include "format/onnx/onnx.h"
#include "format/onnx/parse.h"

namespace octet {
namespace {

constexpr const char* kActivations = "activations";  // metadata: the type of quantized values

std::string_view float_type(const onnx::TensorProto& tensor) {
  switch (tensor.data_type()) {
    case onnx::TensorProto::FLOAT:
      return "f32";
    case onnx::TensorProto::FLOAT16:
      return "f16";
    case onnx::TensorProto::BFLOAT16:
      return "bf16";
    case onnx::TensorProto::DOUBLE:
      return "f64";
    default:
      return "";
  }
}

}  // namespace

ElementType onnx_activations(const std::map<std::string, std::string>& metadata) {
  const auto at = metadata.find(kActivations);
  return at != metadata.end() && at->second == "int8" ? ElementType::kInt8 : ElementType::kUint8;
}

std::map<std::string, std::string> read_onnx_metadata(std::span<const std::byte> bytes,
                                                      const std::string& name) {
  Budget budget(name, bytes.size());
  const onnx::ModelProto model = parse_onnx(bytes, budget);
  std::map<std::string, std::string> entries;
  for (const auto& prop : model.metadata_props()) entries[prop.key()] = prop.value();
  for (const auto& tensor : model.graph().initializer()) {
    const std::string where = fmt::format("{}: {}", name, tensor.name());
    require_no_nan(std::as_bytes(std::span(tensor.raw_data())), float_type(tensor), where);
    require_no_nan(std::as_bytes(std::span(tensor.float_data().data(),
                                           static_cast<size_t>(tensor.float_data_size()))),
                   "f32", where);
  }
  return entries;
}

std::map<std::string, int> count_onnx_operators(std::span<const std::byte> bytes,
                                                const std::string& name) {
  Budget budget(name, bytes.size());
  const onnx::ModelProto model = parse_onnx(bytes, budget);
  std::map<std::string, int> counts;
  for (const auto& n : model.graph().node()) ++counts[n.op_type()];
  return counts;
}

}  // namespace octet
