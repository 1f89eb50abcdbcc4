// The time that a module itself spends on the conversion of an image, as a layer of its own. One
// thread.
#pragma once

#include <chrono>
#include <cstdint>

#include "engine/cold_inferences.h"
#include "engine/engine.h"

namespace octet {

class InputTime {
 public:
  // Counts from its start() to its end.
  class Timed {
   public:
    explicit Timed(InputTime& into) : into_(into) {}
    ~Timed() { into_.total_ += std::chrono::steady_clock::now() - begin_; }
    Timed(const Timed&) = delete;
    Timed& operator=(const Timed&) = delete;

   private:
    InputTime& into_;
    std::chrono::steady_clock::time_point begin_ = std::chrono::steady_clock::now();
  };
  [[nodiscard]] Timed start() {
    if (count_++ == kColdInferences) total_ = {};
    return Timed(*this);
  }
  [[nodiscard]] LayerTime layer() const {
    const int64_t counted = count_ > kColdInferences ? count_ - kColdInferences : count_;
    return {.name = "image",
            .operators = {},
            .type = "Input",
            .kernel = "octet",
            .precision = {},
            .fallback = {},
            .seconds = counted == 0 ? 0 : total_.count() / static_cast<double>(counted)};
  }

 private:
  std::chrono::duration<double> total_{};
  int64_t count_ = 0;
};

}  // namespace octet
