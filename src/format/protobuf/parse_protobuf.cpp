#include "format/protobuf/parse_protobuf.h"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>
#include <google/protobuf/message.h>
#include <google/protobuf/wire_format_lite.h>

#include <limits>
#include <map>

namespace octet {
namespace {

namespace pb = google::protobuf;
using pb::internal::WireFormatLite;

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

}  // namespace

bool parse_protobuf(std::span<const std::byte> bytes, Budget& budget, pb::Message& message) {
  if (bytes.empty() || bytes.size() > static_cast<size_t>(std::numeric_limits<int>::max()))
    return false;
  const int size = static_cast<int>(bytes.size());
  pb::io::ArrayInputStream first(bytes.data(), size), second(bytes.data(), size);
  pb::io::CodedInputStream scanned(&first), stream(&second);
  return WireScan(scanned, budget).message(*message.GetDescriptor()) &&
         message.ParseFromCodedStream(&stream) && stream.ConsumedEntireMessage();
}

}  // namespace octet
