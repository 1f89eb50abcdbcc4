#include "format/tflite/channel_scales.h"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <vector>

#include "core/budget.h"
#include "tflite_generated.h"

namespace octet {
namespace {

constexpr size_t kAlignment = 16;
constexpr size_t kBytesPerChannel = sizeof(float) + sizeof(int64_t);

struct Weights {
  const tflite::Tensor* tensor;
  int32_t channel_side;  // of its shape
};

// Of a convolution in float whose weights are integers of one scale, where TensorFlow Lite wants
// more; null: the operator is none.
Weights weights_of(const tflite::SubGraph& graph, const tflite::Operator& op,
                   const tflite::OperatorCode& code) {
  const int number = std::max(static_cast<int>(code.builtin_code()),
                              static_cast<int>(code.deprecated_builtin_code()));
  const bool depthwise = number == tflite::BuiltinOperator_DEPTHWISE_CONV_2D;
  if (!depthwise && number != tflite::BuiltinOperator_CONV_2D) return {nullptr, 0};
  const auto tensor = [&](uint32_t input) {
    return graph.tensors()->Get(static_cast<uint32_t>(op.inputs()->Get(input)));
  };
  const tflite::Tensor& x = *tensor(0);
  const tflite::Tensor& w = *tensor(1);
  const bool grouped = depthwise || x.shape()->Get(3) != w.shape()->Get(3);
  const auto* q = w.quantization();
  const bool one_scale = q != nullptr && q->scale() != nullptr && q->scale()->size() == 1;
  if (!grouped || !one_scale || x.type() != tflite::TensorType_FLOAT32 ||
      w.type() != tflite::TensorType_INT8)
    return {nullptr, 0};
  return {&w, depthwise ? 3 : 0};
}

size_t channels_of(const Weights& weights) {
  const auto side = static_cast<uint32_t>(weights.channel_side);
  return static_cast<size_t>(weights.tensor->shape()->Get(side));
}

// A table of its own, to be appended to the file.
flatbuffers::FlatBufferBuilder repeated(const Weights& weights) {
  const auto& q = *weights.tensor->quantization();
  const size_t channels = channels_of(weights);
  int64_t zero = 0;  // a damaged file may have it at any address
  if (q.zero_point() != nullptr && q.zero_point()->size() > 0)
    std::memcpy(&zero, q.zero_point()->Data(), sizeof zero);
  const std::vector<float> scales(channels, q.scale()->Get(0));
  const std::vector<int64_t> zeros(channels, zero);
  flatbuffers::FlatBufferBuilder builder;
  builder.Finish(tflite::CreateQuantizationParametersDirect(builder, nullptr, nullptr, &scales,
                                                            &zeros, weights.channel_side));
  return builder;
}

// Where `pointer`, which lies in `content`, is.
size_t offset_in(std::string_view content, const void* pointer) {
  return static_cast<size_t>(static_cast<const char*>(pointer) - content.data());
}

void append(std::string& out, size_t field, const flatbuffers::FlatBufferBuilder& table) {
  out.resize((out.size() + kAlignment - 1) / kAlignment * kAlignment);
  const size_t begin = out.size();
  out.append(reinterpret_cast<const char*>(table.GetBufferPointer()), table.GetSize());
  const auto root = flatbuffers::ReadScalar<flatbuffers::uoffset_t>(out.data() + begin);
  flatbuffers::WriteScalar(out.data() + field,
                           static_cast<flatbuffers::uoffset_t>(begin + root - field));
}

}  // namespace

std::string with_channel_scales(std::string_view content, const std::string& name) {
  Budget budget(name, content.size());
  const tflite::Model& model = *tflite::GetModel(content.data());
  const tflite::SubGraph& graph = *model.subgraphs()->Get(0);
  std::string out;
  for (const tflite::Operator* op : *graph.operators()) {
    const Weights weights =
        weights_of(graph, *op, *model.operator_codes()->Get(op->opcode_index()));
    if (weights.tensor == nullptr) continue;
    if (out.empty()) out = content;
    budget.take(channels_of(weights), 2 * kBytesPerChannel);
    const auto* table = reinterpret_cast<const flatbuffers::Table*>(weights.tensor);
    const uint8_t* field = table->GetAddressOf(tflite::Tensor::VT_QUANTIZATION);
    append(out, offset_in(content, field), repeated(weights));
  }
  return out;
}

}  // namespace octet
