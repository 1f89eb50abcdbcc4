#include "format/tflite/tflite_network.h"

#include <algorithm>
#include <set>

#include "core/element_reader.h"
#include "core/error.h"
#include "format/import/layers.h"
#include "format/tflite/check_tflite.h"
#include "format/tflite/stored_bytes.h"
#include "format/tflite/tflite_call.h"

namespace octet {
namespace {

// Of a constant's bytes.
struct Stored {
  size_t bytes;
  ElementReader read;
};

Stored stored_as(tflite::TensorType type) {
  switch (type) {
    case tflite::TensorType_FLOAT32:
      return {4, read_element<float>};
    case tflite::TensorType_FLOAT16:
      return {2, read_half};
    case tflite::TensorType_INT32:
      return {4, read_element<int32_t>};
    case tflite::TensorType_INT64:
      return {8, read_element<int64_t>};
    case tflite::TensorType_UINT8:
      return {1, read_element<uint8_t>};
    case tflite::TensorType_INT8:
      return {1, read_element<int8_t>};
  }
  fail("has constants of the type {}", static_cast<int>(type));
}

void require_float(const tflite::SubGraph& graph) {
  for (const tflite::Tensor* t : *graph.tensors()) {
    const bool bytes =
        t->type() == tflite::TensorType_INT8 || t->type() == tflite::TensorType_UINT8;
    const auto* q = t->quantization();
    if (bytes && q != nullptr && q->scale() != nullptr && q->scale()->size() > 0)
      fail(
          "is int8 already (the tensor '{}'); octet imports float networks and makes int8 of "
          "them",
          t->name() == nullptr ? "" : t->name()->str());
  }
}

class Reader {
 public:
  Reader(const tflite::Model& model, std::span<const std::byte> file, Budget& budget,
         const ImportOptions& options)
      : model_(model),
        file_(file),
        graph_(*model.subgraphs()->Get(0)),
        budget_(budget),
        input_(only_input()),
        shape_(tensor_shape(graph_, input_)),
        draft_(budget, input_size_of(shape_, options.size), kChannelsLast, output_names()) {}

  NetworkFile read() {
    NetworkFile out;
    values_.set(tensor_key(input_), add_input_values(draft_, shape_));
    for (const tflite::Operator* op : *graph_.operators()) {
      const std::string label = label_of(*op);
      if (!values_.attempt(budget_.name(), label, [&] { read_operator(*op); })) lose_outputs(*op);
    }
    for (const int32_t index : *graph_.outputs())
      values_.attempt(budget_.name(), fmt::format("output '{}'", output_name(index)),
                      [&] { add_output(index, out); });
    values_.require_read(budget_.name(), graph_.operators()->size());
    out.graph = std::move(draft_.graph());
    out.notes = std::move(draft_.notes());
    out.bytes = tensor(input_).type() == tflite::TensorType_UINT8;
    out.source = "TensorFlow Lite";
    if (const auto* description = model_.description())
      out.source += ", " + plain_name(description->str());
    return out;
  }

 private:
  [[nodiscard]] const tflite::Tensor& tensor(int32_t index) const {
    return *graph_.tensors()->Get(static_cast<uint32_t>(index));
  }

  [[nodiscard]] int32_t only_input() const {
    const auto* list = graph_.inputs();
    if (list == nullptr || list->size() != 1 || list->Get(0) < 0)
      fail("has {} inputs; octet takes networks with one, an image",
           list == nullptr ? 0 : list->size());
    if (graph_.outputs() == nullptr || graph_.outputs()->size() == 0) fail("has no outputs");
    return list->Get(0);
  }

  [[nodiscard]] std::set<std::string> output_names() const {
    std::set<std::string> names;
    for (const int32_t index : *graph_.outputs())
      if (index >= 0) names.insert(plain_name(tensor_name(graph_, index)));
    return names;
  }

  [[nodiscard]] int code_of(const tflite::Operator& op) const {
    const tflite::OperatorCode& code = *model_.operator_codes()->Get(op.opcode_index());
    return std::max(static_cast<int>(code.builtin_code()),
                    static_cast<int>(code.deprecated_builtin_code()));
  }

  // "SOFTMAX 'probabilities'".
  [[nodiscard]] std::string label_of(const tflite::Operator& op) const {
    const int code = code_of(op);
    std::string type = tflite::EnumNameBuiltinOperator(tflite::BuiltinOperator(code));
    if (type.empty()) type = fmt::format("operator {}", code);
    const tflite::OperatorCode& entry = *model_.operator_codes()->Get(op.opcode_index());
    if (code == tflite::BuiltinOperator_CUSTOM && entry.custom_code() != nullptr)
      type = entry.custom_code()->str();
    return fmt::format("{} '{}'", type, tensor_name(graph_, op.outputs()->Get(0)));
  }

  void lose_outputs(const tflite::Operator& op) {
    for (const int32_t index : *op.outputs()) values_.lose(tensor_key(index));
  }

  [[nodiscard]] std::string output_name(int32_t index) const {
    return index < 0 ? "" : tensor_name(graph_, index);
  }

  // Constants are read when an operator needs them. Returns false for what could not be read.
  bool make_input_known(int32_t index) {
    if (index < 0 || values_.find(tensor_key(index)) != nullptr) return true;
    if (values_.is_lost(tensor_key(index))) return false;
    const tflite::Tensor& t = tensor(index);
    const auto raw = stored_bytes(model_, file_, t.buffer(), budget_.name());
    const Shape shape = tensor_shape(graph_, index);
    if (raw.empty())
      fail("reads '{}', which octet finds nowhere before it", tensor_name(graph_, index));
    const Stored stored = stored_as(t.type());
    const auto count = static_cast<size_t>(element_count(shape));
    if (raw.size() != count * stored.bytes) fail("has a constant that does not fill its shape");
    budget_.take(count, sizeof(double));
    const bool bytes = stored.bytes == 1;
    const bool integers =
        bytes || t.type() == tflite::TensorType_INT32 || t.type() == tflite::TensorType_INT64;
    Constant out{shape, {}, integers, bytes};
    out.values.reserve(count);
    for (size_t i = 0; i < count; ++i)
      out.values.push_back(stored.read(raw.data() + i * stored.bytes));
    values_.set(tensor_key(index), std::move(out));
    return true;
  }

  void read_operator(const tflite::Operator& op) {
    const int code = code_of(op);
    const TfliteOperatorReader layer = find_tflite_layer(code);
    const TfliteOperatorReader constant = find_tflite_constant(code);
    if (layer == nullptr && constant == nullptr) fail("octet has no such operator");
    if (op.inputs() != nullptr) {
      for (const int32_t index : *op.inputs())
        if (!make_input_known(index)) return lose_outputs(op);
    }
    TfliteCall call(graph_, op, draft_, values_, budget_);
    bool all_constant = true;
    for (size_t i = 0; i < call.inputs(); ++i)
      all_constant = all_constant && (!call.has(i) || call.is_constant(i));
    const bool folded =
        constant != nullptr && (all_constant || code == tflite::BuiltinOperator_SHAPE);
    if (!folded && layer == nullptr) fail("octet computes it with constants only");
    (folded ? constant : layer)(call);
  }

  void add_output(int32_t index, NetworkFile& out) {
    if (values_.is_lost(tensor_key(index))) return;
    const auto* value = values_.find(tensor_key(index));
    if (value == nullptr) fail("is not computed by any operator that octet reads");
    const auto* computed = std::get_if<Computed>(value);
    if (computed == nullptr) fail("is a constant");
    draft_.require_whole(*computed);
    out.outputs.push_back({output_name(index), *computed});
    out.shapes[computed->value] = draft_.nchw(*computed);
  }

  const tflite::Model& model_;
  std::span<const std::byte> file_;
  const tflite::SubGraph& graph_;
  Budget& budget_;
  int32_t input_;
  Shape shape_;
  Draft draft_;
  FileValues values_;
};

}  // namespace

NetworkFile read_tflite_network(std::span<const std::byte> bytes, const std::string& name,
                                const ImportOptions& options) {
  const tflite::Model& model = verified_tflite(bytes, name);
  check_tflite(model, bytes, name);
  Budget budget(name, bytes.size());
  try {
    require_float(*model.subgraphs()->Get(0));
    return Reader(model, bytes, budget, options).read();
  } catch (const Error& e) {
    if (e.code() == ErrorCode::kUsage || std::string_view(e.what()).starts_with(name)) throw;
    fail("{}: {}", name, e.what());
  }
}

}  // namespace octet
