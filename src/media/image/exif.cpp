#include "media/image/exif.h"

#include <string_view>

namespace octet {
namespace {

std::string_view text_of(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// A number of 32 bits; 0 beyond the end.
size_t number_at(std::span<const std::byte> bytes, size_t at, bool big_endian) {
  size_t value = 0;
  if (bytes.size() < 4 || at > bytes.size() - 4) return 0;
  for (size_t i = 0; i < 4; ++i)
    value = value << 8 | static_cast<size_t>(bytes[at + (big_endian ? i : 3 - i)]);
  return value;
}

// How a file's chunks follow each other.
struct Chunks {
  size_t first, size_at, name_at, data_at, after_data, padded_to;
  bool big_endian;
  std::string_view exif;
};
constexpr Chunks kPng{8, 0, 4, 8, 4, 1, true, "eXIf"};  // a checksum follows the data
constexpr Chunks kWebp{12, 4, 0, 8, 0, 2, false, "EXIF"};

std::span<const std::byte> find_exif(std::span<const std::byte> bytes, const Chunks& chunks) {
  size_t at = chunks.first;
  while (at < bytes.size() && bytes.size() - at > chunks.data_at) {
    const auto chunk = bytes.subspan(at);
    const size_t size = number_at(chunk, chunks.size_at, chunks.big_endian);
    if (size > chunk.size() - chunks.data_at) return {};
    if (text_of(chunk.subspan(chunks.name_at)).starts_with(chunks.exif))
      return chunk.subspan(chunks.data_at, size);
    at += chunks.data_at + (size + chunks.padded_to - 1) / chunks.padded_to * chunks.padded_to +
          chunks.after_data;
  }
  return {};
}

}  // namespace

std::span<const std::byte> exif_of(std::span<const std::byte> picture) {
  constexpr std::string_view kPrefix("Exif\0\0",
                                     6);  // of JPEG, which some programs leave before it
  const std::string_view text = text_of(picture);
  std::span<const std::byte> exif;
  if (text.starts_with("\x89PNG")) exif = find_exif(picture, kPng);
  if (text.starts_with("RIFF")) exif = find_exif(picture, kWebp);
  return text_of(exif).starts_with(kPrefix) ? exif.subspan(kPrefix.size()) : exif;
}

}  // namespace octet
