#include "format/onnx/parse.h"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>

#include <vector>

#include "core/error.h"
#include "format/protobuf/parse_protobuf.h"

namespace octet {
namespace {

namespace pb = google::protobuf;

constexpr int64_t kMaxOpset = 1000;  // there were 25 in 2025; engines count up to what a file says

void require_opset(const onnx::OperatorSetIdProto& opset, const std::string& name) {
  if (opset.version() < 0 || opset.version() > kMaxOpset)
    fail("{}: asks for version {} of the operators '{}', which does not exist", name,
         opset.version(), opset.domain());
}

void require_no_loop(const onnx::NodeProto& node, const std::string& name) {
  if (node.op_type() == "Loop" || node.op_type() == "Scan")
    fail("{}: the operator '{}' is a {}, which can run without end; no YOLO needs one", name,
         node.name(), node.op_type());
}

void require_inside(const onnx::TensorProto& t, const std::string& name) {
  if (t.data_location() == onnx::TensorProto::EXTERNAL || t.external_data_size() > 0)
    fail("{}: the tensor '{}' lies in another file; only models in files are read with it", name,
         t.name());
}

// Every message below, wherever it hangs: in a graph, an attribute, what is inside an attribute.
void require_sound(const pb::Message& message, const std::string& name) {
  if (const auto* opset = dynamic_cast<const onnx::OperatorSetIdProto*>(&message))
    return require_opset(*opset, name);
  if (dynamic_cast<const onnx::FunctionProto*>(&message) != nullptr)
    fail("{}: has functions of its own, which can call each other without end; inline them", name);
  if (const auto* node = dynamic_cast<const onnx::NodeProto*>(&message))
    require_no_loop(*node, name);
  const pb::Reflection& fields = *message.GetReflection();
  std::vector<const pb::FieldDescriptor*> present;
  fields.ListFields(message, &present);
  for (const pb::FieldDescriptor* field : present) {
    if (field->message_type() == nullptr) continue;
    if (!field->is_repeated()) require_sound(fields.GetMessage(message, field), name);
    for (int i = 0; field->is_repeated() && i < fields.FieldSize(message, field); ++i)
      require_sound(fields.GetRepeatedMessage(message, field, i), name);
  }
}

}  // namespace

onnx::ModelProto parse_scattered_onnx(std::span<const std::byte> bytes, Budget& budget) {
  const std::string& name = budget.name();
  onnx::ModelProto model;
  if (!parse_protobuf(bytes, budget, model) || !model.has_graph())
    fail("{}: is not an ONNX file, or is cut short", name);
  require_sound(model, name);
  return model;
}

onnx::ModelProto parse_onnx(std::span<const std::byte> bytes, Budget& budget) {
  onnx::ModelProto model = parse_scattered_onnx(bytes, budget);
  for_each_tensor(model, [&](const onnx::TensorProto& t) { require_inside(t, budget.name()); });
  return model;
}

void for_each_tensor(pb::Message& message, const std::function<void(onnx::TensorProto&)>& visit) {
  if (auto* tensor = dynamic_cast<onnx::TensorProto*>(&message)) return visit(*tensor);
  const pb::Reflection& fields = *message.GetReflection();
  std::vector<const pb::FieldDescriptor*> present;
  fields.ListFields(message, &present);
  for (const pb::FieldDescriptor* field : present) {
    if (field->message_type() == nullptr) continue;
    if (!field->is_repeated()) for_each_tensor(*fields.MutableMessage(&message, field), visit);
    for (int i = 0; field->is_repeated() && i < fields.FieldSize(message, field); ++i)
      for_each_tensor(*fields.MutableRepeatedMessage(&message, field, i), visit);
  }
}

}  // namespace octet
