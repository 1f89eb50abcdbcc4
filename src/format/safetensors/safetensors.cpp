#include "format/safetensors/safetensors.h"

#include <cstring>
#include <nlohmann/json.hpp>
#include <string_view>

#include "core/element_reader.h"
#include "core/error.h"
#include "core/file.h"
#include "core/numeric/half.h"
#include "core/text/json_text.h"

namespace octet {
namespace {
using nlohmann::json;

constexpr uint64_t kMaxHeaderBytes = 100'000'000;  // the limit of the format's own library
constexpr size_t kHeaderAlignment = 8;

struct ElementFormat {
  std::string_view dtype;
  size_t bytes;
  ElementReader read;
};
constexpr ElementFormat kFormats[] = {
    {"F32", 4, read_element<float>}, {"F16", 2, read_half},
    {"BF16", 2, read_bfloat16},      {"U8", 1, read_element<uint8_t>},
    {"I8", 1, read_element<int8_t>}, {"I32", 4, read_element<int32_t>}};
struct Stored {
  std::string_view dtype;
  size_t bytes;
};
constexpr Stored kStored[] = {{"F32", 4}, {"F16", 2}, {"I8", 1}, {"I32", 4}};  // by StorageKind

const ElementFormat* find_format(const std::string& dtype) {
  for (const ElementFormat& f : kFormats) {
    if (f.dtype == dtype) return &f;
  }
  return nullptr;
}

template <typename T>
std::vector<T> decode(std::span<const std::byte> bytes, const ElementFormat& format) {
  std::vector<T> out(bytes.size() / format.bytes);
  for (size_t i = 0; i < out.size(); ++i)
    out[i] = static_cast<T>(format.read(bytes.data() + i * format.bytes));
  return out;
}

void read_tensor(const std::string& key, const json& j, std::span<const std::byte> data,
                 const std::string& name, SafetensorsFile& file) {
  const auto dtype = j.at("dtype").get<std::string>();
  const ElementFormat* format = find_format(dtype);
  if (format == nullptr)
    fail("{}: tensor '{}' has the type {}; F32, F16, BF16, U8, I8 and I32 are supported", name, key,
         dtype);
  Shape shape;
  uint64_t count = 1;
  for (const json& d : j.at("shape")) {
    if (!d.is_number_unsigned())
      fail("{}: tensor '{}': a side of its shape is not a whole number", name, key);
    const auto side = d.get<uint64_t>();
    if (side != 0 && count > data.size() / side)
      fail("{}: tensor '{}' claims more elements than the file holds", name, key);
    count *= side;
    shape.push_back(static_cast<int64_t>(side));
  }
  const json& offsets = j.at("data_offsets");
  if (offsets.size() != 2 || !offsets[0].is_number_unsigned() || !offsets[1].is_number_unsigned()) {
    fail("{}: tensor '{}': data_offsets are not two whole numbers", name, key);
  }
  const auto begin = offsets[0].get<uint64_t>();
  const auto end = offsets[1].get<uint64_t>();
  if (begin > end || end > data.size() || end - begin != count * format->bytes) {
    fail("{}: tensor '{}' lies at {}..{}, which does not fit its shape or the file", name, key,
         begin, end);
  }
  const auto bytes = data.subspan(begin, end - begin);
  if (dtype == "I8" || dtype == "I32") {
    file.integers.emplace(key, IntegerData{std::move(shape), decode<int32_t>(bytes, *format)});
  } else {
    file.tensors.emplace(key, Tensor{std::move(shape), decode<float>(bytes, *format)});
  }
}

}  // namespace

SafetensorsFile parse_safetensors(std::span<const std::byte> bytes, const std::string& name) {
  uint64_t header_bytes = 0;
  if (bytes.size() < sizeof header_bytes)
    fail("{}: is not a safetensors file: only {} bytes", name, bytes.size());
  std::memcpy(&header_bytes, bytes.data(), sizeof header_bytes);
  if (header_bytes > kMaxHeaderBytes || header_bytes > bytes.size() - sizeof header_bytes) {
    fail("{}: is not a safetensors file, or is cut short: its header claims {} bytes", name,
         header_bytes);
  }
  const auto text = bytes.subspan(sizeof header_bytes, header_bytes);
  const auto data = bytes.subspan(sizeof header_bytes + header_bytes);
  SafetensorsFile file;
  try {
    const auto* first = reinterpret_cast<const char*>(text.data());
    const json header = json::parse(first, first + text.size());
    if (!header.is_object()) fail("{}: its header is not a JSON object", name);
    for (const auto& [key, value] : header.items()) {
      if (key == "__metadata__") {
        file.metadata = value.get<std::map<std::string, std::string>>();
      } else {
        read_tensor(key, value, data, name, file);
      }
    }
  } catch (const json::exception& e) {
    fail("{}: its header is damaged: {}", name, e.what());
  }
  return file;
}

void write_safetensors(const std::filesystem::path& path,
                       const std::map<std::string, std::string>& metadata,
                       std::span<const StoredTensor> tensors) {
  json header = json::object();
  header["__metadata__"] = metadata;
  uint64_t offset = 0;
  for (const StoredTensor& t : tensors) {
    const Stored& stored = kStored[static_cast<size_t>(t.kind)];
    const uint64_t bytes =
        t.tensor != nullptr ? t.tensor->values.size() * stored.bytes : t.integers.size();
    header[t.name] = {{"dtype", stored.dtype},
                      {"shape", t.tensor != nullptr ? t.tensor->shape : t.shape},
                      {"data_offsets", {offset, offset + bytes}}};
    offset += bytes;
  }
  std::string text = dump_json(header);
  text.append((kHeaderAlignment - text.size() % kHeaderAlignment) % kHeaderAlignment, ' ');
  const uint64_t header_bytes = text.size();
  std::vector<std::span<const std::byte>> parts{std::as_bytes(std::span(&header_bytes, 1)),
                                                as_bytes(text)};
  std::vector<std::vector<uint16_t>> halves;
  halves.reserve(tensors.size());
  for (const StoredTensor& t : tensors) {
    if (t.tensor == nullptr) {
      parts.push_back(t.integers);
      continue;
    }
    if (t.kind == StorageKind::kF32) {
      parts.push_back(std::as_bytes(std::span(t.tensor->values)));
      continue;
    }
    std::vector<uint16_t>& half = halves.emplace_back();
    for (const float v : t.tensor->values) half.push_back(float_to_half(v));
    parts.push_back(std::as_bytes(std::span(half)));
  }
  write_file(path, parts);
}

}  // namespace octet
