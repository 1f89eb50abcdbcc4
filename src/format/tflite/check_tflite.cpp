#include "format/tflite/check_tflite.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <span>
#include <vector>

#include "core/error.h"
#include "format/tflite/stored_bytes.h"

namespace octet {
namespace {

using tflite::BuiltinOperator;

constexpr int64_t kMaxElements = int64_t{1} << 31;  // of a tensor
constexpr uint32_t kReadableVersion = 3;
constexpr int kDepth = 64;
constexpr int32_t kNone = -1;  // an input that is left out

// What an operator has to have. `weights`: the output channels of its second input's scales lie
// there; −1: it has no weights.
struct OperatorRule {
  BuiltinOperator code;
  size_t inputs;
  int weights_channel = -1;
};
constexpr OperatorRule kRules[] = {{tflite::BuiltinOperator_ADD, 2},
                                   {tflite::BuiltinOperator_AVERAGE_POOL_2D, 1},
                                   {tflite::BuiltinOperator_CONCATENATION, 1},
                                   {tflite::BuiltinOperator_CONV_2D, 2, 0},
                                   {tflite::BuiltinOperator_DEPTHWISE_CONV_2D, 2, 3},
                                   {tflite::BuiltinOperator_DEQUANTIZE, 1},
                                   {tflite::BuiltinOperator_FULLY_CONNECTED, 2},
                                   {tflite::BuiltinOperator_LOGISTIC, 1},
                                   {tflite::BuiltinOperator_MAX_POOL_2D, 1},
                                   {tflite::BuiltinOperator_MUL, 2},
                                   {tflite::BuiltinOperator_RELU, 1},
                                   {tflite::BuiltinOperator_RELU6, 1},
                                   {tflite::BuiltinOperator_RESHAPE, 1},
                                   {tflite::BuiltinOperator_RESIZE_BILINEAR, 2},
                                   {tflite::BuiltinOperator_SOFTMAX, 1},
                                   {tflite::BuiltinOperator_PAD, 2},
                                   {tflite::BuiltinOperator_TRANSPOSE, 2},
                                   {tflite::BuiltinOperator_MEAN, 2},
                                   {tflite::BuiltinOperator_PRELU, 2},
                                   {tflite::BuiltinOperator_PADV2, 3},
                                   {tflite::BuiltinOperator_SUB, 2},
                                   {tflite::BuiltinOperator_STRIDED_SLICE, 4},
                                   {tflite::BuiltinOperator_CAST, 1},
                                   {tflite::BuiltinOperator_SUM, 2},
                                   {tflite::BuiltinOperator_RESIZE_NEAREST_NEIGHBOR, 2},
                                   {tflite::BuiltinOperator_QUANTIZE, 1},
                                   {tflite::BuiltinOperator_HARD_SWISH, 1},
                                   {tflite::BuiltinOperator_BATCH_MATMUL, 2}};

// Others need at least something to read.
OperatorRule rule_of(int code) {
  const auto* const at =
      std::find_if(std::begin(kRules), std::end(kRules),
                   [&](const OperatorRule& r) { return static_cast<int>(r.code) == code; });
  return at == std::end(kRules) ? OperatorRule{BuiltinOperator(code), 0} : *at;
}

int64_t bytes_of(tflite::TensorType type) {
  switch (type) {
    case tflite::TensorType_FLOAT32:
    case tflite::TensorType_INT32:
      return 4;
    case tflite::TensorType_INT64:
      return 8;
    case tflite::TensorType_FLOAT16:
      return 2;
    case tflite::TensorType_UINT8:
    case tflite::TensorType_INT8:
      return 1;
  }
  return 0;  // another type, whose constants are not looked at
}

class Check {
 public:
  Check(const tflite::Model& model, std::span<const std::byte> file, const std::string& name)
      : model_(model), file_(file), graph_(*model.subgraphs()->Get(0)), name_(name) {
    if (graph_.tensors() == nullptr || graph_.operators() == nullptr)
      fail("{}: its network is empty", name_);
  }

  void run() {
    for (const tflite::Tensor* t : *graph_.tensors()) check_tensor(*t);
    there_.assign(graph_.tensors()->size(), false);
    for (size_t i = 0; i < there_.size(); ++i)
      there_[i] = !constant(tensor(static_cast<int32_t>(i))).empty();
    for (const int32_t i : indices(graph_.inputs(), "the network's inputs")) mark(i);
    for (const tflite::Operator* op : *graph_.operators()) check_operator(*op);
    for (const int32_t i : indices(graph_.outputs(), "the network's outputs"))
      require_there(i, "the network");
  }

 private:
  [[nodiscard]] const tflite::Tensor& tensor(int32_t index) const {
    return *graph_.tensors()->Get(static_cast<uint32_t>(index));
  }
  [[nodiscard]] static std::string label(const tflite::Tensor& t) {
    return t.name() == nullptr ? "" : t.name()->str();
  }
  [[nodiscard]] std::span<const std::byte> constant(const tflite::Tensor& t) const {
    return stored_bytes(model_, file_, t.buffer(), name_);
  }

  void check_tensor(const tflite::Tensor& t) const {
    int64_t count = 1;
    if (t.shape() != nullptr) {
      for (const int32_t side : *t.shape()) {
        if (side < 0 || (side > 0 && count > kMaxElements / side))
          fail("{}: the tensor '{}' has a side of {}", name_, label(t), side);
        count *= side;
      }
    }
    const auto data = constant(t);
    if (!data.empty() && bytes_of(t.type()) > 0 &&
        static_cast<int64_t>(data.size()) != count * bytes_of(t.type()))
      fail("{}: the tensor '{}' has {} bytes, its shape asks for {}", name_, label(t), data.size(),
           count * bytes_of(t.type()));
    if (t.quantization() != nullptr) check_quantization(t, *t.quantization());
  }

  void check_quantization(const tflite::Tensor& t, const tflite::QuantizationParameters& q) const {
    const size_t scales = q.scale() == nullptr ? 0 : q.scale()->size();
    const size_t zeros = q.zero_point() == nullptr ? 0 : q.zero_point()->size();
    if (zeros != scales && zeros > 1)
      fail("{}: the tensor '{}' has {} scales and {} zero points", name_, label(t), scales, zeros);
    for (size_t i = 0; i < scales; ++i) {
      const float scale = q.scale()->Get(static_cast<uint32_t>(i));
      if (!std::isfinite(scale) || scale < 0)
        fail("{}: the tensor '{}' has the scale {}", name_, label(t), scale);
    }
    if (scales < 2) return;
    const int32_t at = q.quantized_dimension();
    const uint32_t rank = t.shape() == nullptr ? 0 : t.shape()->size();
    if (at < 0 || at >= static_cast<int32_t>(rank) ||
        t.shape()->Get(static_cast<uint32_t>(at)) != static_cast<int32_t>(scales))
      fail("{}: the tensor '{}' has {} scales along its side {}, which has another length", name_,
           label(t), scales, at);
  }

  std::vector<int32_t> indices(const flatbuffers::Vector<int32_t>* list,
                               const std::string& whose) const {
    std::vector<int32_t> out;
    for (uint32_t i = 0; list != nullptr && i < list->size(); ++i) {
      const int32_t index = list->Get(i);
      if (index < kNone || index >= static_cast<int32_t>(graph_.tensors()->size()))
        fail("{}: {} name the tensor {}, which does not exist", name_, whose, index);
      out.push_back(index);
    }
    return out;
  }
  void mark(int32_t index) {
    if (index != kNone) there_[static_cast<size_t>(index)] = true;
  }
  void require_there(int32_t index, const std::string& who) const {
    if (index == kNone || !there_[static_cast<size_t>(index)])
      fail("{}: {} reads the tensor '{}' before anything makes it", name_, who,
           index == kNone ? "" : label(tensor(index)));
  }

  void check_operator(const tflite::Operator& op) {
    if (op.opcode_index() >= model_.operator_codes()->size())
      fail("{}: an operator has a code that does not exist", name_);
    const tflite::OperatorCode& code = *model_.operator_codes()->Get(op.opcode_index());
    const int number = std::max(static_cast<int>(code.builtin_code()),
                                static_cast<int>(code.deprecated_builtin_code()));
    const std::vector<int32_t> outputs = indices(op.outputs(), "an operator's outputs");
    if (outputs.empty() || outputs[0] == kNone) fail("{}: an operator makes nothing", name_);
    const std::string who = fmt::format("the operator of '{}'", label(tensor(outputs[0])));
    const std::vector<int32_t> inputs = indices(op.inputs(), who);
    const OperatorRule rule = rule_of(number);
    if (inputs.size() < rule.inputs)
      fail("{}: {} has {} inputs; {} are needed", name_, who, inputs.size(), rule.inputs);
    for (size_t i = 0; i < inputs.size(); ++i) {
      if (inputs[i] != kNone || i < rule.inputs) require_there(inputs[i], who);
    }
    if (rule.weights_channel >= 0) check_weights(inputs, rule, who);
    check_window(op, who);
    for (const int32_t i : outputs) mark(i);
  }

  void check_weights(const std::vector<int32_t>& inputs, const OperatorRule& rule,
                     const std::string& who) const {
    const tflite::Tensor& x = tensor(inputs[0]);
    const tflite::Tensor& w = tensor(inputs[1]);
    if (x.shape() == nullptr || w.shape() == nullptr || x.shape()->size() != 4 ||
        w.shape()->size() != 4)
      fail("{}: {} needs an image and weights of four sides", name_, who);
    const int32_t channels = w.shape()->Get(static_cast<uint32_t>(rule.weights_channel));
    const bool has_bias = inputs.size() > 2 && inputs[2] != kNone;
    if (has_bias) {
      const auto* bias = tensor(inputs[2]).shape();
      if (bias == nullptr || bias->size() != 1 || bias->Get(0) != channels)
        fail("{}: {} has {} channels, its bias another number", name_, who, channels);
    }
    if (x.type() == tflite::TensorType_FLOAT32 && w.type() != tflite::TensorType_FLOAT32)
      check_stored_weights(w, channels, who);
    const bool grouped = rule.code == tflite::BuiltinOperator_DEPTHWISE_CONV_2D ||
                         x.shape()->Get(3) != w.shape()->Get(3);
    if (x.type() != w.type() && x.type() == tflite::TensorType_FLOAT32 && grouped && !has_bias)
      fail("{}: {} has no bias, which TensorFlow Lite reads of such weights", name_, who);
    if (x.type() != tflite::TensorType_FLOAT32 && w.type() != tflite::TensorType_FLOAT32) {
      const auto* q = w.quantization();
      const size_t scales = q == nullptr || q->scale() == nullptr ? 0 : q->scale()->size();
      if (scales != 1 && scales != static_cast<size_t>(channels))
        fail("{}: {} has {} channels and {} scales", name_, who, channels, scales);
      if (scales > 1 && q->quantized_dimension() != rule.weights_channel)
        fail("{}: {} has its scales along another side than its channels", name_, who);
    }
  }

  // Of 8 bits in a network of floats.
  void check_stored_weights(const tflite::Tensor& w, int32_t channels,
                            const std::string& who) const {
    const auto* q = w.quantization();
    const size_t scales = q == nullptr || q->scale() == nullptr ? 0 : q->scale()->size();
    if (w.type() != tflite::TensorType_INT8 || constant(w).empty())
      fail("{}: {} is computed in float; its weights are neither floats nor stored int8", name_,
           who);
    if (scales != 1 && scales != static_cast<size_t>(channels))
      fail("{}: {} has {} channels and {} scales", name_, who, channels, scales);
  }

  void check_window(const tflite::Operator& op, const std::string& who) const {
    const auto positive = [&](std::initializer_list<int32_t> values) {
      for (const int32_t value : values) {
        if (value < 1) fail("{}: {} has a stride, a dilation or a window of {}", name_, who, value);
      }
    };
    if (const auto* c = op.builtin_options_as_Conv2DOptions())
      positive({c->stride_w(), c->stride_h(), c->dilation_w_factor(), c->dilation_h_factor()});
    if (const auto* d = op.builtin_options_as_DepthwiseConv2DOptions())
      positive({d->stride_w(), d->stride_h(), d->dilation_w_factor(), d->dilation_h_factor()});
    if (const auto* p = op.builtin_options_as_Pool2DOptions())
      positive({p->stride_w(), p->stride_h(), p->filter_width(), p->filter_height()});
  }

  const tflite::Model& model_;
  std::span<const std::byte> file_;
  const tflite::SubGraph& graph_;
  const std::string& name_;
  std::vector<bool> there_;
};

}  // namespace

// Tables that several others refer to are verified, and read, once for each: the verifier's own limit,
// and the budget.
const tflite::Model& verified_tflite(std::span<const std::byte> bytes, const std::string& name) {
  const auto* data = reinterpret_cast<const uint8_t*>(bytes.data());
  if (bytes.size() < 8 || !tflite::ModelBufferHasIdentifier(data))
    fail("{}: is not a TensorFlow Lite file", name);
  flatbuffers::Verifier verifier(data, bytes.size(), kDepth, 10'000'000);
  if (!tflite::VerifyModelBuffer(verifier))
    fail("{}: is a damaged TensorFlow Lite file, or is cut short: offsets in it point outside",
         name);
  const tflite::Model& model = *tflite::GetModel(data);
  if (model.version() > kReadableVersion)
    fail("{}: has version {} of TensorFlow Lite's format; octet reads up to {}", name,
         model.version(), kReadableVersion);
  if (model.buffers() == nullptr || model.subgraphs() == nullptr ||
      model.operator_codes() == nullptr || model.subgraphs()->size() != 1)
    fail("{}: holds no network, or several", name);
  return model;
}

void check_tflite(const tflite::Model& model, std::span<const std::byte> file,
                  const std::string& name) {
  Check(model, file, name).run();
}

}  // namespace octet
