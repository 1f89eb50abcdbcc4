#include "serve/http/transport/encoding.h"

#include <zlib.h>

#include <algorithm>
#include <charconv>

#include "core/error.h"

namespace octet {
namespace {

std::string_view trimmed(std::string_view text) {
  const size_t first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

// Of "a, b;q=0": calls visit("a", ""), visit("b", "q=0").
template <typename Visit>
void for_each_item(std::string_view list, Visit visit) {
  while (!list.empty()) {
    const size_t comma = std::min(list.find(','), list.size());
    const std::string_view item = list.substr(0, comma);
    const size_t semicolon = std::min(item.find(';'), item.size());
    visit(trimmed(item.substr(0, semicolon)),
          trimmed(item.substr(std::min(semicolon + 1, item.size()))));
    list.remove_prefix(std::min(comma + 1, list.size()));
  }
}

std::optional<size_t> parse_count(std::string_view text) {
  size_t value = 0;
  const auto [stopped, error] = std::from_chars(text.begin(), text.end(), value);
  if (error != std::errc{} || stopped != text.end()) return std::nullopt;
  return value;
}

}  // namespace

bool accepts_gzip(std::string_view accept_encoding) {
  bool accepts = false;
  for_each_item(accept_encoding, [&](std::string_view coding, std::string_view weight) {
    const bool refused =
        weight.starts_with("q=0") && weight.find_first_not_of("0.", 2) == std::string_view::npos;
    if (coding == "gzip") accepts = !refused;
  });
  return accepts;
}

bool is_compressible(std::string_view type) {
  return type.starts_with("text/") || type == "application/json";
}

std::string gzip(std::string_view bytes, Compression wanted) {
  constexpr int kGzipWindow = 15 + 16;  // 16 asks for gzip's header instead of zlib's
  constexpr int kUsualMemory = 8;
  z_stream stream{};
  const int level = wanted == Compression::kFast ? Z_BEST_SPEED : Z_BEST_COMPRESSION;
  if (::deflateInit2(&stream, level, Z_DEFLATED, kGzipWindow, kUsualMemory, Z_DEFAULT_STRATEGY) !=
      Z_OK)
    fail("gzip: out of memory");
  std::string out(::deflateBound(&stream, bytes.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  const int ended = ::deflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  ::deflateEnd(&stream);
  if (ended != Z_STREAM_END) fail("gzip: {} bytes could not be compressed", bytes.size());
  return out;
}

std::optional<ByteRange> parse_range(std::string_view header, size_t size) {
  constexpr std::string_view kUnit = "bytes=";
  if (!header.starts_with(kUnit)) return std::nullopt;
  const std::string_view range = trimmed(header.substr(kUnit.size()));
  const size_t dash = range.find('-');
  if (dash == std::string_view::npos) return std::nullopt;
  const auto first = parse_count(range.substr(0, dash));
  const auto last = parse_count(range.substr(dash + 1));
  if (dash == 0) {  // the last so many
    if (!last) return std::nullopt;
    const size_t count = std::min(*last, size);
    return ByteRange{size - count, count};
  }
  if (!first || (!last && dash + 1 != range.size()) || (last && *last < *first))
    return std::nullopt;
  if (*first >= size) return ByteRange{};
  return ByteRange{*first, std::min(last.value_or(size - 1), size - 1) - *first + 1};
}

}  // namespace octet
