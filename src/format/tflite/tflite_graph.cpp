#include "format/tflite/tflite_graph.h"

#include <algorithm>

namespace octet {

TfliteGraph::TfliteGraph() {
  model_.version = 3;
  model_.description = "octet";
  model_.subgraphs.push_back(std::make_unique<tflite::SubGraphT>());
  model_.buffers.push_back(std::make_unique<tflite::BufferT>());  // by convention: no data
}

TfliteGraph::Tensor TfliteGraph::tensor(const std::string& name, const Shape& shape,
                                        tflite::TensorType type) {
  auto t = std::make_unique<tflite::TensorT>();
  t->name = name;
  t->type = type;
  for (const int64_t d : shape) t->shape.push_back(static_cast<int32_t>(d));
  graph().tensors.push_back(std::move(t));
  return static_cast<Tensor>(graph().tensors.size() - 1);
}

TfliteGraph::Tensor TfliteGraph::constant(const std::string& name, const Shape& shape,
                                          tflite::TensorType type,
                                          std::span<const std::byte> bytes) {
  const Tensor t = tensor(name, shape, type);
  at(t).buffer = buffer(bytes);
  return t;
}

TfliteGraph::Tensor TfliteGraph::integers(const std::string& name,
                                          const std::vector<int64_t>& values) {
  const std::vector<int32_t> narrow(values.begin(), values.end());
  return constant(name, {static_cast<int64_t>(values.size())}, tflite::TensorType_INT32,
                  std::as_bytes(std::span(narrow)));
}

void TfliteGraph::quantize(Tensor t, const QuantParams& params) {
  auto q = std::make_unique<tflite::QuantizationParametersT>();
  q->scale = {params.scale};
  q->zero_point = {params.zero_point};
  at(t).quantization = std::move(q);
  at(t).type = tflite::TensorType_INT8;
}

void TfliteGraph::quantize_channels(Tensor t, const std::vector<float>& scales, int axis) {
  auto q = std::make_unique<tflite::QuantizationParametersT>();
  q->scale = scales;
  q->zero_point.assign(scales.size(), 0);
  q->quantized_dimension = axis;
  at(t).quantization = std::move(q);
}

TfliteGraph::Operator TfliteGraph::add(tflite::BuiltinOperator code, int version,
                                       std::vector<Tensor> inputs, Tensor output, Operator before) {
  const auto [at, made] =
      codes_.try_emplace({code, version}, static_cast<uint32_t>(model_.operator_codes.size()));
  if (made) {
    auto entry = std::make_unique<tflite::OperatorCodeT>();
    entry->deprecated_builtin_code = static_cast<int8_t>(code);  // what older runtimes read
    entry->builtin_code = code;
    entry->version = version;
    model_.operator_codes.push_back(std::move(entry));
  }
  auto op = std::make_unique<tflite::OperatorT>();
  op->opcode_index = at->second;
  op->inputs = std::move(inputs);
  op->outputs = {output};
  auto& list = graph().operators;
  const auto where = std::find_if(list.begin(), list.end(),
                                  [before](const auto& other) { return other.get() == before; });
  return list.insert(where, std::move(op))->get();
}

Shape TfliteGraph::shape(Tensor t) { return {at(t).shape.begin(), at(t).shape.end()}; }

void TfliteGraph::metadata(const std::string& name, const std::string& text) {
  auto entry = std::make_unique<tflite::MetadataT>();
  entry->name = name;
  entry->buffer = buffer(std::as_bytes(std::span(text)));
  model_.metadata.push_back(std::move(entry));
}

uint32_t TfliteGraph::buffer(std::span<const std::byte> bytes) {
  auto b = std::make_unique<tflite::BufferT>();
  const auto* data = reinterpret_cast<const uint8_t*>(bytes.data());
  b->data.assign(data, data + bytes.size());
  model_.buffers.push_back(std::move(b));
  return static_cast<uint32_t>(model_.buffers.size() - 1);
}

std::string TfliteGraph::serialize() {
  flatbuffers::FlatBufferBuilder builder;
  tflite::FinishModelBuffer(builder, tflite::Model::Pack(builder, &model_));
  return {reinterpret_cast<const char*>(builder.GetBufferPointer()), builder.GetSize()};
}

}  // namespace octet
