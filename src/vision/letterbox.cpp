#include "vision/letterbox.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <cstring>

#include "core/dispatch.h"
#include "vision/yuv_rows.h"

namespace octet {
namespace {

constexpr uint8_t kGrey = 114;
constexpr int kRgbOne = 1 << 11;
constexpr int kYuvOne = 1 << 7;

OCTET_MULTIVERSION void blend_rows(const uint8_t* __restrict a, const uint8_t* __restrict b,
                                   int weight, int width, uint16_t* __restrict out) {
  for (int x = 0; x < width; ++x)
    out[x] = static_cast<uint16_t>(a[x] * (kYuvOne - weight) + b[x] * weight);
}

OCTET_MULTIVERSION void gather_row(const uint16_t* __restrict in, const int32_t* __restrict first,
                                   const int32_t* __restrict second,
                                   const int16_t* __restrict weight, int width,
                                   uint8_t* __restrict out) {
  for (int x = 0; x < width; ++x) {
    const int a = in[first[x]];
    const int b = in[second[x]];
    out[x] = static_cast<uint8_t>((a * (kYuvOne - weight[x]) + b * weight[x] + (1 << 13)) >> 14);
  }
}

OCTET_MULTIVERSION void widen_row(const uint8_t* __restrict in, int count,
                                  uint8_t* __restrict out) {
  for (int x = 0; x < count; ++x) {
    out[2 * x] = in[x];
    out[2 * x + 1] = in[x];
  }
}

// The rounding of OpenCV's fixed-point vertical pass.
OCTET_MULTIVERSION void vertical_rgb(const int32_t* __restrict a, const int32_t* __restrict b,
                                     int weight, int count, uint8_t* __restrict out) {
  const int other = kRgbOne - weight;
  for (int i = 0; i < count; ++i) {
    out[i] = static_cast<uint8_t>(
        (((other * (a[i] >> 4)) >> 16) + ((weight * (b[i] >> 4)) >> 16) + 2) >> 2);
  }
}

}  // namespace

LetterboxGeometry letterbox_geometry(Size source, Size input) {
  LetterboxGeometry g{.source = source, .input = input, .content = {}};
  g.scale = std::min(static_cast<double>(input.width) / source.width,
                     static_cast<double>(input.height) / source.height);
  const auto scaled = [&](int pixels, int limit) {
    return std::clamp(static_cast<int>(std::nearbyint(pixels * g.scale)), 1, limit);
  };
  g.content = {scaled(source.width, input.width), scaled(source.height, input.height)};
  g.left = static_cast<int>(std::nearbyint((input.width - g.content.width) / 2.0 - 0.1));
  g.top = static_cast<int>(std::nearbyint((input.height - g.content.height) / 2.0 - 0.1));
  return g;
}

// Output position p lies at source position (p + 0.5) · from / to − 0.5; in a plane's own samples
// that is · per_sample + offset. Tap i is for the output position i · step + (step − 1) / 2.
Letterbox::Taps Letterbox::make_taps(const Axis& axis) {
  Taps taps;
  for (int i = 0; i * axis.step < axis.to; ++i) {
    const double position = i * axis.step + (axis.step - 1) / 2.0;
    const double source = (position + 0.5) * axis.from / axis.to - 0.5;
    const double at = source * axis.per_sample + axis.offset;
    const double floor = std::floor(at);
    const int first = static_cast<int>(floor);
    const bool inside = first >= 0 && first < axis.samples - 1;
    taps.first.push_back(std::clamp(first, 0, axis.samples - 1));
    taps.second.push_back(std::clamp(first + 1, 0, axis.samples - 1));
    const auto share = static_cast<float>(at - floor);
    taps.weight.push_back(
        static_cast<int16_t>(inside ? std::lround(share * static_cast<float>(axis.one)) : 0));
  }
  return taps;
}

Letterbox::Letterbox(Size source, Size input) : geometry_(letterbox_geometry(source, input)) {
  const auto [w, h] = source;
  const Size to = geometry_.content;
  rgb_x_ = make_taps({.from = w, .to = to.width, .samples = w, .one = kRgbOne});
  rgb_y_ = make_taps({.from = h, .to = to.height, .samples = h, .one = kRgbOne});
  luma_x_ = make_taps({.from = w, .to = to.width, .samples = w, .one = kYuvOne});
  luma_y_ = make_taps({.from = h, .to = to.height, .samples = h, .one = kYuvOne});
  // One chroma sample for two by two output pixels. In the source they lie on the left one of each
  // pair of columns and between the rows of each pair (MPEG-2 and later).
  chroma_x_ = make_taps({.from = w,
                         .to = to.width,
                         .samples = (w + 1) / 2,
                         .one = kYuvOne,
                         .per_sample = 0.5,
                         .step = 2});
  chroma_y_ = make_taps({.from = h,
                         .to = to.height,
                         .samples = (h + 1) / 2,
                         .one = kYuvOne,
                         .per_sample = 0.5,
                         .offset = -0.25,
                         .step = 2});
  for (auto& row : row_cache_) row.resize(static_cast<size_t>(to.width) * 3);
  for (auto& row : row_) row.resize(static_cast<size_t>(to.width) + 1);
  narrow_.resize(static_cast<size_t>(to.width + 1) / 2);
  blended_.resize(static_cast<size_t>(w));
}

void Letterbox::fill_borders(uint8_t* out) const {
  const auto& g = geometry_;
  const size_t row_bytes = static_cast<size_t>(g.input.width) * 3;
  const int bottom = g.top + g.content.height;
  const int right = g.left + g.content.width;
  std::memset(out, kGrey, row_bytes * g.top);
  std::memset(out + row_bytes * bottom, kGrey, row_bytes * (g.input.height - bottom));
  if (g.content.width == g.input.width) return;
  for (int y = g.top; y < bottom; ++y) {
    std::memset(out + row_bytes * y, kGrey, static_cast<size_t>(g.left) * 3);
    std::memset(out + row_bytes * y + static_cast<size_t>(right) * 3, kGrey,
                static_cast<size_t>(g.input.width - right) * 3);
  }
}

// One source row scaled horizontally, × 2^11. The two rows in use are cached, as neighbouring
// output rows share them.
const int32_t* Letterbox::horizontal(const RgbView& in, int row) {
  const int slot = row % 2;
  int32_t* out = row_cache_[slot].data();
  if (cached_row_[slot] == row) return out;
  cached_row_[slot] = row;
  const uint8_t* line = in.data + row * in.stride_bytes;
  for (int x = 0; x < geometry_.content.width; ++x) {
    const uint8_t* a = line + rgb_x_.first[x] * 3;
    const uint8_t* b = line + rgb_x_.second[x] * 3;
    const int weight = rgb_x_.weight[x];
    for (int c = 0; c < 3; ++c) *out++ = a[c] * (kRgbOne - weight) + b[c] * weight;
  }
  return row_cache_[slot].data();
}

void Letterbox::run(const RgbView& in, uint8_t* out) {
  assert(in.size == geometry_.source);
  fill_borders(out);
  cached_row_[0] = cached_row_[1] = -1;
  for (int y = 0; y < geometry_.content.height; ++y) {
    const int32_t* a = horizontal(in, rgb_y_.first[y]);
    const int32_t* b = horizontal(in, rgb_y_.second[y]);
    uint8_t* to =
        out + (static_cast<size_t>(geometry_.top + y) * geometry_.input.width + geometry_.left) * 3;
    vertical_rgb(a, b, rgb_y_.weight[y], geometry_.content.width * 3, to);
  }
}

// Output row `y` of a plane: two source rows blended, then sampled across.
void Letterbox::sample_row(const YuvView& in, int plane, int y, std::vector<uint8_t>& out) {
  const Taps& rows = plane == 0 ? luma_y_ : chroma_y_;
  const Taps& columns = plane == 0 ? luma_x_ : chroma_x_;
  const int samples = plane == 0 ? in.size.width : (in.size.width + 1) / 2;
  const uint8_t* data = in.planes[plane];
  const std::ptrdiff_t stride = in.strides_bytes[plane];
  blend_rows(data + rows.first[y] * stride, data + rows.second[y] * stride, rows.weight[y], samples,
             blended_.data());
  gather_row(blended_.data(), columns.first.data(), columns.second.data(), columns.weight.data(),
             static_cast<int>(columns.first.size()), out.data());
}

void Letterbox::run(const YuvView& in, uint8_t* out) {
  assert(in.size == geometry_.source);
  fill_borders(out);
  const int width = geometry_.content.width;
  for (int y = 0; y < geometry_.content.height; ++y) {
    sample_row(in, 0, y, row_[0]);
    for (int p = 1; p < 3 && y % 2 == 0; ++p) {
      sample_row(in, p, y / 2, narrow_);
      widen_row(narrow_.data(), static_cast<int>(narrow_.size()), row_[p].data());
    }
    uint8_t* to =
        out + (static_cast<size_t>(geometry_.top + y) * geometry_.input.width + geometry_.left) * 3;
    yuv_row_to_rgb({row_[0].data(), row_[1].data(), row_[2].data()}, in, width, to);
  }
}

}  // namespace octet
