#include <algorithm>
#include <charconv>
#include <cmath>
#include <set>

#include "core/error.h"
#include "core/text/split_text.h"
#include "eval/dataset/dataset.h"

namespace octet {
namespace fs = std::filesystem;
namespace {

constexpr double kKeypointAreaShare =
    0.53;  // of the box: COCO's mean, used where labels carry no area
constexpr double kSlack =
    0.01;  // labels written with few digits may leave the picture by this much
constexpr int kMaxLabels = 100'000;                  // lines of one picture's labels
constexpr size_t kMaxLineBytes = size_t{256} << 10;  // of one label: a thousand keypoints and more
constexpr size_t kBoxNumbers = 5;                    // class, x, y, width, height
constexpr size_t kLeastPolygon = 7;                  // class and three corners

using Row = std::vector<double>;

double parse_number(std::string_view word, const std::string& where) {
  const std::string_view digits = word.starts_with('+') ? word.substr(1) : word;
  double value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (error != std::errc() || end != digits.data() + digits.size() || !std::isfinite(value))
    fail("{}: '{}' is not a number", where, word);
  return value;
}

bool is_polygon(size_t numbers, const LabelFormat& format) {
  return format.keypoints == 0 && numbers >= kLeastPolygon && numbers % 2 == 1;
}

// The box around a polygon, as the numbers of a box.
Row box_around(const Row& polygon) {
  double left = polygon[1], right = left, top = polygon[2], bottom = top;
  for (size_t i = 1; i + 1 < polygon.size(); i += 2) {
    left = std::min(left, polygon[i]);
    right = std::max(right, polygon[i]);
    top = std::min(top, polygon[i + 1]);
    bottom = std::max(bottom, polygon[i + 1]);
  }
  return {polygon[0], (left + right) / 2, (top + bottom) / 2, right - left, bottom - top};
}

void check(const Row& v, const LabelFormat& format, const std::string& where) {
  if (v[0] != std::floor(v[0]) || v[0] < 0 || v[0] >= static_cast<double>(format.classes)) {
    fail("{}: class {} is not one of 0 to {}; check names in data.yaml", where, v[0],
         format.classes - 1);
  }
  const bool inside = std::all_of(v.begin() + 1, v.begin() + kBoxNumbers,
                                  [](double x) { return x >= -kSlack && x <= 1 + kSlack; });
  if (!inside)
    fail("{}: the box ({}, {}, {}, {}) lies outside the image; values are fractions of its sides",
         where, v[1], v[2], v[3], v[4]);
  for (int k = 0; k < format.keypoints; ++k) {
    const double* p = &v[kBoxNumbers + static_cast<size_t>(k) * format.keypoint_dims];
    const auto off = [](double x) { return x < -kSlack || x > 1 + kSlack; };
    if (off(p[0]) || off(p[1]))
      fail("{}: keypoint {} ({}, {}) lies outside the image; values are fractions of its sides",
           where, k, p[0], p[1]);
    if (format.keypoint_dims == 3 && p[2] < 0)
      fail("{}: keypoint {} has the visibility {}; 0, 1 or 2 is expected", where, k, p[2]);
  }
}

// 0, 1 or 2; a share between them, such as a confidence, means that the point is labelled.
int visibility_of(const double* p, int dims) {
  if (dims == 3) return p[2] == 0 ? 0 : p[2] == 1 ? 1 : 2;
  return p[0] >= 0 && p[1] >= 0 && (p[0] > 0 || p[1] > 0) ? 2 : 0;
}

TruthObject object_of(const Row& v, const LabelFormat& format) {
  const double w = std::max(v[3], 0.0);
  const double h = std::max(v[4], 0.0);
  TruthObject object{.class_index = static_cast<int>(v[0]),
                     .box = {v[1] - w / 2, v[2] - h / 2, v[1] + w / 2, v[2] + h / 2},
                     .box_area = w * h,
                     .keypoint_area = kKeypointAreaShare * w * h,
                     .keypoints = {}};
  for (int k = 0; k < format.keypoints; ++k) {
    const double* p = &v[kBoxNumbers + static_cast<size_t>(k) * format.keypoint_dims];
    object.keypoints.push_back(
        {.x = p[0], .y = p[1], .visibility = visibility_of(p, format.keypoint_dims)});
  }
  return object;
}

// The numbers of a line, a box's.
Row parse_row(const std::vector<std::string_view>& words, const LabelFormat& format,
              const std::string& where, LabelNotes& notes) {
  const size_t expected =
      kBoxNumbers + static_cast<size_t>(format.keypoints) * format.keypoint_dims;
  const bool polygon = is_polygon(words.size(), format);
  if (words.size() != expected && !polygon) {
    fail("{}: {} numbers; {} are expected (class, x, y, width, height{})", where, words.size(),
         expected, format.keypoints > 0 ? ", keypoints" : "");
  }
  Row row;
  for (const std::string_view word : words) row.push_back(parse_number(word, where));
  if (polygon) {
    row = box_around(row);
    ++notes.polygons;
  }
  check(row, format, where);
  notes.without_size += row[3] <= 0 || row[4] <= 0 ? 1 : 0;
  return row;
}

// The first line of `text`, which is taken off it. Lines end as on any system.
std::string_view take_line(std::string_view& text) {
  const size_t end = std::min(text.find_first_of("\r\n"), text.size());
  const std::string_view line = text.substr(0, end);
  const bool pair = text.substr(end).starts_with("\r\n");
  text.remove_prefix(std::min(end + (pair ? 2 : 1), text.size()));
  return line;
}

}  // namespace

std::vector<TruthObject> parse_labels(std::string_view text, const LabelFormat& format,
                                      const std::string& name, LabelNotes* notes) {
  LabelNotes own;
  std::vector<TruthObject> objects;
  std::set<std::vector<float>> seen;  // as Ultralytics compares them
  text = without_byte_order_mark(text);
  for (int number = 1; !text.empty(); ++number) {
    const std::string_view line = take_line(text);
    if (number > kMaxLabels)
      fail("{}: has more than {} lines; one object of the image is expected in each", name,
           kMaxLabels);
    if (line.size() > kMaxLineBytes)
      fail("{}: line {}: has {} bytes, which no label has", name, number, line.size());
    const auto words = split_text(line, " \t\v\f");
    if (words.empty()) continue;
    const Row row = parse_row(words, format, fmt::format("{}: line {}", name, number), own);
    if (seen.emplace(row.begin(), row.end()).second)
      objects.push_back(object_of(row, format));
    else
      ++own.duplicates;
  }
  if (notes != nullptr) {
    notes->duplicates += own.duplicates;
    notes->polygons += own.polygons;
    notes->without_size += own.without_size;
  }
  return objects;
}

fs::path label_path(const fs::path& image) {
  fs::path out = image;
  out.replace_extension(".txt");
  const std::string text = out.string();
  const size_t at = text.rfind("/images/");
  if (at != std::string::npos) return text.substr(0, at) + "/labels/" + text.substr(at + 8);
  return text.starts_with("images/") ? fs::path("labels/" + text.substr(7)) : out;
}

std::vector<TruthObject> objects_in_pixels(const Sample& sample, Size picture) {
  std::vector<TruthObject> objects = sample.objects;
  if (!sample.relative) return objects;
  const double w = picture.width;
  const double h = picture.height;
  for (TruthObject& o : objects) {
    o.box = {o.box.x1 * w, o.box.y1 * h, o.box.x2 * w, o.box.y2 * h};
    o.box_area *= w * h;
    o.keypoint_area *= w * h;
    for (auto& p : o.keypoints) {
      p.x *= w;
      p.y *= h;
    }
  }
  return objects;
}

}  // namespace octet
