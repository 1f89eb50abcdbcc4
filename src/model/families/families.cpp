#include "model/families/families.h"

#include <algorithm>
#include <vector>

#include "core/error.h"

namespace octet {
namespace {

constexpr std::string_view kYolov8[] = {"C2f"};
constexpr std::string_view kYolov5u[] = {"C3"};
constexpr std::string_view kYolov9[] = {"RepNCSPELAN4", "ELAN1", "SPPELAN", "AConv", "ADown"};

constexpr Family kFamilies[] = {{"YOLOv8", kYolov8}, {"YOLOv5u", kYolov5u}, {"YOLOv9", kYolov9}};

bool has_own_block(const Family& family, const Module& layers) {
  return std::any_of(layers.children.begin(), layers.children.end(), [&](const Module& layer) {
    return std::find(family.own_blocks.begin(), family.own_blocks.end(), layer.type) !=
           family.own_blocks.end();
  });
}

}  // namespace

std::span<const Family> all_families() { return kFamilies; }

const Family& family_of(const Module& layers) {
  for (const Family& family : kFamilies) {
    if (has_own_block(family, layers)) return family;
  }
  std::vector<std::string_view> names;
  for (const Family& family : kFamilies) names.push_back(family.name);
  fail("its layers are of no family that octet reads ({})", fmt::join(names, ", "));
}

}  // namespace octet
