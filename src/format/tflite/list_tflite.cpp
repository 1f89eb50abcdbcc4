#include <cstring>
#include <set>

#include "core/budget.h"
#include "core/error.h"
#include "core/file.h"
#include "format/checkpoint/zip.h"
#include "format/finite.h"
#include "format/tflite/check_tflite.h"
#include "format/tflite/operator_cost.h"
#include "format/tflite/stored_bytes.h"
#include "format/tflite/tflite.h"
#include "tflite_generated.h"

namespace octet {
namespace {

constexpr size_t kEntryBytes = 1024;  // of a tensor or an operator with its fields
constexpr size_t kDigitBytes = 24;    // of an element that becomes text
constexpr std::string_view kEdgeTpuOperator = "edgetpu-custom-op";

std::string text(const flatbuffers::String* s, Budget& budget) {
  if (s == nullptr) return "";
  budget.take(sizeof(std::string) + s->size());
  return s->str();
}

template <typename T>
std::string list(const flatbuffers::Vector<T>* v, Budget& budget) {
  if (v == nullptr) return "";
  budget.take(v->size(), kDigitBytes);
  return fmt::format("{}", fmt::join(v->begin(), v->end(), ","));
}

std::string type_text(tflite::TensorType type) {
  switch (type) {
    case tflite::TensorType_FLOAT32:
      return "f32";
    case tflite::TensorType_FLOAT16:
      return "f16";
    case tflite::TensorType_INT32:
      return "i32";
    case tflite::TensorType_UINT8:
      return "u8";
    case tflite::TensorType_INT64:
      return "i64";
    case tflite::TensorType_INT8:
      return "i8";
  }
  return fmt::format("type {}", static_cast<int>(type));
}

// Older files have the code in one byte.
std::string operator_text(const tflite::OperatorCode& code) {
  const int number = std::max(static_cast<int>(code.builtin_code()),
                              static_cast<int>(code.deprecated_builtin_code()));
  const std::string name = tflite::EnumNameBuiltinOperator(tflite::BuiltinOperator(number));
  return name.empty() ? fmt::format("operator {}", number) : name;
}

void read_quantization(const tflite::QuantizationParameters& q, const std::string& name,
                       Budget& budget, ExportListing& out) {
  const auto put = [&](const std::string& field, const char* type, const auto* values) {
    if (values == nullptr) return;
    ListedTensor t{.type = type, .shape = {static_cast<int64_t>(values->size())}, .bytes = {}};
    const auto bytes = std::as_bytes(std::span(values->data(), values->size()));
    budget.take(kEntryBytes + bytes.size());
    t.bytes.assign(bytes.begin(), bytes.end());
    out.add_tensor(name + field, std::move(t));
  };
  put(".scale", "f32", q.scale());
  put(".zero_point", "i64", q.zero_point());
  out.nodes["tensor " + name]["quantized_dimension"] = std::to_string(q.quantized_dimension());
}

// A damaged file may have it at any address.
int64_t first_zero_point(const tflite::QuantizationParameters* q) {
  int64_t zero = 0;
  if (q != nullptr && q->zero_point() != nullptr && q->zero_point()->size() > 0)
    std::memcpy(&zero, q->zero_point()->Data(), sizeof zero);
  return zero;
}

// Of what looks at windows; false for anything else.
bool put_window(const tflite::Operator& op, ListedFields& f) {
  const auto put = [&](const char* name, int value) { f[name] = std::to_string(value); };
  if (const auto* o = op.builtin_options_as_Conv2DOptions()) {
    put("padding", o->padding());
    put("stride_w", o->stride_w());
    put("stride_h", o->stride_h());
    put("dilation_w", o->dilation_w_factor());
    put("dilation_h", o->dilation_h_factor());
    put("activation", o->fused_activation_function());
  } else if (const auto* depthwise = op.builtin_options_as_DepthwiseConv2DOptions()) {
    put("padding", depthwise->padding());
    put("stride_w", depthwise->stride_w());
    put("stride_h", depthwise->stride_h());
    put("depth_multiplier", depthwise->depth_multiplier());
    put("dilation_w", depthwise->dilation_w_factor());
    put("dilation_h", depthwise->dilation_h_factor());
    put("activation", depthwise->fused_activation_function());
  } else if (const auto* pool = op.builtin_options_as_Pool2DOptions()) {
    put("padding", pool->padding());
    put("stride_w", pool->stride_w());
    put("stride_h", pool->stride_h());
    put("filter_width", pool->filter_width());
    put("filter_height", pool->filter_height());
    put("activation", pool->fused_activation_function());
  } else if (const auto* transposed = op.builtin_options_as_TransposeConvOptions()) {
    put("padding", transposed->padding());
    put("stride_w", transposed->stride_w());
    put("stride_h", transposed->stride_h());
    put("activation", transposed->fused_activation_function());
  } else {
    return false;
  }
  return true;
}

ListedFields options_of(const tflite::Operator& op, Budget& budget) {
  ListedFields f;
  if (put_window(op, f)) return f;
  const auto put = [&](const char* name, int value) { f[name] = std::to_string(value); };
  if (const auto* cat = op.builtin_options_as_ConcatenationOptions()) {
    put("axis", cat->axis());
    put("activation", cat->fused_activation_function());
  } else if (const auto* add = op.builtin_options_as_AddOptions()) {
    put("activation", add->fused_activation_function());
  } else if (const auto* mul = op.builtin_options_as_MulOptions()) {
    put("activation", mul->fused_activation_function());
  } else if (const auto* sub = op.builtin_options_as_SubOptions()) {
    put("activation", sub->fused_activation_function());
  } else if (const auto* reshape = op.builtin_options_as_ReshapeOptions()) {
    f["new_shape"] = list(reshape->new_shape(), budget);
  } else if (const auto* softmax = op.builtin_options_as_SoftmaxOptions()) {
    f["beta"] = fmt::format("{}", softmax->beta());
  } else if (const auto* sum = op.builtin_options_as_ReducerOptions()) {
    put("keep_dims", sum->keep_dims());
  } else if (const auto* cast = op.builtin_options_as_CastOptions()) {
    put("from", cast->in_data_type());
    put("to", cast->out_data_type());
  } else if (const auto* slice = op.builtin_options_as_StridedSliceOptions()) {
    f["masks"] =
        fmt::format("{},{},{},{},{}", slice->begin_mask(), slice->end_mask(),
                    slice->ellipsis_mask(), slice->new_axis_mask(), slice->shrink_axis_mask());
  } else if (const auto* resize = op.builtin_options_as_ResizeNearestNeighborOptions()) {
    put("align_corners", resize->align_corners());
    put("half_pixel_centers", resize->half_pixel_centers());
  } else if (const auto* bilinear = op.builtin_options_as_ResizeBilinearOptions()) {
    put("align_corners", bilinear->align_corners());
    put("half_pixel_centers", bilinear->half_pixel_centers());
  }
  return f;
}

class Reader {
 public:
  Reader(const tflite::Model& model, std::span<const std::byte> file, Budget& budget)
      : model_(model),
        file_(file),
        graph_(*model.subgraphs()->Get(0)),
        budget_(budget),
        name_(budget.name()) {
    if (graph_.tensors() == nullptr || graph_.operators() == nullptr)
      fail("{}: its network is empty", name_);
  }

  ExportListing read() {
    for (const tflite::Tensor* t : *graph_.tensors()) {
      budget_.take(kEntryBytes);
      const std::string tensor = text(t->name(), budget_);
      ListedFields& fields = out_.add_node("tensor " + tensor);
      put_field(fields, "type", type_text(t->type()));
      put_field(fields, "shape", list(t->shape(), budget_));
      if (t->quantization() != nullptr)
        read_quantization(*t->quantization(), tensor, budget_, out_);
      const auto data = stored_bytes(model_, file_, t->buffer(), name_ + ": " + tensor);
      if (data.empty()) continue;
      budget_.take(kEntryBytes + data.size());
      ListedTensor flat{.type = type_text(t->type()), .shape = {}, .bytes = {}};
      if (t->shape() != nullptr) flat.shape.assign(t->shape()->begin(), t->shape()->end());
      flat.bytes.assign(data.begin(), data.end());
      out_.add_tensor(tensor, std::move(flat));
    }
    for (const tflite::Operator* op : *graph_.operators()) read_operator(*op);
    ListedFields& whole = out_.add_node(ExportListing::kWhole);
    put_field(whole, "inputs", names(graph_.inputs()));
    put_field(whole, "outputs", names(graph_.outputs()));
    put_field(whole, "operators", std::to_string(graph_.operators()->size()));
    put_field(whole, "tensors", std::to_string(graph_.tensors()->size()));
    return std::move(out_);
  }

  [[nodiscard]] std::vector<TfliteOperator> operators() const {
    std::vector<TfliteOperator> out;
    budget_.take(graph_.operators()->size(), 2 * sizeof(TfliteOperator));
    for (const tflite::Operator* op : *graph_.operators()) {
      const tflite::OperatorCode& code = code_of(*op);
      const bool custom = code.builtin_code() == tflite::BuiltinOperator_CUSTOM;
      TfliteOperator one{.code = custom ? text(code.custom_code(), budget_) : operator_text(code),
                         .version = code.version(),
                         .output = names(op->outputs()),
                         .type = ""};
      (void)names(op->inputs());  // that they exist
      if (op->inputs() != nullptr && op->inputs()->size() > 0 && op->inputs()->Get(0) >= 0)
        one.type = type_text(tensor(op->inputs()->Get(0)).type());
      if (op->inputs() != nullptr && op->inputs()->size() > 1 && op->inputs()->Get(1) >= 0)
        one.weights_type = type_text(tensor(op->inputs()->Get(1)).type());
      one.inputs = op->inputs() == nullptr ? 0 : static_cast<int>(op->inputs()->size());
      one.multiplications = multiplications_of(one.code, graph_, *op);
      out.push_back(std::move(one));
    }
    return out;
  }
  // As TfliteSummary has it.
  [[nodiscard]] std::string wrong_in_armnn() const {
    std::set<int32_t> padded;
    for (const tflite::Operator* op : *graph_.operators()) {
      const std::string code = operator_text(code_of(*op));
      const auto* in = op->inputs();
      const auto* out = op->outputs();
      if (in == nullptr || out == nullptr || in->size() < 2 || out->size() < 1) continue;
      const std::string made = names(out);
      (void)names(in);  // that they exist
      if (code == "PAD") padded.insert(out->Get(0));
      const auto* resize = op->builtin_options_as_ResizeBilinearOptions();
      if (resize != nullptr && resize->half_pixel_centers()) return made;
      if (code == "DEPTHWISE_CONV_2D" && padded.contains(in->Get(0))) return made;
      if (code != "CONV_2D" || in->Get(0) < 0 || in->Get(1) < 0) continue;
      const auto* x = tensor(in->Get(0)).shape();
      const auto* w = tensor(in->Get(1)).shape();
      if (x != nullptr && w != nullptr && x->size() == 4 && w->size() == 4 &&
          x->Get(3) != w->Get(3))
        return made;
    }
    return "";
  }
  // As TfliteSummary has it.
  [[nodiscard]] bool wrong_in_xnnpack() const {
    for (const tflite::Operator* op : *graph_.operators()) {
      const auto* in = op->inputs();
      if (operator_text(code_of(*op)) != "BATCH_MATMUL" || in == nullptr || in->size() < 2)
        continue;
      (void)names(in);  // that they exist
      if (in->Get(1) < 0) continue;
      const tflite::Tensor& second = tensor(in->Get(1));
      if (second.type() == tflite::TensorType_INT8 && first_zero_point(second.quantization()) != 0)
        return true;
    }
    return false;
  }
  // 0 × 0 where it is not fixed.
  [[nodiscard]] Size input_size() const {
    (void)names(graph_.inputs());
    if (graph_.inputs() == nullptr || graph_.inputs()->size() != 1 || graph_.inputs()->Get(0) < 0)
      fail("{}: does not have one input", name_);
    const auto* shape = tensor(graph_.inputs()->Get(0)).shape();
    if (shape == nullptr || shape->size() != 4) fail("{}: its input is not an image", name_);
    if (shape->Get(1) == 3 && shape->Get(3) != 3) return {shape->Get(3), shape->Get(2)};
    return {shape->Get(2), shape->Get(1)};
  }

 private:
  const tflite::Tensor& tensor(int32_t index) const {
    return *graph_.tensors()->Get(static_cast<uint32_t>(index));
  }
  const tflite::OperatorCode& code_of(const tflite::Operator& op) const {
    if (op.opcode_index() >= model_.operator_codes()->size())
      fail("{}: an operator has a code that does not exist; the file is damaged", name_);
    return *model_.operator_codes()->Get(op.opcode_index());
  }
  void read_operator(const tflite::Operator& op) {
    const tflite::OperatorCode& code = code_of(op);
    ListedFields& fields = out_.add_node(names(op.outputs()));
    budget_.take(kEntryBytes);
    for (const auto& [key, value] : options_of(op, budget_)) put_field(fields, key, value);
    put_field(fields, "operator",
              fmt::format("{}, version {}", operator_text(code), code.version()));
    put_field(fields, "inputs", names(op.inputs()));
    put_field(fields, "options", std::to_string(static_cast<int>(op.builtin_options_type())));
  }
  std::string names(const flatbuffers::Vector<int32_t>* indices) const {
    std::vector<std::string> all;
    if (indices == nullptr) return "";
    budget_.take(indices->size(), sizeof(std::string) + kDigitBytes);
    for (const int32_t i : *indices) {
      if (i < -1 || i >= static_cast<int32_t>(graph_.tensors()->size()))
        fail("{}: tensor {} does not exist; the file is damaged", name_, i);
      all.push_back(
          i == -1 ? "" : text(graph_.tensors()->Get(static_cast<uint32_t>(i))->name(), budget_));
    }
    return fmt::format("{}", fmt::join(all, ","));
  }

  const tflite::Model& model_;
  std::span<const std::byte> file_;
  const tflite::SubGraph& graph_;
  Budget& budget_;
  const std::string& name_;
  ExportListing out_;
};

void require_sound_constants(const tflite::Model& model, std::span<const std::byte> file,
                             Budget& budget) {
  for (const tflite::SubGraph* graph : *model.subgraphs()) {
    if (graph->tensors() == nullptr) continue;
    for (const tflite::Tensor* t : *graph->tensors()) {
      const std::string where = budget.name() + ": " + text(t->name(), budget);
      const auto data = stored_bytes(model, file, t->buffer(), where);
      budget.take(data.size());
      require_no_nan(data, type_text(t->type()), where);
    }
  }
}

// Ultralytics appends a .zip with its YAML values, as JSON or as a Python dict, which YAML reads
// both.
std::map<std::string, std::string> appended(std::span<const std::byte> bytes, Budget& budget) {
  const ZipArchive zip(bytes, budget, Compressed::kSmall);
  for (const char* entry : {"metadata.json", "temp_meta.txt"}) {
    if (!zip.contains(entry)) continue;
    const auto content = zip.read(entry, budget);
    return {{"metadata.yaml", {reinterpret_cast<const char*>(content.data()), content.size()}}};
  }
  return {};
}

// Of a convolution.
std::string precision_of(const TfliteOperator& op) {
  if (op.type != "f32") return "int8";
  return op.weights_type == "i8" ? "int8 weights, float arithmetic" : "fp32";
}

}  // namespace

TfliteSummary summarize_tflite(std::span<const std::byte> bytes, const std::string& name) {
  Budget budget(name, bytes.size());
  const tflite::Model& model = verified_tflite(bytes, name);
  check_tflite(model, bytes, name);
  const Reader reader(model, bytes, budget);
  TfliteSummary out;
  out.operators = reader.operators();
  out.input = reader.input_size();
  out.wrong_in_armnn = reader.wrong_in_armnn();
  out.wrong_in_xnnpack = reader.wrong_in_xnnpack();
  for (const TfliteOperator& op : out.operators) {
    if (op.code == kEdgeTpuOperator) out.edge_tpu = true;
    if (op.code != "CONV_2D" && op.code != "DEPTHWISE_CONV_2D" && op.code != kEdgeTpuOperator)
      continue;
    const std::string one = precision_of(op);
    out.precision = out.precision.empty() || out.precision == one ? one : "mixed";
  }
  if (out.precision.empty()) out.precision = "fp32";
  return out;
}

ExportListing list_tflite(std::span<const std::byte> bytes, const std::string& name) {
  Budget budget(name, bytes.size());
  return Reader(verified_tflite(bytes, name), bytes, budget).read();
}

std::map<std::string, std::string> read_tflite_metadata(std::span<const std::byte> bytes,
                                                        const std::string& name) {
  Budget budget(name, bytes.size());
  const tflite::Model& model = verified_tflite(bytes, name);
  require_sound_constants(model, bytes, budget);
  std::map<std::string, std::string> entries;
  if (model.metadata() != nullptr) {
    for (const tflite::Metadata* m : *model.metadata()) {
      const auto data = stored_bytes(model, bytes, m->buffer(), name);
      budget.take(kEntryBytes + data.size());
      entries[text(m->name(), budget)] = {reinterpret_cast<const char*>(data.data()), data.size()};
    }
  }
  if (entries.contains("octet")) return entries;
  constexpr std::string_view kZipEnd = "PK\5\6";
  const std::string_view all(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  if (all.rfind(kZipEnd) == std::string_view::npos) return entries;
  return appended(bytes, budget);
}

}  // namespace octet
