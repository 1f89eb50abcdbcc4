#include "verify/compare_listings.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <set>

namespace octet {
namespace {

constexpr const char* kNothing = "(absent)";

template <typename T>
std::string element(const std::byte* at) {
  T value{};
  std::memcpy(&value, at, sizeof value);
  if constexpr (sizeof(T) == 1) return fmt::format("{}", static_cast<int>(value));
  return fmt::format("{}", value);
}

struct Type {
  const char* name;
  size_t size;
  std::string (*text)(const std::byte*);
};
constexpr Type kTypes[] = {{"f32", 4, element<float>},
                           {"i8", 1, element<int8_t>},
                           {"u8", 1, element<uint8_t>},
                           {"i32", 4, element<int32_t>},
                           {"i64", 8, element<int64_t>}};

std::string shape_text(const Shape& shape) { return fmt::format("{}", fmt::join(shape, "x")); }

void compare_tensors(const std::string& name, const ListedTensor& expected,
                     const ListedTensor& found, std::vector<Mismatch>& out) {
  if (expected.type != found.type) {
    out.push_back({name, "type", expected.type, found.type});
  } else if (expected.shape != found.shape) {
    out.push_back({name, "shape", shape_text(expected.shape), shape_text(found.shape)});
  } else if (expected.bytes != found.bytes) {
    const auto differs = std::mismatch(expected.bytes.begin(), expected.bytes.end(),
                                       found.bytes.begin(), found.bytes.end());
    const auto at = static_cast<size_t>(differs.first - expected.bytes.begin());
    for (const Type& t : kTypes) {
      if (expected.type != t.name || at / t.size * t.size + t.size > found.bytes.size()) continue;
      const size_t index = at / t.size;
      out.push_back({name, fmt::format("[{}]", index), t.text(&expected.bytes[index * t.size]),
                     t.text(&found.bytes[index * t.size])});
      return;
    }
    out.push_back({name, "bytes", fmt::format("{} bytes", expected.bytes.size()),
                   fmt::format("{} bytes, others", found.bytes.size())});
  }
}

void compare_fields(const std::string& name, const std::map<std::string, std::string>& expected,
                    const std::map<std::string, std::string>& found, std::vector<Mismatch>& out) {
  std::set<std::string> keys;
  for (const auto& [key, value] : expected) keys.insert(key);
  for (const auto& [key, value] : found) keys.insert(key);
  const auto get = [](const auto& map, const std::string& key) {
    const auto at = map.find(key);
    return at == map.end() ? std::string(kNothing) : at->second;
  };
  for (const std::string& key : keys) {
    const std::string e = get(expected, key);
    const std::string f = get(found, key);
    if (e != f) out.push_back({name, key, e, f});
  }
}

// Calls both(name, expected, found) for names on both sides, and notes the others.
template <typename T, typename F>
void by_name(const std::map<std::string, T>& expected, const std::map<std::string, T>& found,
             const char* kind, std::vector<Mismatch>& out, F&& both) {
  for (const auto& [name, value] : expected) {
    const auto at = found.find(name);
    if (at == found.end()) {
      out.push_back({name, kind, "present", kNothing});
    } else {
      both(name, value, at->second);
    }
  }
  for (const auto& [name, value] : found) {
    if (!expected.contains(name)) out.push_back({name, kind, kNothing, "present"});
  }
}

}  // namespace

std::vector<Mismatch> compare(const ExportListing& expected, const ExportListing& found) {
  std::vector<Mismatch> out;
  by_name(expected.tensors, found.tensors, "tensor", out,
          [&](const std::string& name, const ListedTensor& e, const ListedTensor& f) {
            compare_tensors(name, e, f, out);
          });
  by_name(expected.nodes, found.nodes, "node", out,
          [&](const std::string& name, const auto& e, const auto& f) {
            compare_fields(name, e, f, out);
          });
  return out;
}

}  // namespace octet
