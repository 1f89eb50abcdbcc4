// FNV-1a, 64 bits: for naming cache files, not for security. Fowler, Noll and Vo, 1991.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace octet {

class Hash {
 public:
  void add(std::span<const std::byte> bytes) {
    for (const std::byte b : bytes) value_ = (value_ ^ static_cast<uint64_t>(b)) * 0x100000001B3U;
  }
  void add(std::string_view text) { add(std::as_bytes(std::span(text.data(), text.size()))); }
  [[nodiscard]] uint64_t value() const { return value_; }

 private:
  uint64_t value_ = 0xCBF29CE484222325U;
};

}  // namespace octet
