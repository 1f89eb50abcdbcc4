#include "format/import/network_file.h"

#include <fmt/ranges.h>

#include <algorithm>

namespace octet {
namespace {

constexpr size_t kMostListed = 50;

}  // namespace

void FileValues::require_read(const std::string& file, size_t operators) const {
  if (unreadable_.empty()) return;
  std::string text = fmt::format("{}: {} of its {} operators cannot be read:", shown(file),
                                 unreadable_.size(), operators);
  for (size_t i = 0; i < std::min(unreadable_.size(), kMostListed); ++i)
    text += fmt::format("\n  {}: {}", shown(unreadable_[i].node), shown(unreadable_[i].reason));
  if (unreadable_.size() > kMostListed)
    text += fmt::format("\n  … and {} more", unreadable_.size() - kMostListed);
  throw Error(ErrorCode::kFailed, text);
}

Size input_size_of(const Shape& shape, const std::optional<Size>& wanted) {
  if (shape.size() != 4) fail("its input ({}) is not an image", fmt::join(shape, ", "));
  const bool last = shape[3] == 3;
  if (!last && shape[1] != 3)
    fail("its input ({}) is not an image of 3 channels", fmt::join(shape, ", "));
  if (shape[0] > 1) fail("takes {} images at a time; export it with a batch of 1", shape[0]);
  const int64_t height = last ? shape[1] : shape[2];
  const int64_t width = last ? shape[2] : shape[3];
  if (height < 1 || width < 1) {
    if (!wanted) fail("its input has no fixed size; name one with --imgsz");
    if ((height > 0 && height != wanted->height) || (width > 0 && width != wanted->width))
      fail_usage("--imgsz {}: the file leaves one side open only, and takes a {} of {}",
                 to_string(*wanted), width > 0 ? "width" : "height", std::max(width, height));
    return *wanted;
  }
  if (height > kMaxInputSide || width > kMaxInputSide)
    fail("its input is {} × {} pixels; {} are the most", width, height, kMaxInputSide);
  const Size size{static_cast<int>(width), static_cast<int>(height)};
  if (wanted && *wanted != size)
    fail_usage("--imgsz {}: the file takes {} only", to_string(*wanted), to_string(size));
  return size;
}

Computed add_input_values(Draft& draft, const Shape& shape) {
  const Computed image = draft.image(shape);
  return add_affine(draft, kValuesNode, image, uniform(draft, image, 1, 0));
}

}  // namespace octet
