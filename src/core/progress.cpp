#include "core/progress.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "core/log.h"
#include "core/output.h"
#include "core/terminal.h"
#include "core/text/clean_text.h"
#include "core/text/fit_text.h"

namespace octet {
namespace {

using Clock = std::chrono::steady_clock;

constexpr auto kDrawEvery = std::chrono::milliseconds(100);
constexpr auto kLogEvery = std::chrono::seconds(10);
constexpr int kBar = 20,
              kBarNeeds = 60;  // columns of the bar, and of a terminal that has room for it

// What the one line shows: of the plan, or of the only Progress.
struct Shown {
  std::optional<WorkEstimate> estimate;
  bool running = false;  // a Progress lives
  Clock::time_point last;
};

Shown& shown_work() {
  static Shown shown;
  return shown;
}

void begin(const std::vector<WorkPhase>& phases) {
  shown_work().estimate.emplace(phases);
  shown_work().last = is_terminal(STDERR_FILENO) ? Clock::time_point{} : Clock::now();
}

std::string percent(const ProgressState& state) {
  return fmt::format("{:.0f} %", std::floor(100 * std::clamp(state.share, 0.0, 1.0)));
}

std::string joined(const ProgressState& state, std::string_view separator) {
  std::string text = percent(state);
  const auto add = [&](const std::string& part) {
    if (!part.empty()) text.append(separator).append(part);
  };
  if (state.left) add(time_left(*state.left));
  add(state.name);
  add(clean_text(state.note));
  return text;
}

}  // namespace

ProgressPlan::ProgressPlan(const std::vector<WorkPhase>& phases) { begin(phases); }

ProgressPlan::~ProgressPlan() { shown_work().estimate.reset(); }

void leave_out_phase(const std::string& name, int times) {
  if (shown_work().estimate) shown_work().estimate->leave_out(name, times);
}

Progress::Progress(int64_t total, std::string name)
    : name_(std::move(name)),
      total_(total),
      inner_(shown_work().running),
      terminal_(is_terminal(STDERR_FILENO)),
      start_(Clock::now()) {
  if (inner_) return;
  shown_work().running = true;
  own_plan_ = !shown_work().estimate;
  if (own_plan_) begin({{.name = name_, .work = static_cast<double>(total)}});
}

Progress::~Progress() {
  if (inner_) return;
  draw_status("");
  shown_work().running = false;
  if (own_plan_)
    shown_work().estimate.reset();
  else
    shown_work().estimate->finish(name_, share(), spent());
}

double Progress::share() const {
  return total_ > 0 ? static_cast<double>(done_) / static_cast<double>(total_) : 0;
}

WorkEstimate::Seconds Progress::spent() const { return Clock::now() - start_; }

bool Progress::due() const {
  if (inner_ || (!terminal_ && total_ <= 0)) return false;
  return Clock::now() - shown_work().last >=
         (terminal_ ? Clock::duration(kDrawEvery) : Clock::duration(kLogEvery));
}

void Progress::update(int64_t done, const std::string& note) {
  done_ = done;
  if (!due()) return;
  Shown& shown = shown_work();
  shown.last = Clock::now();
  if (total_ <= 0) {
    const std::string line =
        fmt::format("{}{}{}  {}", done, name_.empty() ? "" : " ", name_, clean_text(note));
    return draw_status(first_columns(line, columns_of(STDERR_FILENO) - 1));
  }
  shown.estimate->advance(name_, share(), spent());
  const ProgressState state{.share = shown.estimate->share(),
                            .left = shown.estimate->left(),
                            .name = name_,
                            .note = note};
  if (terminal_)
    draw_status(progress_line(state, columns_of(STDERR_FILENO)));
  else
    log_info("{}", progress_text(state));
}

// The last column stays free: terminals differ in whether a line that fills them begins another.
std::string progress_line(const ProgressState& state, int columns) {
  std::string bar;
  if (columns >= kBarNeeds) {
    const auto filled = static_cast<size_t>(kBar * std::clamp(state.share, 0.0, 1.0));
    bar = fmt::format("[{}{}] ", std::string(filled, '#'), std::string(kBar - filled, '.'));
  }
  return first_columns(bar + joined(state, "  "), columns - 1);
}

std::string progress_text(const ProgressState& state) { return joined(state, ", "); }

std::string time_left(WorkEstimate::Seconds left) {
  const auto seconds = static_cast<int64_t>(std::ceil(std::max(0.0, left.count())));
  if (seconds <= 90) return fmt::format("{} s left", seconds);
  const int64_t minutes = (seconds + 30) / 60;
  if (minutes <= 90) return fmt::format("{} min left", minutes);
  return fmt::format("{} h {} min left", minutes / 60, minutes % 60);
}

}  // namespace octet
