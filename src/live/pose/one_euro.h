// Smooths a value that is seen again and again: much while it rests, little while it moves (Casiez,
// Roussel and Vogel, "1 € Filter: A Simple Speed-based Low-pass Filter for Noisy Input in
// Interactive Systems", CHI 2012).
#pragma once

#include <algorithm>
#include <cmath>
#include <numbers>

namespace octet {

class OneEuroFilter {
 public:
  struct Options {
    double least_cutoff_hz = 1.5;  // of a value at rest; less smooths more
    double speed_factor = 5;       // cutoff gained for each unit of speed; more follows faster
    double speed_cutoff_hz = 1;    // of the smoothed speed
  };

  // Returns the smoothed value. `seconds`: since the value before. `unit`: the length in which the
  // speed is measured, in the unit of the value.
  double see(double value, double seconds, double unit, const Options& options) {
    if (!begun_) {
      begun_ = true;
      return value_ = value;
    }
    const double step = std::max(seconds, kLeastSeconds);
    const double speed = (value - value_) / step / unit;
    speed_ += share(options.speed_cutoff_hz, step) * (speed - speed_);
    const double cutoff = options.least_cutoff_hz + options.speed_factor * std::abs(speed_);
    return value_ += share(cutoff, step) * (value - value_);
  }

 private:
  static constexpr double kLeastSeconds = 1e-3;

  // Of a new value in a low-pass filter of this cutoff.
  static double share(double cutoff_hz, double seconds) {
    const double tau = 1 / (2 * std::numbers::pi * cutoff_hz);
    return 1 / (1 + tau / seconds);
  }

  double value_ = 0, speed_ = 0;  // speed in units a second
  bool begun_ = false;
};

}  // namespace octet
