// The smallest TensorFlow Lite network of dynamic range, for tests and fuzz targets.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "tflite_generated.h"

namespace octet {

// A convolution of 3 × 3 in float, whose weights are integers, all 3. Its bias is 0.
struct HybridSample {
  bool depthwise = true;
  int32_t input_channels = 2;
  int32_t side = 8;
  std::vector<float> scales{0.5F};
  bool has_bias = true;
  bool stored = true;   // the weights are in the file; else they are a second input
  bool behind = false;  // the weights are behind the tables, where Google's quantizer puts them

  [[nodiscard]] std::string bytes() const {
    if (!behind) return bytes_with_weights_at(0);
    constexpr size_t kAlignment = 16;
    std::string out = bytes_with_weights_at(kAlignment);  // as long as with the right place
    const size_t at = (out.size() + kAlignment - 1) / kAlignment * kAlignment;
    out = bytes_with_weights_at(at);
    out.resize(at);
    return out.append(static_cast<size_t>(9 * outputs()), 3);
  }

 private:
  [[nodiscard]] int32_t outputs() const { return depthwise ? input_channels : 2; }

  // `at`: the place in the file; 0: in its table.
  [[nodiscard]] std::string bytes_with_weights_at(size_t at) const {
    tflite::ModelT m;
    m.version = 3;
    for (int i = 0; i < 3; ++i) m.buffers.push_back(std::make_unique<tflite::BufferT>());
    const int32_t outputs = this->outputs();
    if (at > 0) {
      m.buffers[1]->offset = at;
      m.buffers[1]->size = static_cast<size_t>(9 * outputs);
    } else if (stored) {
      m.buffers[1]->data.assign(static_cast<size_t>(9 * outputs), 3);
    }
    m.buffers[2]->data.assign(static_cast<size_t>(4 * outputs), 0);
    auto code = std::make_unique<tflite::OperatorCodeT>();
    code->builtin_code =
        depthwise ? tflite::BuiltinOperator_DEPTHWISE_CONV_2D : tflite::BuiltinOperator_CONV_2D;
    code->deprecated_builtin_code = static_cast<int8_t>(code->builtin_code);
    m.operator_codes.push_back(std::move(code));
    auto graph = std::make_unique<tflite::SubGraphT>();
    const auto add = [&](const char* name, std::vector<int32_t> shape, tflite::TensorType type) {
      graph->tensors.push_back(std::make_unique<tflite::TensorT>());
      graph->tensors.back()->name = name;
      graph->tensors.back()->shape = std::move(shape);
      graph->tensors.back()->type = type;
    };
    add("image", {1, side, side, input_channels}, tflite::TensorType_FLOAT32);
    add("weights",
        depthwise ? std::vector<int32_t>{1, 3, 3, outputs} : std::vector<int32_t>{outputs, 3, 3, 1},
        tflite::TensorType_INT8);
    add("out", {1, side, side, outputs}, tflite::TensorType_FLOAT32);
    add("bias", {outputs}, tflite::TensorType_FLOAT32);
    graph->tensors[1]->buffer = 1;
    graph->tensors[3]->buffer = 2;
    graph->tensors[1]->quantization = std::make_unique<tflite::QuantizationParametersT>();
    graph->tensors[1]->quantization->scale = scales;
    graph->tensors[1]->quantization->zero_point.assign(scales.size(), 0);
    graph->inputs = {0};
    if (!stored) graph->inputs.push_back(1);
    graph->outputs = {2};
    graph->operators.push_back(make_operator());
    m.subgraphs.push_back(std::move(graph));
    flatbuffers::FlatBufferBuilder builder;
    builder.Finish(tflite::Model::Pack(builder, &m), tflite::ModelIdentifier());
    return {reinterpret_cast<const char*>(builder.GetBufferPointer()), builder.GetSize()};
  }

  [[nodiscard]] std::unique_ptr<tflite::OperatorT> make_operator() const {
    auto op = std::make_unique<tflite::OperatorT>();
    op->inputs = {0, 1};
    if (has_bias) op->inputs.push_back(3);
    op->outputs = {2};
    if (depthwise) {
      tflite::DepthwiseConv2DOptionsT options;
      options.stride_w = options.stride_h = options.depth_multiplier = 1;
      op->builtin_options.Set(options);
    } else {
      tflite::Conv2DOptionsT options;
      options.stride_w = options.stride_h = 1;
      op->builtin_options.Set(options);
    }
    return op;
  }
};

}  // namespace octet
