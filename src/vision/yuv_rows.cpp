#include "vision/yuv_rows.h"

#include <algorithm>

#include "core/dispatch.h"

namespace octet {
namespace {

// Coefficients are × 2^13.
struct ColourMatrix {
  int luma_offset, luma, red_v, green_u, green_v, blue_u;
};
constexpr ColourMatrix kMatrices[2][2] = {  // [bt709][full range]
    {{16, 9539, 13075, 3209, 6660, 16525}, {0, 8192, 11485, 2819, 5850, 14516}},
    {{16, 9539, 14686, 1747, 4366, 17304}, {0, 8192, 12901, 1535, 3835, 15201}}};

inline uint8_t clamp_byte(int v) { return static_cast<uint8_t>(std::min(std::max(v, 0), 255)); }

OCTET_MULTIVERSION void colour_row(const uint8_t* __restrict y, const uint8_t* __restrict u,
                                   const uint8_t* __restrict v, const ColourMatrix& matrix,
                                   int width, uint8_t* __restrict out) {
  const ColourMatrix m = matrix;
  for (int x = 0; x < width; ++x) {
    const int luma = (y[x] - m.luma_offset) * m.luma + (1 << 12);
    const int cb = u[x] - 128;
    const int cr = v[x] - 128;
    out[3 * x] = clamp_byte((luma + m.red_v * cr) >> 13);
    out[3 * x + 1] = clamp_byte((luma - m.green_u * cb - m.green_v * cr) >> 13);
    out[3 * x + 2] = clamp_byte((luma + m.blue_u * cb) >> 13);
  }
}

}  // namespace

void yuv_row_to_rgb(const YuvRow& row, const YuvView& frame, int width, uint8_t* out) {
  colour_row(row.y, row.u, row.v, kMatrices[frame.bt709 ? 1 : 0][frame.full_range ? 1 : 0], width,
             out);
}

}  // namespace octet
