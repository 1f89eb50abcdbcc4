#include "vision/draw/draw.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "vision/font/font.h"

namespace octet {
namespace {

struct Colour {
  uint8_t r, g, b;
};
constexpr std::array<Colour, 11> kPalette = {{{230, 57, 70},
                                              {29, 150, 220},
                                              {42, 157, 80},
                                              {244, 140, 40},
                                              {140, 90, 200},
                                              {0, 168, 168},
                                              {220, 80, 160},
                                              {110, 130, 40},
                                              {70, 90, 220},
                                              {190, 120, 60},
                                              {100, 180, 60}}};
constexpr Colour kPoint = {255, 220, 60};
constexpr Colour kBone = {60, 220, 120};
constexpr Colour kOutline = {36, 87, 197};
constexpr float kVisible = 0.5F;  // keypoints below this confidence are not drawn

class Canvas {
 public:
  explicit Canvas(Image& image) : image_(image) {}

  void blend(int x, int y, Colour colour, int coverage) {
    if (x < 0 || y < 0 || x >= image_.width || y >= image_.height) return;
    uint8_t* p = &image_.rgb[(static_cast<size_t>(y) * image_.width + x) * 3];
    const uint8_t to[3] = {colour.r, colour.g, colour.b};
    for (int c = 0; c < 3; ++c)
      p[c] = static_cast<uint8_t>((p[c] * (255 - coverage) + to[c] * coverage) / 255);
  }
  void fill(int x1, int y1, int x2, int y2, Colour colour) {
    for (int y = std::max(y1, 0); y < std::min(y2, image_.height); ++y) {
      for (int x = std::max(x1, 0); x < std::min(x2, image_.width); ++x) blend(x, y, colour, 255);
    }
  }
  void frame(const PixelBox& box, int thickness, Colour colour) {
    const int x1 = static_cast<int>(std::lround(box.x1));
    const int y1 = static_cast<int>(std::lround(box.y1));
    const int x2 = static_cast<int>(std::lround(box.x2));
    const int y2 = static_cast<int>(std::lround(box.y2));
    fill(x1, y1, x2, y1 + thickness, colour);
    fill(x1, y2 - thickness, x2, y2, colour);
    fill(x1, y1, x1 + thickness, y2, colour);
    fill(x2 - thickness, y1, x2, y2, colour);
  }
  void disc(float cx, float cy, float radius, Colour colour) {
    const int reach = static_cast<int>(std::ceil(radius)) + 1;
    const int x0 = static_cast<int>(cx);
    const int y0 = static_cast<int>(cy);
    for (int y = y0 - reach; y <= y0 + reach; ++y) {
      for (int x = x0 - reach; x <= x0 + reach; ++x) {
        const float inside =
            radius + 0.5F - std::hypot(static_cast<float>(x) - cx, static_cast<float>(y) - cy);
        if (inside > 0) blend(x, y, colour, static_cast<int>(std::min(inside, 1.0F) * 255));
      }
    }
  }
  void line(const Keypoint& a, const Keypoint& b, float radius, Colour colour) {
    const float length = std::hypot(b.x - a.x, b.y - a.y);
    const int steps = std::min(static_cast<int>(length) + 1, 20000);
    for (int i = 0; i <= steps; ++i) {
      const float t = static_cast<float>(i) / static_cast<float>(steps);
      disc(a.x + (b.x - a.x) * t, a.y + (b.y - a.y) * t, radius, colour);
    }
  }
  void text(int x, int y, const Font& font, const std::string& line, Colour colour) {
    for (const char c : line) {
      const Glyph& g = glyph(font, c);
      for (int row = 0; row < g.height; ++row) {
        for (int column = 0; column < g.width; ++column) {
          blend(x + g.left + column, y + font.ascent - g.top + row, colour,
                font.coverage[g.offset + row * g.width + column]);
        }
      }
      x += g.advance;
    }
  }
  static const Glyph& glyph(const Font& font, char c) {
    return font.glyphs[c >= 32 && c < 127 ? c - 32 : '?' - 32];
  }
  static int text_width(const Font& font, const std::string& line) {
    int width = 0;
    for (const char c : line) width += glyph(font, c).advance;
    return width;
  }

 private:
  Image& image_;
};

const Font& font_for(const Image& image) {
  const int side = std::max(image.width, image.height);
  return fonts()[side < 900 ? 0 : side < 1700 ? 1 : 2];
}

struct Label {
  int left = 0, top = 0, width = 0, height = 0;
  [[nodiscard]] bool covers(const Label& o) const {
    return left < o.left + o.width && o.left < left + width && top < o.top + o.height &&
           o.top < top + height;
  }
};

// Gives labels their places, so that none covers one that was placed before it, as long as there is
// room within the picture.
class Labels {
 public:
  Labels(Size picture, const Font& font) : picture_(picture), font_(font) {}

  // Above the box, else inside it, below it, or further down.
  Label place(const PixelBox& box, const std::string& text) {
    Label label{.left = 0,
                .top = 0,
                .width = Canvas::text_width(font_, text) + 6,
                .height = font_.line_height};
    const int most_left = std::max(picture_.width - label.width, 0);
    label.left = std::clamp(pixel(box.x1), 0, most_left);
    const int first = pixel(box.y1) - label.height;
    for (const int top : {first, pixel(box.y1), pixel(box.y2), pixel(box.y2) - label.height}) {
      label.top = top;
      if (free(label)) return keep(label);
    }
    for (label.top = std::max(first, 0); inside(label); label.top += label.height) {
      if (free(label)) return keep(label);
    }
    label.top = first >= 0 ? first : pixel(box.y1);
    return keep(label);
  }

 private:
  static int pixel(float v) { return static_cast<int>(std::lround(v)); }
  [[nodiscard]] bool inside(const Label& label) const {
    return label.top >= 0 && label.top + label.height <= picture_.height;
  }
  [[nodiscard]] bool free(const Label& label) const {
    return inside(label) && std::none_of(placed_.begin(), placed_.end(),
                                         [&](const Label& p) { return p.covers(label); });
  }
  Label keep(const Label& label) {
    placed_.push_back(label);
    return label;
  }

  Size picture_;
  const Font& font_;
  std::vector<Label> placed_;
};

void draw_label(Canvas& canvas, const Font& font, const Label& at, const std::string& text,
                Colour colour) {
  canvas.fill(at.left, at.top, at.left + at.width, at.top + at.height, colour);
  canvas.text(at.left + 3, at.top, font, text, {255, 255, 255});
}

Colour colour_of(const Detection& d) {
  return kPalette[static_cast<size_t>(d.class_index) % kPalette.size()];
}

std::string label_of(const Detection& d, std::span<const std::string> class_names) {
  return fmt::format("{}{} {:.2f}", class_name(class_names, d.class_index),
                     d.track >= 0 ? fmt::format(" #{}", d.track) : "", d.confidence);
}

// Bones between keypoints that are not there are left out.
void draw_keypoints(Canvas& canvas, std::span<const Keypoint> points, const Skeleton& skeleton,
                    float radius) {
  const auto visible = [&](int point) {
    const auto at = static_cast<size_t>(point);
    return at < points.size() && points[at].confidence >= kVisible;
  };
  for (const auto& [a, b] : skeleton) {
    if (visible(a) && visible(b)) canvas.line(points[a], points[b], radius * 0.6F, kBone);
  }
  for (const Keypoint& p : points) {
    if (p.confidence >= kVisible) canvas.disc(p.x, p.y, radius, kPoint);
  }
}

}  // namespace

void draw_detections(Image& image, const Detections& detections,
                     std::span<const std::string> class_names, const Skeleton& skeleton) {
  Canvas canvas(image);
  const int thickness = std::max(2, std::max(image.width, image.height) / 400);
  for (size_t i = detections.items.size(); i-- > 0;) {  // the surest on top
    canvas.frame(detections.items[i].box, thickness, colour_of(detections.items[i]));
    draw_keypoints(canvas, detections.keypoints_of(i), skeleton,
                   static_cast<float>(thickness) * 1.2F);
  }
  const Font& font = font_for(image);
  Labels labels(image.size(), font);
  for (const Detection& d : detections.items) {
    const std::string text = label_of(d, class_names);
    draw_label(canvas, font, labels.place(d.box, text), text, colour_of(d));
  }
}

void draw_outline(Image& image, std::span<const Keypoint> points, bool closed,
                  const std::string& name) {
  Canvas canvas(image);
  const float radius = static_cast<float>(std::max(image.width, image.height)) / 800;
  for (size_t i = closed ? 0 : 1; i < points.size(); ++i)
    canvas.line(points[(i + points.size() - 1) % points.size()], points[i], radius, kOutline);
  if (points.empty()) return;
  const Font& font = font_for(image);
  const PixelBox first{points[0].x, points[0].y, points[0].x, points[0].y};
  draw_label(canvas, font, Labels(image.size(), font).place(first, name), name, kOutline);
}

}  // namespace octet
