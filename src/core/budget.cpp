#include "core/budget.h"

#include <limits>
#include <utility>

#include "core/error.h"

namespace octet {

size_t Budget::limit_of(size_t input_bytes) {
  constexpr size_t kMost = std::numeric_limits<size_t>::max();
  return input_bytes > (kMost - kFloorBytes) / kBytesPerByte
             ? kMost
             : kFloorBytes + kBytesPerByte * input_bytes;
}

Budget::Budget(std::string name, size_t input_bytes, int max_depth)
    : name_(std::move(name)),
      limit_(limit_of(input_bytes)),
      left_(limit_ - input_bytes),
      max_depth_(max_depth) {}

void Budget::take(size_t count, size_t bytes_each) {
  if (bytes_each != 0 && count > left_ / bytes_each)
    fail(
        "{}: reading it would take more than {} MB of memory, the most for a file of its size; it "
        "is damaged, or was made to fill the memory",
        name_, limit_ >> 20);
  left_ -= count * bytes_each;
}

const std::string& Budget::copy(const std::string& text) {
  take(sizeof text + text.size());
  return text;
}

void Budget::require_depth(int depth) const {
  if (depth > max_depth_)
    fail("{}: is nested deeper than {} levels; it is damaged, or was made to exhaust the stack",
         name_, max_depth_);
}

}  // namespace octet
