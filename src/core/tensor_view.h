// A borrowed, typed, dense, row-major array. Engines give their inputs and outputs as such views.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace octet {

using Shape = std::vector<int64_t>;

enum class ElementType { kFloat32, kUint8, kInt8 };

[[nodiscard]] constexpr size_t element_size(ElementType type) {
  return type == ElementType::kFloat32 ? 4 : 1;
}
[[nodiscard]] constexpr std::string_view element_type_name(ElementType type) {
  switch (type) {
    case ElementType::kFloat32:
      return "float32";
    case ElementType::kUint8:
      return "uint8";
    case ElementType::kInt8:
      return "int8";
  }
  return "?";
}

// The real value of an integer element q is scale × (q − zero_point).
struct TensorView {
  void* data = nullptr;
  ElementType type = ElementType::kFloat32;
  Shape shape;  // (N, C, H, W), for every order in memory
  float scale = 1.0F;
  int zero_point = 0;
  bool channels_last = false;  // in memory: (N, H, W, C)

  [[nodiscard]] const float* floats() const { return static_cast<const float*>(data); }
  [[nodiscard]] const int8_t* integers() const { return static_cast<const int8_t*>(data); }
  [[nodiscard]] uint8_t* bytes() const { return static_cast<uint8_t*>(data); }
};

// An input or output of a network without values. The members are those of TensorView.
struct Port {
  std::string name;
  ElementType type = ElementType::kFloat32;
  Shape shape;
  float scale = 1.0F;
  int zero_point = 0;
  bool channels_last = false;
};

[[nodiscard]] inline int64_t element_count(const Shape& shape) {
  int64_t count = 1;
  for (const int64_t d : shape) count *= d;
  return count;
}

}  // namespace octet
