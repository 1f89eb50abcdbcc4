// How long a work of several phases will take, from the speed of the phases that ran.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

namespace octet {

// A part of a longer work, which is done `times` times.
struct WorkPhase {
  std::string name;
  double work = 0;  // of each time, in a unit that all phases share, such as passes of an image
  int times = 1;
};

class WorkEstimate {
 public:
  using Seconds = std::chrono::duration<double>;

  explicit WorkEstimate(const std::vector<WorkPhase>& phases);

  // The phase that runs: the share of it that is done, and how long that took. What is no phase of the
  // work changes nothing.
  void advance(const std::string& name, double share, Seconds spent);
  void finish(const std::string& name, double share, Seconds spent);  // it ended there

  // So many times of a phase were done in an earlier run.
  void leave_out(const std::string& name, int times);

  [[nodiscard]] double share() const;  // of all work that is done
  // Nothing: it is too early to tell, since the longest phases did not begin or the work just did.
  [[nodiscard]] std::optional<Seconds> left() const;

 private:
  struct Part {
    WorkPhase phase;
    int over = 0;                    // times that ended
    double running = 0;              // share of the one that runs
    double measured = 0;             // work that ended, in its unit
    Seconds spent{}, running_for{};  // on that, and on the one that runs

    [[nodiscard]] double done() const { return measured + running * phase.work; }
    [[nodiscard]] Seconds time() const { return spent + running_for; }
    [[nodiscard]] double work_left() const;
  };

  std::vector<Part> parts_;
};

}  // namespace octet
