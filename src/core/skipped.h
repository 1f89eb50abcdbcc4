// Inputs of many that cannot be used and are passed by, such as pictures: counted, the first few named. One
// thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace octet {

class Skipped {
 public:
  // `reason`: begins with what is passed by.
  void add(std::string reason);
  [[nodiscard]] int64_t count() const { return count_; }

  // One warning: "2 pictures left out (cannot be read): …", with the first five. Nothing where there is
  // none.
  void warn(std::string_view noun, std::string_view why) const;
  // An Error with the first twenty, so that they can be mended at once. Nothing where there is none.
  void fail_for(std::string_view name, std::string_view what) const;

 private:
  int64_t count_ = 0;
  std::vector<std::string> first_;
};

}  // namespace octet
