// Decides from the times of inferences whether the next one runs on one thread. TensorFlow Lite's
// threads wait for each other at every operator, so other programs on the same cores slow them down
// far more than their share. One thread is then faster. Pure logic, one thread.
#pragma once

#include <algorithm>
#include <chrono>

namespace octet {

class Crowding {
 public:
  using Seconds = std::chrono::duration<double>;

  [[nodiscard]] bool alone() const { return alone_; }

  // Reports an inference that ran as alone() decided: its end (from any fixed moment), its
  // duration, and the processor time of the calling thread in it.
  void see(Seconds now, Seconds took, Seconds busy) {
    alone_ ? see_alone(now, took) : see_together(now, took, busy);
  }

 private:
  static constexpr int kSure = 3;         // inferences
  static constexpr int kGoodWhile = 100;  // inferences after which all is well again
  static constexpr Seconds kFirstPause{10}, kLongestPause{300};

  void see_alone(Seconds now, Seconds took) {
    alone_time_ = seen_ == 0 ? took : alone_time_ + (took - alone_time_) * 0.2;
    ++seen_;
    const bool no_better = seen_ == kSure && alone_time_ > crowded_time_;
    if (!no_better && now < back_at_) return;
    alone_ = false;
    seen_ = slow_ = 0;
  }

  // Without a time of one thread to compare with, the waiting time shows that cores were missing.
  void see_together(Seconds now, Seconds took, Seconds busy) {
    ++seen_;
    const bool known = alone_time_ > Seconds(0);
    const bool slow = took > (known ? alone_time_ : 2 * busy);
    if (slow) crowded_time_ = slow_ == 0 ? took : std::min(crowded_time_, took);
    slow_ = slow ? slow_ + 1 : 0;
    if (seen_ >= kGoodWhile && slow_ == 0) pause_ = kFirstPause;
    const bool in_vain = known && seen_ <= kSure && took > 2 * alone_time_;
    if (slow_ < kSure && !in_vain) return;
    alone_ = true;
    back_at_ = now + pause_;
    pause_ = std::min(2 * pause_, kLongestPause);
    seen_ = 0;
  }

  bool alone_ = false;
  int seen_ = 0;  // since alone_ changed
  int slow_ = 0;  // in a row
  Seconds alone_time_{0}, crowded_time_{0}, back_at_{0};
  Seconds pause_ = kFirstPause;
};

}  // namespace octet
