// The encoding of a body: compressed, or a part of it.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace octet {

// Whether a client that sent this Accept-Encoding takes gzip.
[[nodiscard]] bool accepts_gzip(std::string_view accept_encoding);
// Whether bodies of this type become smaller: text, JSON and JavaScript.
[[nodiscard]] bool is_compressible(std::string_view type);
enum class Compression { kFast, kSmall };
[[nodiscard]] std::string gzip(std::string_view bytes, Compression wanted);

struct ByteRange {
  size_t first = 0, count = 0;  // a count of 0: nothing of the body is in it
};
// Returns the part of a body of `size` bytes that a Range header requests. Nothing: send all of it,
// because the header is malformed or names several ranges, which together could be far larger than
// the body.
[[nodiscard]] std::optional<ByteRange> parse_range(std::string_view header, size_t size);

}  // namespace octet
