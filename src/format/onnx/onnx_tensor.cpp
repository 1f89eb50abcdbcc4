#include "format/onnx/onnx_tensor.h"

#include <optional>
#include <span>

#include "core/element_reader.h"
#include "core/error.h"

namespace octet {
namespace {

// Of raw bytes.
struct Stored {
  size_t bytes;
  ElementReader read;
};

std::optional<Stored> stored_as(int32_t type) {
  switch (type) {
    case onnx::TensorProto::FLOAT:
      return Stored{4, read_element<float>};
    case onnx::TensorProto::DOUBLE:
      return Stored{8, read_element<double>};
    case onnx::TensorProto::FLOAT16:
      return Stored{2, read_half};
    case onnx::TensorProto::BFLOAT16:
      return Stored{2, read_bfloat16};
    case onnx::TensorProto::INT64:
      return Stored{8, read_element<int64_t>};
    case onnx::TensorProto::INT32:
      return Stored{4, read_element<int32_t>};
    case onnx::TensorProto::INT8:
      return Stored{1, read_element<int8_t>};
    case onnx::TensorProto::UINT8:
    case onnx::TensorProto::BOOL:
      return Stored{1, read_element<uint8_t>};
    default:
      return std::nullopt;
  }
}

// Half precision lies as bits in the integers.
double from_integer(int32_t value, int32_t type) {
  const auto bits = static_cast<uint16_t>(value);
  if (type == onnx::TensorProto::FLOAT16) return half_to_float(bits);
  if (type == onnx::TensorProto::BFLOAT16) return bfloat16_to_float(bits);
  return value;
}

}  // namespace

Constant read_onnx_tensor(const onnx::TensorProto& tensor, Budget& budget) {
  const int32_t type = tensor.data_type();
  const auto stored = stored_as(type);
  if (!stored) fail("the tensor '{}' has a type ({}) without numbers", tensor.name(), type);
  const bool bytes = type == onnx::TensorProto::INT8 || type == onnx::TensorProto::UINT8 ||
                     type == onnx::TensorProto::BOOL;
  const bool integers =
      bytes || type == onnx::TensorProto::INT64 || type == onnx::TensorProto::INT32;
  Constant out{{}, {}, integers, bytes};
  size_t count = 1, without_zeros = 1;
  for (const int64_t side : tensor.dims()) {
    constexpr size_t kMost = size_t{1} << 32;
    if (side < 0 || (side > 0 && without_zeros > kMost / static_cast<size_t>(side)))
      fail("the tensor '{}' has a side of {}", tensor.name(), side);
    count *= static_cast<size_t>(side);
    if (side > 0) without_zeros *= static_cast<size_t>(side);
    out.shape.push_back(side);
  }
  const auto require_count = [&](size_t found) {
    if (found != count)
      fail("the tensor '{}' has {} numbers, its shape asks for {}", tensor.name(), found, count);
    budget.take(count, sizeof(double));
    out.values.reserve(count);
  };
  if (tensor.has_raw_data()) {
    const auto raw = std::as_bytes(std::span(tensor.raw_data()));
    if (raw.size() % stored->bytes != 0) fail("the tensor '{}' is cut short", tensor.name());
    require_count(raw.size() / stored->bytes);
    for (size_t i = 0; i < count; ++i)
      out.values.push_back(stored->read(raw.data() + i * stored->bytes));
    return out;
  }
  const auto take = [&](const auto& list) {
    require_count(static_cast<size_t>(list.size()));
    out.values.assign(list.begin(), list.end());
  };
  if (type == onnx::TensorProto::FLOAT) {
    take(tensor.float_data());
  } else if (type == onnx::TensorProto::DOUBLE) {
    take(tensor.double_data());
  } else if (type == onnx::TensorProto::INT64) {
    take(tensor.int64_data());
  } else {
    require_count(static_cast<size_t>(tensor.int32_data_size()));
    for (const int32_t v : tensor.int32_data()) out.values.push_back(from_integer(v, type));
  }
  return out;
}

}  // namespace octet
