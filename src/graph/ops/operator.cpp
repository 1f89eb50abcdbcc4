#include "graph/ops/operator.h"

#include <algorithm>

#include "core/error.h"

namespace octet {

std::string to_string(const Shape& shape) { return fmt::format("({})", fmt::join(shape, ", ")); }

const Shape& ShapeInputs::only() const {
  if (shapes_.size() != 1) refuse(fmt::format("expected 1 input, got {}", shapes_.size()));
  return shapes_[0];
}

int64_t ShapeInputs::windows(int64_t length, int64_t kernel, int stride, Ends padding) const {
  const auto [least, most] = std::minmax(padding.before, padding.after);
  if (stride < 1 || kernel < 1 || least < 0 || most >= kernel)
    refuse(fmt::format("kernel {}, stride {}, padding {} do not go together", kernel, stride,
                       most >= kernel ? most : least));
  const int64_t span = length + padding.before + padding.after - kernel;
  if (span < 0)
    refuse(fmt::format("the kernel {} is larger than the padded input {}", kernel, length));
  return span / stride + 1;
}

void ShapeInputs::refuse(const std::string& reason) const {
  fail("[{} {}] {}", type_, name_, reason);
}

}  // namespace octet
