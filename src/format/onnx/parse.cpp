#include "format/onnx/parse.h"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>
#include <google/protobuf/message.h>
#include <google/protobuf/wire_format_lite.h>

#include <limits>
#include <map>
#include <vector>

#include "core/error.h"

namespace octet {
namespace {

namespace pb = google::protobuf;
using pb::internal::WireFormatLite;

constexpr int64_t kMaxOpset = 1000;  // there were 25 in 2025; engines count up to what a file says

// Of protobuf's objects: what malloc and the growth of arrays add, a number in an array, a text.
constexpr size_t kObjectBytes = 48, kNumberBytes = 24, kTextBytes = 80;
constexpr size_t kUnknownBytes = 64;  // for each byte of a group that the schema does not know

// Walks over the file as protobuf will, and takes from the budget what that will make: two bytes can
// stand for an object of 200. False where the file is damaged.
class WireScan {
 public:
  WireScan(pb::io::CodedInputStream& in, Budget& budget) : in_(in), budget_(budget) {}

  bool message(const pb::Descriptor& type, int depth = 0) {
    budget_.require_depth(depth);
    while (const uint32_t tag = in_.ReadTag()) {
      const pb::FieldDescriptor* field =
          type.FindFieldByNumber(WireFormatLite::GetTagFieldNumber(tag));
      const bool sound =
          WireFormatLite::GetTagWireType(tag) == WireFormatLite::WIRETYPE_LENGTH_DELIMITED
              ? delimited(field, depth)
              : other(tag);
      if (!sound) return false;
    }
    return in_.ConsumedEntireMessage();
  }

 private:
  bool delimited(const pb::FieldDescriptor* field, int depth) {
    uint32_t length = 0;
    if (!in_.ReadVarint32(&length)) return false;
    if (field != nullptr && field->message_type() != nullptr) {
      budget_.take(object_bytes(*field->message_type()));
      const auto outer = in_.PushLimit(static_cast<int>(length));
      const bool sound = message(*field->message_type(), depth + 1);
      in_.PopLimit(outer);
      return sound;
    }
    if (field != nullptr && field->is_packable()) {
      budget_.take(length, kNumberBytes);
    } else {
      budget_.take(2, length);
      budget_.take(kTextBytes);
    }
    return in_.Skip(static_cast<int>(length));
  }

  bool other(uint32_t tag) {
    const int begin = in_.CurrentPosition();
    if (!WireFormatLite::SkipField(&in_, tag)) return false;
    const bool group = WireFormatLite::GetTagWireType(tag) == WireFormatLite::WIRETYPE_START_GROUP;
    budget_.take(group ? static_cast<size_t>(in_.CurrentPosition() - begin) : 1,
                 group ? kUnknownBytes : kNumberBytes);
    return true;
  }

  size_t object_bytes(const pb::Descriptor& type) {
    size_t& bytes = object_bytes_[&type];
    if (bytes == 0)
      bytes = kObjectBytes +
              pb::MessageFactory::generated_factory()->GetPrototype(&type)->SpaceUsedLong();
    return bytes;
  }

  pb::io::CodedInputStream& in_;
  Budget& budget_;
  std::map<const pb::Descriptor*, size_t> object_bytes_;
};

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
  if (bytes.empty() || bytes.size() > static_cast<size_t>(std::numeric_limits<int>::max()))
    fail("{}: is not an ONNX file: {} bytes", name, bytes.size());
  const int size = static_cast<int>(bytes.size());
  pb::io::ArrayInputStream first(bytes.data(), size), second(bytes.data(), size);
  pb::io::CodedInputStream scanned(&first), stream(&second);
  onnx::ModelProto model;
  if (!WireScan(scanned, budget).message(*onnx::ModelProto::descriptor()) ||
      !model.ParseFromCodedStream(&stream) || !stream.ConsumedEntireMessage() || !model.has_graph())
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
