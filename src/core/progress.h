// How far a work is, and how long it will take, on standard error. A terminal shows one line, which is
// never wider than the terminal and is taken away at the end. Elsewhere, in a pipe or a file, a line of
// the log is written every ten seconds where the end of the work is known.
//
//   const ProgressPlan plan({{"training", 300.0, 5}, {"validation", 12.0, 6}});  // one estimate over all
//   Progress progress(batches, "training");
//   progress.update(++done, "loss 0.123");
//
// One thread at a time. A Progress that is made while another lives shows nothing.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/work_estimate.h"

namespace octet {

// While it lives, every Progress is the phase that has its name, and estimates are of all phases.
class ProgressPlan {
 public:
  explicit ProgressPlan(const std::vector<WorkPhase>& phases);
  ~ProgressPlan();
  ProgressPlan(const ProgressPlan&) = delete;
  ProgressPlan& operator=(const ProgressPlan&) = delete;
};
// Of the plan that lives, where one does: so many times of a phase were done in an earlier run.
void leave_out_phase(const std::string& name, int times);

class Progress {
 public:
  explicit Progress(int64_t total, std::string name = "");  // 0: not known
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  void update(int64_t done, const std::string& note = "");
  [[nodiscard]] bool due() const;  // whether update() would show it: saves making the note

 private:
  [[nodiscard]] double share() const;
  [[nodiscard]] WorkEstimate::Seconds spent() const;

  std::string name_;
  int64_t total_, done_ = 0;
  bool inner_, terminal_, own_plan_ = false;
  std::chrono::steady_clock::time_point start_;
};

struct ProgressState {
  double share = 0;  // of all work
  std::optional<WorkEstimate::Seconds> left;
  std::string name, note;
};
// What a terminal shows, in at most so many columns; what the log says.
[[nodiscard]] std::string progress_line(const ProgressState& state, int columns);
[[nodiscard]] std::string progress_text(const ProgressState& state);

// "40 s left", "12 min left", "2 h 5 min left".
[[nodiscard]] std::string time_left(WorkEstimate::Seconds left);

}  // namespace octet
