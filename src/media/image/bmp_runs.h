// Reads the runs of a BMP without decoding it. FFmpeg shows a picture whose runs are cut short as if
// the rest were black.
#pragma once

#include <cstddef>
#include <span>

namespace octet {

// Whether `bytes`, a BMP that begins with BM, hold runs (BI_RLE8, BI_RLE4) that end before their
// last row does, without the mark of the end.
[[nodiscard]] bool bmp_runs_end_early(std::span<const std::byte> bytes);

}  // namespace octet
