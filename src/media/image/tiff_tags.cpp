#include "media/image/tiff_tags.h"

#include <algorithm>
#include <string_view>

namespace octet {
namespace {

constexpr size_t kEntryBytes = 12;  // tag, type, count, value
constexpr uint32_t kShort = 3;      // the type of a number of 16 bits

// Numbers of the file's own byte order. Beyond its end there are zeros.
class Numbers {
 public:
  explicit Numbers(std::span<const std::byte> bytes)
      : bytes_(bytes), big_(bytes.front() == std::byte{'M'}) {}

  [[nodiscard]] uint32_t at(size_t offset, size_t size) const {
    uint32_t value = 0;
    for (size_t i = 0; i < size; ++i) {
      const size_t from = offset + (big_ ? i : size - 1 - i);
      value = value << 8 | (from < bytes_.size() ? static_cast<uint32_t>(bytes_[from]) : 0);
    }
    return value;
  }

 private:
  std::span<const std::byte> bytes_;
  bool big_;
};

}  // namespace

std::optional<int> tiff_tag(std::span<const std::byte> tiff, TiffTag tag) {
  const std::string_view text(reinterpret_cast<const char*>(tiff.data()), tiff.size());
  if (!text.starts_with("II") && !text.starts_with("MM")) return std::nullopt;
  const Numbers numbers(tiff);
  if (numbers.at(2, 2) != 42) return std::nullopt;
  const size_t directory = numbers.at(4, 4);
  const size_t entries = numbers.at(directory, 2);
  for (size_t i = 0; i < entries; ++i) {
    const size_t entry = directory + 2 + i * kEntryBytes;
    if (entry + kEntryBytes > tiff.size()) return std::nullopt;
    if (numbers.at(entry, 2) == static_cast<uint32_t>(tag) && numbers.at(entry + 2, 2) == kShort &&
        numbers.at(entry + 4, 4) == 1)
      return static_cast<int>(numbers.at(entry + 8, 2));
  }
  return std::nullopt;
}

int tiff_orientation(std::span<const std::byte> tiff) {
  const int orientation = tiff_tag(tiff, TiffTag::kOrientation).value_or(1);
  return orientation >= 1 && orientation <= 8 ? orientation : 1;
}

}  // namespace octet
