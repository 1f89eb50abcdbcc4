// Outputs of any shapes, types and numbers for any pose head, and a crop around any box. What the
// check takes has to decode without reading beyond an output, to numbers that are finite.
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <span>
#include <vector>

#include "core/error.h"
#include "vision/person_crop.h"
#include "vision/pose_decode.h"

namespace {

using octet::PosePart;

constexpr int64_t kMostElements = 4096;  // of an output

class Bytes {
 public:
  Bytes(const uint8_t* data, size_t size) : data_(data, size) {}

  uint8_t next() { return at_ < data_.size() ? data_[at_++] : 0; }
  bool flag() { return next() % 2 != 0; }
  template <typename T>
  T value() {
    uint8_t raw[sizeof(T)];
    for (uint8_t& byte : raw) byte = next();
    T out;
    std::memcpy(&out, raw, sizeof(T));
    return out;
  }

 private:
  std::span<const uint8_t> data_;
  size_t at_ = 0;
};

octet::PoseHead head_from(Bytes& in) {
  octet::PoseHead head;
  head.kind = static_cast<octet::PoseHeadKind>(in.next() % 3);
  const uint8_t named = in.next();
  for (size_t part = 0; part < octet::kPoseParts; ++part) {
    if ((named >> part) % 2 != 0)
      head.outputs.emplace(static_cast<PosePart>(part),
                           std::string(1, static_cast<char>('a' + in.next() % octet::kPoseParts)));
  }
  head.keypoints = in.next() % 8;
  head.pairs = in.flag();
  head.y_first = in.flag();
  head.offset_in_pixels = in.flag();
  head.logits = in.flag();
  head.presence_is_logit = in.flag();
  head.point_numbers = in.next() % 8;
  return head;
}

octet::Port port_from(Bytes& in, size_t index) {
  octet::Port port{.name = std::string(1, static_cast<char>('a' + index)), .shape = {}};
  for (auto rank = in.next() % 6; rank > 0; --rank)
    port.shape.push_back(in.next() == 255 ? INT64_MAX : in.next() % 20);
  port.type = static_cast<octet::ElementType>(in.next() % 3);
  port.scale = in.value<float>();
  port.zero_point = static_cast<int8_t>(in.next());
  port.channels_last = in.flag() && port.shape.size() == 4;
  return port;
}

bool small(const octet::Shape& shape) {
  int64_t count = 1;
  for (const int64_t side : shape) {
    if (side < 0 || side > kMostElements || (count *= side) > kMostElements) return false;
  }
  return true;
}

void require(bool sound) {
  if (!sound) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  Bytes in(data, size);
  const octet::PoseHead head = head_from(in);
  const octet::Size input{1 + in.next(), 1 + in.next()};
  std::vector<octet::Port> ports;
  for (size_t i = 0; i < octet::kPoseParts; ++i) ports.push_back(port_from(in, i));
  octet::PersonPose pose;
  try {
    const octet::PoseDecoder decoder(octet::CheckedPose(head, input, ports));
    std::vector<std::vector<uint8_t>> memory;
    std::vector<octet::TensorView> views;
    for (const octet::Port& port : ports) {
      if (!small(port.shape)) return 0;
      const auto count = static_cast<size_t>(octet::element_count(port.shape));
      auto& bytes = memory.emplace_back(count * octet::element_size(port.type));
      for (uint8_t& byte : bytes) byte = in.next();
      views.push_back({.data = bytes.data(),
                       .type = port.type,
                       .shape = port.shape,
                       .scale = port.scale,
                       .zero_point = port.zero_point,
                       .channels_last = port.channels_last});
    }
    decoder.decode(views, pose);
  } catch (const octet::Error&) {
    return 0;  // refused, as it should
  }
  require(pose.score >= 0 && pose.score <= 1);
  const octet::PixelBox box{in.value<float>(), in.value<float>(), in.value<float>(),
                            in.value<float>()};
  const uint8_t pixel[3] = {1, 2, 3};
  std::vector<uint8_t> crop(static_cast<size_t>(input.width) * input.height * 3);
  octet::PersonCrop person(input, 1.25);
  person.run({.data = pixel, .stride_bytes = 3, .size = {1, 1}}, box, crop.data());
  for (const octet::Keypoint& k : pose.keypoints)
    require(std::isfinite(person.geometry().to_source_x(k.x)) &&
            std::isfinite(person.geometry().to_source_y(k.y)));
  return 0;
}
