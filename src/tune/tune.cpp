#include "tune/tune.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <thread>

#include "core/cpu.h"
#include "core/error.h"
#include "core/file.h"
#include "core/folder.h"
#include "core/log.h"
#include "core/process.h"
#include "core/text/secrets.h"
#include "machine/system_files.h"
#include "measure/accuracy.h"
#include "measure/energy.h"
#include "media/stream/stream.h"
#include "tune/choice/choose.h"
#include "tune/machine/scratch_folder.h"
#include "tune/machine/tuner_lock.h"
#include "tune/networks.h"
#include "tune/rehearsal.h"
#include "tune/report/explain.h"
#include "tune/report/live_yaml.h"
#include "tune/report/report.h"
#include "tune/runtimes.h"
#include "tune/work.h"

namespace octet {
namespace {
namespace fs = std::filesystem;

constexpr double kFinalShare = 0.2, kShortestFinal = 1, kLongestFinal = 60;
constexpr double kRecordShare = 0.04, kShortestRecord = 3, kLongestRecord = 10;
// Of the time between the recording and the last run; the rest is for runs of octet live.
constexpr double kRuntimeShare = 0.25, kNetworkShare = 0.3, kPolicyShare = 0.08;
constexpr int kImages = 100;       // that stand for a source
constexpr double kWarmSlice = 10;  // seconds of a further run while the machine becomes warmer
constexpr int kMostLastRuns = 3;
constexpr std::chrono::milliseconds kIdleLook{1000};  // at the meter
constexpr int kKeptConfigs = 9;                       // that earlier tunings or the user wrote

fs::path lock_file() {
  const fs::path cache = cache_folder();
  if (!cache.empty()) return cache / "tune.lock";
  std::error_code error;
  return fs::temp_directory_path(error) / fmt::format("octet-tune-{}.lock", ::getuid());
}

fs::path page_of(const fs::path& config) {
  return config.parent_path() / (config.stem().string() + "-tune.html");
}

class Tuner {
 public:
  explicit Tuner(const TuneOptions& options)
      : o_(options),
        lock_(lock_file()),
        processes_(options.program, scratch_.path()),
        heat_(options.sysfs),
        work_{.options = options,
              .processes = processes_,
              .clock = TuneClock(options.budget_s),
              .cores = threads_or_all_cores(0)} {
    const fs::path folder = o_.output.parent_path();
    require_room(folder.empty() ? "." : folder, 1 << 20);  // before the work, not after it
    if (o_.goals.watts) find_meter();
  }

  TuneResult run() {
    work_.models = open_models({.files = o_.models, .engines = o_.engines, .sides = o_.sides});
    open_source_of_work();
    const double final_s = std::clamp(kFinalShare * o_.budget_s,
                                      2 * kShortestFinal + work_.live_start_s, kLongestFinal);
    keep_going([&] { search(work_.clock.left() - final_s); });
    const std::vector<TunePoint> points = candidates();
    if (points.empty()) fail_without_points();
    TuneResult result = result_of(points[order_of(points).front()]);
    if (!result.interrupted && failure_.empty()) keep_going([&] { check(result); });
    result.interrupted = stop_requested();
    if (!failure_.empty()) result.advice = "the search ended early: " + failure_;
    if (!result.seen && !result.interrupted && result.advice.empty())
      result.advice =
          "it was not seen to hold, since there was no time for a last run; give a longer --budget";
    write(result);
    result.seconds = work_.clock.passed();
    return result;
  }

 private:
  // A full disk, or a program that cannot be started, ends the search, and the best so far counts.
  template <typename Stage>
  void keep_going(Stage stage) {
    try {
      stage();
    } catch (const Error& e) {
      if (work_.points.empty()) throw;
      failure_ = e.what();
      log_warning("{}; the best so far is written", failure_);
    }
  }

  // Before anything runs, since the idle machine's power is told too.
  void find_meter() {
    work_.meter = find_energy_source(SystemFiles(o_.sysfs.parent_path()));
    if (!work_.meter)
      fail("--watts: this machine has no meter that can be read; 'octet bench' names the meters");
    EnergyMeter meter(*work_.meter);
    std::this_thread::sleep_for(kIdleLook);
    const auto idle_watts = meter.stop().watts();
    if (!idle_watts)
      fail(
          "--watts: the meter of this machine, {}, tells no power, so no setting can be judged by "
          "it",
          work_.meter->name);
    work_.idle_watts = *idle_watts;
    log_info("{}: {:.1f} watts before the tuning", work_.meter->name, work_.idle_watts);
    if (work_.idle_watts >= *o_.goals.watts)
      fail("--watts {:g}: this machine already uses {:.1f} watts, by its {}; no setting holds less",
           *o_.goals.watts, work_.idle_watts, work_.meter->name);
  }

  void open_source_of_work() {
    const double record_s = std::clamp(kRecordShare * o_.budget_s, kShortestRecord, kLongestRecord);
    Dataset data;
    if (!o_.data.empty()) {
      const ModelInfo& info = work_.models.front().info;
      data = read_dataset(o_.data, {.split = o_.split, .model_names = info.names});
      require_labels(data, o_.data + ": " + o_.split);
      verify_fit(info, data, o_.data);
    }
    if (o_.source.empty()) {
      work_.footage = images_as_footage(data, kImages, scratch_.path());
      own_images_ = fs::absolute(data.samples.front().image.parent_path());
    } else if (is_stream(o_.source)) {
      work_.footage = record_footage(o_.source, record_s, scratch_.path());
    } else {
      work_.footage = open_footage(o_.source);
    }
    const Footage& f = work_.footage;
    log_info("source: {}, {}{}", f.name, to_string(f.size),
             f.fps > 0 ? fmt::format(", {:.1f} frames a second", f.fps) : "");
    if (limited_by_source(o_.goals, f.fps))
      log_warning("{}: gives {:.1f} frames a second, which limits the goal of {:g}", f.name, f.fps,
                  *o_.goals.fps);
  }

  void search(double seconds) {
    const double end = work_.clock.passed() + seconds;
    const double each = kRuntimeShare * seconds / static_cast<double>(work_.models.size());
    for (TuneModel& model : work_.models) {
      runtimes_.emplace_back();
      if (!stop_requested()) runtimes_.back() = choose_runtimes(work_, model, each);
      if (!runtimes_.back().empty()) model.ran_in(runtimes_.back().front().look.precision);
    }
    if (std::all_of(runtimes_.begin(), runtimes_.end(), [](const auto& r) { return r.empty(); }))
      fail_without_points();
    NetworkTries networks;
    std::vector<PolicyLook> policies{{}};
    const auto make_points = [&] {
      accuracy_kind_ = networks.accuracy_kind;
      work_.points = predicted_points(work_, networks.tries, runtimes_, policies);
    };
    try {
      measure_networks(work_, runtimes_, kNetworkShare * seconds, networks);
      policies = measure_policies(work_, networks.tries, kPolicyShare * seconds);
    } catch (const Error&) {
      make_points();  // of those before the failure
      throw;
    }
    make_points();
    if (stop_requested()) return;
    rehearse(work_, end - work_.clock.passed());
  }

  // All points. Where every one failed, the last run shows the reason again with the likeliest.
  [[nodiscard]] std::vector<TunePoint> candidates() const {
    std::vector<TunePoint> points = work_.points;
    if (std::all_of(points.begin(), points.end(),
                    [](const TunePoint& point) { return !point.failed.empty(); })) {
      for (TunePoint& point : points) point.failed.clear();
    }
    return points;
  }

  // The best first: those that hold the goals before the others, and of both those that ran before
  // those that are predicted.
  [[nodiscard]] std::vector<size_t> order_of(const std::vector<TunePoint>& points) const {
    const auto last = [&](size_t i) {
      const bool holds = reserve(o_.goals, points[i].figures, work_.footage.fps) >= 1;
      return (holds ? 0 : 2) + (points[i].evidence == Evidence::kLive ? 0 : 1);
    };
    std::vector<size_t> order =
        ranked(points, {.goals = o_.goals, .source_fps = work_.footage.fps});
    std::stable_sort(order.begin(), order.end(),
                     [&](size_t a, size_t b) { return last(a) < last(b); });
    return order;
  }

  [[noreturn]] void fail_without_points() const {
    if (stop_requested()) fail("interrupted before anything was measured");
    fail("nothing could be tried in {:.0f} s: {}; give a longer --budget, or mend what is named",
         o_.budget_s, work_.not_tried.empty() ? "there was no time" : work_.not_tried.front());
  }

  [[nodiscard]] TuneResult result_of(const TunePoint& chosen) const {
    TuneResult result;
    result.chosen = chosen;
    result.interrupted = stop_requested();
    result.accuracy_kind = accuracy_kind_;
    result.footage = work_.footage;
    result.config = o_.output;
    result.page = page_of(o_.output);
    result.limited_by_source = limited_by_source(o_.goals, work_.footage.fps);
    result.advice = advice(result.chosen);
    return result;
  }

  [[nodiscard]] std::string advice(const TunePoint& nearest) const {
    return advice_for(o_.goals, work_.footage, nearest, work_.fixed_part(nearest.figures));
  }

  // The winner as it is written, for up to a minute, and for longer while the machine becomes
  // warmer and there is time. Where it does not hold what it promised, the others are expected to
  // lose as much, and the best that still holds is next. What is reported stays as it was
  // predicted.
  void check(TuneResult& result) {
    const std::vector<TunePoint> points = candidates();
    std::vector<TunePoint> expected = points;
    std::string reason;
    bool missed = false;
    for (int run = 0; run < kMostLastRuns; ++run) {
      const std::vector<size_t> order = order_of(expected);
      const double left_s = work_.clock.left() - work_.live_start_s;
      const double least_s = run > 0 ? 0.25 * kFinalShare * o_.budget_s : 0;
      if (order.empty() || left_s < std::max(kShortestFinal, least_s)) break;
      TunePoint& point = expected[order.front()];
      if (result.seen && !advice(point).empty()) break;  // nothing else is expected to hold
      TuneResult next = result_of(points[order.front()]);
      const bool alternative = order.size() > 1 && run + 1 < kMostLastRuns;
      const double seconds =
          std::clamp(alternative ? 0.6 * left_s : left_s, kShortestFinal, kLongestFinal);
      log_info("the last run: {}", next.chosen.configuration.text());
      point.failed = rehearse_as_written(next, seconds);
      if (!next.seen) {
        if (stop_requested()) break;
        reason = fmt::format("{}: {}", next.chosen.configuration.text(), point.failed);
        continue;
      }
      if (!result.seen || next.met || share_of(next) > share_of(result)) result = next;
      if (result.met || stop_requested()) break;
      missed = true;
      const Figures promised = point.figures;
      lower_expectations(expected, promised, next.seen->figures, work_.footage.fps);
      point.figures = next.seen->figures;
      point.failed = "its last run missed the goal";
    }
    if (!result.seen && !reason.empty() && !stop_requested())
      result.advice = "the last run failed: " + reason;
    if (missed && !result.met) {
      TunePoint as_seen = result.chosen;
      as_seen.figures = result.seen->figures;
      result.advice = advice(as_seen);
    }
  }

  // Of the goals, that was seen.
  [[nodiscard]] double share_of(const TuneResult& result) const {
    return reserve(o_.goals, result.seen->figures, work_.footage.fps);
  }

  // Returns the reason of a failure; empty: it ran, or was interrupted.
  std::string rehearse_as_written(TuneResult& result, double seconds) {
    const std::string config = yaml_of(result, work_.footage.address);
    const Attempt<LiveRun> attempt = work_.live(config, seconds);
    if (!attempt.result) {
      if (!stop_requested()) log_warning("the last run failed: {}", attempt.reason);
      return stop_requested() ? std::string() : attempt.reason;
    }
    result.seen = attempt.result;
    while (!stop_requested() && !heat_.report().steady &&
           work_.clock.left() > kWarmSlice + work_.live_start_s) {
      log_info("the machine becomes warmer; a further run of {:.0f} s", kWarmSlice);
      const Attempt<LiveRun> further = work_.live(config, kWarmSlice);
      if (!further.result || stop_requested()) break;  // the run before stands
      if (says_more(o_.goals, *result.seen, *further.result, work_.footage.fps))
        result.seen = further.result;
    }
    // The reserve that predictions need is in it.
    result.met = share_of(result) >= kSeenToHold && !result.limited_by_source;
    if (result.met) result.advice.clear();
    return {};
  }

  [[nodiscard]] std::string yaml_of(const TuneResult& result, const std::string& address) const {
    std::vector<std::string> head{
        fmt::format("Written by octet tune {} for {}.", o_.version, work_.footage.name),
        fmt::format("Goal: {}.{}", o_.goals.text(),
                    result.advice.empty() ? "" : " Not met: " + result.advice + "."),
        fmt::format("Predicted: {}.", figures_text(result.chosen.figures, result.chosen.accuracy)),
        fmt::format("Accuracy: {}.", accuracy_kind_)};
    if (result.seen)
      head.push_back(fmt::format("Seen for {:.0f} s: {}.", result.seen->seconds,
                                 figures_text(result.seen->figures, std::nullopt)));
    Footage footage = work_.footage;
    footage.address = address;
    return live_yaml({.configuration = result.chosen.configuration,
                      .footage = footage,
                      .goals = o_.goals,
                      .head = head,
                      .reasons = reasons_of(work_, result.chosen, runtimes_, result.advice.empty()),
                      .holds_limit = true});
  }

  void write(TuneResult& result) {
    result.points = work_.points;
    result.not_tried = work_.not_tried;
    result.not_tried.emplace_back(
        "parallel requests: octet live runs one frame of a camera at a time");
    result.heat = heat_.report();
    for (const std::string& sensor : result.heat.ignored)
      log_warning("a sensor is ignored: {}", sensor);
    if (result.heat.throttled) log_warning("the machine was throttled: {}", result.heat.text());
    const Facts facts{{"models", fmt::format("{}", fmt::join(o_.models, ", "))},
                      {"source", work_.footage.name},
                      {"processor", cpu_features().name},
                      {"cores", std::to_string(work_.cores)},
                      {"budget", fmt::format("{:.0f} s", o_.budget_s)},
                      {"octet", o_.version}};
    const std::string shown_address =
        own_images_.empty() ? public_address(work_.footage.address) : own_images_.string();
    const std::string address = own_images_.empty() ? work_.footage.address : own_images_.string();
    write_config(result.config, yaml_of(result, address));
    try {
      write_text_file(result.page,
                      tune_page(result, o_.goals, yaml_of(result, shown_address), facts));
    } catch (const Error& e) {
      log_warning("{}; the configuration is there, and its page is not", e.what());
      result.page.clear();
    }
  }

  // The file that was there moves away once the new one is complete.
  static void write_config(const fs::path& file, const std::string& text) {
    std::error_code ignored;
    const bool was_there = fs::exists(file, ignored);
    const mode_t before = ::umask(S_IRWXG | S_IRWXO);  // its address may hold a password
    try {
      write_and_rotate(file, text, kKeptConfigs);
    } catch (...) {
      ::umask(before);
      throw;
    }
    ::umask(before);
    if (was_there)
      log_info("{}: the file that was there is {}.1{} in the same folder", file.string(),
               file.stem().string(), file.extension().string());
  }

  static constexpr double kSeenToHold = 0.97;

  const TuneOptions& o_;
  TunerLock lock_;
  ScratchFolder scratch_;
  Processes processes_;
  HeatWatch heat_;
  TuneWork work_;
  std::vector<std::vector<Runtime>> runtimes_;
  std::string accuracy_kind_, failure_;
  fs::path own_images_;  // where the images stand for a source
};

}  // namespace

TuneResult tune(const TuneOptions& options) { return Tuner(options).run(); }

}  // namespace octet
