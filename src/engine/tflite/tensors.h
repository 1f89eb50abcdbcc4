// Shared by the engines that run .tflite files. It converts the bytes of an image to the input, for
// every type of input. It presents outputs in the form of octet's other engines.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <vector>

#include "core/error.h"
#include "core/file.h"
#include "engine/engine.h"

namespace octet {

// An image has its channels last. For a network with channels first it is transposed.
inline Port input_port(Port port, const std::string& name) {
  if (port.shape.size() == 4 && port.shape[1] == 3 && port.shape[3] != 3)
    port.shape = {port.shape[0], port.shape[2], port.shape[3], port.shape[1]};
  if (port.shape.size() != 4 || port.shape[3] != 3) fail("{}: its input is not an image", name);
  port.type = ElementType::kUint8;
  return port;
}

// An output with four axes has its channels last. A decoded output, with three axes, is given in
// float.
inline Port output_port(Port port) {
  if (port.shape.size() == 4) {
    port.shape = {port.shape[0], port.shape[3], port.shape[1], port.shape[2]};
    port.channels_last = true;
  } else {
    port.type = ElementType::kFloat32;
  }
  return port;
}

// Returns the input value of each byte of an image, for this type and these parameters. Without
// parameters bytes stay as they are.
template <typename T>
std::array<T, 256> byte_table(const Port& port) {
  std::array<T, 256> table{};
  const float scale = port.scale > 0 ? port.scale : 1.0F / 255;
  for (int byte = 0; byte < 256; ++byte) {
    const float real = static_cast<float>(byte) / 255;
    if constexpr (std::is_same_v<T, float>) {
      table[static_cast<size_t>(byte)] = real;
    } else {
      const float q = std::nearbyint(real / scale) + static_cast<float>(port.zero_point);
      table[static_cast<size_t>(byte)] = static_cast<T>(std::clamp(
          q, float{std::numeric_limits<T>::min()}, float{std::numeric_limits<T>::max()}));
    }
  }
  return table;
}

// Converts the bytes of an image to the input of a network.
class PictureInput {
 public:
  explicit PictureInput(const Port& port)
      : type_(port.type),
        channels_first_(port.shape.back() != 3),
        bytes_(static_cast<size_t>(element_count(port.shape))),
        to_int8_(byte_table<int8_t>(port)),
        to_uint8_(byte_table<uint8_t>(port)),
        to_float_(byte_table<float>(port)) {}

  [[nodiscard]] uint8_t* bytes() { return bytes_.data(); }
  void copy_to(void* tensor) const {
    switch (type_) {
      case ElementType::kInt8:
        return copy_to(static_cast<int8_t*>(tensor), to_int8_);
      case ElementType::kUint8:
        return copy_to(static_cast<uint8_t*>(tensor), to_uint8_);
      case ElementType::kFloat32:
        return copy_to(static_cast<float*>(tensor), to_float_);
    }
  }

 private:
  template <typename T>
  void copy_to(T* tensor, const std::array<T, 256>& table) const {
    if (channels_first_) {
      for (size_t c = 0; c < 3; ++c) {
        for (size_t i = c; i < bytes_.size(); i += 3) *tensor++ = table[bytes_[i]];
      }
    } else {
      std::transform(bytes_.begin(), bytes_.end(), tensor, [&](uint8_t b) { return table[b]; });
    }
  }

  ElementType type_;
  bool channels_first_;
  std::vector<uint8_t> bytes_;
  std::array<int8_t, 256> to_int8_;
  std::array<uint8_t, 256> to_uint8_;
  std::array<float, 256> to_float_;
};

// The outputs of a network. Decoded integers are converted to real numbers.
class PictureOutputs {
 public:
  // `port` as the file has it, `data` where the engine writes.
  void add(const Port& port, void* data) {
    const Port seen = output_port(port);
    sources_.push_back({.data = data,
                        .type = port.type,
                        .shape = seen.shape,
                        .scale = seen.scale,
                        .zero_point = seen.zero_point,
                        .channels_last = seen.channels_last});
    views_.push_back(sources_.back());
    real_.emplace_back();
  }
  void update() {
    for (size_t i = 0; i < views_.size(); ++i) {
      if (sources_[i].type == ElementType::kInt8 && sources_[i].shape.size() != 4) to_real(i);
    }
  }
  [[nodiscard]] std::span<const TensorView> views() const { return views_; }

 private:
  void to_real(size_t i) {
    const TensorView& from = sources_[i];
    real_[i].resize(static_cast<size_t>(element_count(from.shape)));
    std::transform(from.integers(), from.integers() + real_[i].size(), real_[i].begin(),
                   [&](int8_t q) { return from.scale * static_cast<float>(q - from.zero_point); });
    views_[i].data = real_[i].data();
    views_[i].type = ElementType::kFloat32;
  }

  std::vector<TensorView> sources_, views_;
  std::vector<std::vector<float>> real_;
};

}  // namespace octet
