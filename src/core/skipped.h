// Counts inputs that cannot be used and are left out, such as images, and names the first few. One
// thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace octet {

class Skipped {
 public:
  // `reason` begins with the name of the input.
  void add(std::string reason);
  [[nodiscard]] int64_t count() const { return count_; }

  // Logs one warning with the first five: "2 images left out (cannot be read): …". Logs nothing
  // where none was left out.
  void warn(std::string_view noun, std::string_view why) const;
  // Throws an Error with the first twenty, so that all can be repaired at once. Does nothing where
  // none was left out.
  void fail_for(std::string_view name, std::string_view what) const;

 private:
  int64_t count_ = 0;
  std::vector<std::string> first_;
};

}  // namespace octet
