#include "format/safetensors/safetensors.h"

#include <cstring>
#include <iterator>
#include <nlohmann/json.hpp>
#include <string_view>

#include "core/element_reader.h"
#include "core/error.h"
#include "core/file.h"
#include "core/json/parse_json.h"
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

constexpr size_t kEntryBytes = 256;  // of a tensor without its values

// Reads tensor after tensor. No byte of the file belongs to two: as the format wants it, and so that a
// header cannot have the same values made over and over.
class Reader {
 public:
  Reader(std::span<const std::byte> data, Budget& budget)
      : data_(data), budget_(budget), name_(budget.name()) {}

  void read(const std::string& key, const json& j, SafetensorsFile& file) {
    const auto dtype = j.at("dtype").get<std::string>();
    const ElementFormat* format = find_format(dtype);
    if (format == nullptr)
      fail("{}: tensor '{}' has the type {}; F32, F16, BF16, U8, I8 and I32 are supported", name_,
           key, dtype);
    Shape shape = shape_of(key, j.at("shape"));
    const auto count = static_cast<uint64_t>(element_count(shape));
    const auto bytes = bytes_of(key, j.at("data_offsets"), count * format->bytes);
    budget_.take(kEntryBytes + key.size());
    budget_.take(count, sizeof(float));
    if (dtype == "I8" || dtype == "I32") {
      file.integers.emplace(key, IntegerData{std::move(shape), decode<int32_t>(bytes, *format)});
    } else {
      file.tensors.emplace(key, Tensor{std::move(shape), decode<float>(bytes, *format)});
    }
  }

 private:
  [[nodiscard]] Shape shape_of(const std::string& key, const json& sides) const {
    Shape shape;
    uint64_t count = 1;
    for (const json& d : sides) {
      if (!d.is_number_unsigned())
        fail("{}: tensor '{}': a side of its shape is not a whole number", name_, key);
      const auto side = d.get<uint64_t>();
      if (side > data_.size() || (side != 0 && count > data_.size() / side))
        fail("{}: tensor '{}' claims more elements than the file holds", name_, key);
      count *= side;
      shape.push_back(static_cast<int64_t>(side));
    }
    return shape;
  }

  std::span<const std::byte> bytes_of(const std::string& key, const json& offsets, uint64_t bytes) {
    if (offsets.size() != 2 || !offsets[0].is_number_unsigned() || !offsets[1].is_number_unsigned())
      fail("{}: tensor '{}': data_offsets are not two whole numbers", name_, key);
    const auto begin = offsets[0].get<uint64_t>();
    const auto end = offsets[1].get<uint64_t>();
    if (begin > end || end > data_.size() || end - begin != bytes)
      fail("{}: tensor '{}' lies at {}..{}, which does not fit its shape or the file", name_, key,
           begin, end);
    if (begin != end) require_free(key, begin, end);
    return data_.subspan(begin, end - begin);
  }

  void require_free(const std::string& key, uint64_t begin, uint64_t end) {
    const auto [at, made] = ends_.emplace(begin, end);
    const bool before = at != ends_.begin() && std::prev(at)->second > begin;
    const bool behind = std::next(at) != ends_.end() && std::next(at)->first < end;
    if (!made || before || behind)
      fail("{}: tensor '{}' lies at {}..{}, where another tensor lies as well", name_, key, begin,
           end);
  }

  std::span<const std::byte> data_;
  Budget& budget_;
  const std::string& name_;
  std::map<uint64_t, uint64_t> ends_;  // of the ranges that tensors lie in, by their begin
};

}  // namespace

SafetensorsFile parse_safetensors(std::span<const std::byte> bytes, const std::string& name) {
  Budget budget(name, bytes.size());
  return parse_safetensors(bytes, budget);
}

SafetensorsFile parse_safetensors(std::span<const std::byte> bytes, Budget& budget) {
  const std::string& name = budget.name();
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
    const json header =
        parse_json({reinterpret_cast<const char*>(text.data()), text.size()}, budget);
    if (!header.is_object()) fail("{}: its header is not a JSON object", name);
    Reader reader(data, budget);
    for (const auto& [key, value] : header.items()) {
      if (key == "__metadata__") {
        file.metadata = value.get<std::map<std::string, std::string>>();
      } else {
        reader.read(key, value, file);
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
