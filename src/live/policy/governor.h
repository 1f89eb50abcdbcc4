// Holds goals: results a second, an age, a share of the processor. When a goal is missed, it skips
// more frames between two detections or takes a smaller input. When all goals are met with reserve,
// it goes back. It gives the reason of each change. Pure logic, one thread.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace octet {

struct Goals {
  double target_fps = 0;  // results a second of each camera; 0: not asked for
  double age_ms = 0;      // 99 of 100 results should not be older
  double cpu_share = 0;   // of all cores, 0 … 1
  [[nodiscard]] bool any() const { return target_fps > 0 || age_ms > 0 || cpu_share > 0; }
  bool operator==(const Goals&) const = default;
};

// Measurements of about one second.
struct LoadSample {
  double fps = 0;  // results of the camera that got fewest
  double age_ms_p99 = 0;
  double cpu_share = 0;
  double smallest_object = 0;  // side in input pixels that nine of ten objects exceed; 0: no object
};

class Governor {
 public:
  // `sides`: sides of the compiled inputs, the largest first.
  Governor(const Goals& goals, std::vector<int> sides);

  struct Step {
    size_t size = 0;  // index of the input
    int skip = 0;     // frames between two detections, at least
    bool operator==(const Step&) const = default;
  };
  [[nodiscard]] const Step& step() const { return ladder_[at_]; }

  // Returns whether step() changed. reason() has the cause.
  bool see(const LoadSample& second);
  [[nodiscard]] const std::string& reason() const { return reason_; }

 private:
  enum class Goal { kNone, kCpu, kAge, kRate };
  [[nodiscard]] Goal missed(const LoadSample& s) const;
  [[nodiscard]] std::string in_words(Goal missed, const LoadSample& s) const;
  [[nodiscard]] double cost(size_t step) const;
  [[nodiscard]] bool roomy(const LoadSample& s) const;
  [[nodiscard]] bool fits(size_t step, const LoadSample& s) const;
  void move_to(size_t step, const std::string& why);

  Goals goals_;
  std::vector<int> sides_;
  std::vector<Step> ladder_;  // from the most expensive to the cheapest
  size_t at_ = 0;
  int missed_for_ = 0, roomy_for_ = 0;  // seconds in a row
  int since_up_ = 1000;                 // seconds since the last more expensive step
  int patience_;                        // seconds of reserve before the next one
  std::string reason_;
};

}  // namespace octet
