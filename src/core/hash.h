// Hashes that tell files apart. They find damage and changes. They are not cryptographic: somebody
// can construct two inputs with the same hash.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>

namespace octet {

// FNV-1a, 64 bits (Fowler, Noll and Vo, 1991). For short texts, and for values stored in files.
class Hash {
 public:
  void add(std::span<const std::byte> bytes) {
    for (const std::byte b : bytes) mix(static_cast<uint64_t>(b));
  }
  void add(std::string_view text) { add(std::as_bytes(std::span(text.data(), text.size()))); }
  [[nodiscard]] uint64_t value() const { return value_; }

 private:
  friend class ContentHash;
  void mix(uint64_t word) { value_ = (value_ ^ word) * 0x100000001B3U; }
  uint64_t value_ = 0xCBF29CE484222325U;
};

// A hash of whole files, at gigabytes a second: it takes words of eight bytes. Every call adds one
// piece and its length.
class ContentHash {
 public:
  void add(std::span<const std::byte> bytes) {
    fold(bytes.size());
    for (; bytes.size() >= sizeof(uint64_t); bytes = bytes.subspan(sizeof(uint64_t)))
      fold(word_of(bytes.first(sizeof(uint64_t))));
    if (!bytes.empty()) fold(word_of(bytes));
  }
  void add(std::string_view text) { add(std::as_bytes(std::span(text.data(), text.size()))); }
  [[nodiscard]] uint64_t value() const { return hash_.value(); }

 private:
  static uint64_t word_of(std::span<const std::byte> bytes) {
    uint64_t word = 0;
    std::memcpy(&word, bytes.data(), bytes.size());
    return word;
  }
  void fold(uint64_t word) {
    hash_.mix(word);
    hash_.value_ ^= hash_.value_ >> 32;  // so that high bits reach the low ones
  }
  Hash hash_;
};

}  // namespace octet
