#include "core/skipped.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <utility>

#include "core/error.h"
#include "core/log.h"
#include "core/text/count_text.h"

namespace octet {
namespace {
constexpr size_t kNamed = 5, kListed = 20;
}  // namespace

void Skipped::add(std::string reason) {
  ++count_;
  if (first_.size() < kListed) first_.push_back(std::move(reason));
}

void Skipped::warn(std::string_view noun, std::string_view why) const {
  if (count_ == 0) return;
  const size_t named = std::min(first_.size(), kNamed);
  const auto end = first_.begin() + static_cast<std::ptrdiff_t>(named);
  log_warning("{} left out ({}): {}{}", counted(count_, noun), why,
              fmt::join(first_.begin(), end, "; "),
              static_cast<size_t>(count_) > named ? "; …" : "");
}

void Skipped::fail_for(std::string_view name, std::string_view what) const {
  if (count_ == 0) return;
  if (count_ == 1) fail("{}", first_.front());
  const int64_t more = count_ - static_cast<int64_t>(first_.size());
  fail("{}: {} {}:\n  {}{}", name, count_, what, fmt::join(first_.begin(), first_.end(), "\n  "),
       more > 0 ? fmt::format("\n  and {} more", more) : "");
}

}  // namespace octet
