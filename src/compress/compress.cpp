#include "compress/compress.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <iterator>
#include <nlohmann/json.hpp>
#include <set>
#include <utility>

#include "compress/commands.h"
#include "compress/data.h"
#include "compress/judge.h"
#include "compress/report.h"
#include "compress/schedule.h"
#include "compress/search.h"
#include "compress/stages.h"
#include "compress/trials.h"
#include "compress/wholes.h"
#include "compress/work_key.h"
#include "core/error.h"
#include "core/file.h"
#include "core/log.h"

namespace octet {
namespace {
namespace fs = std::filesystem;
using nlohmann::ordered_json;

constexpr double kSpeedups[] = {1.3, 1.6, 2, 2.5, 3, 4};
constexpr double kGentleSpeedup = 1.15;  // where the first of them loses too much

class Compressor {
 public:
  Compressor(const CompressOptions& options, const std::vector<Model>& models, DatasetParts parts)
      : o_(options),
        data_(std::move(parts.validation)),
        training_(std::move(parts.training)),
        pricing_(options.pricing, options.version),
        stages_(options.folder, options.program, work_key(options, {training_, data_}, pricing_),
                options.overwrite),
        commands_(options, pricing_.weight_bits()),
        wholes_(options, models, data_, pricing_, stages_) {}

  CompressResult run() {
    const double base_s = wholes_.base_s();
    result_.wanted_speedup = o_.target.speedup.value_or(0);
    // 0: the time follows from the drop that is allowed.
    const double most_s =
        o_.target.max_drop ? 0 : o_.target.most_s.value_or(base_s / o_.target.speedup.value_or(1));
    result_.wanted_s = most_s;
    result_.first_model = o_.models.front();
    if (base_s <= most_s) say_enough(base_s, most_s);
    plan(base_s, most_s);
    for (Whole& whole : wholes_.all()) {
      if (whole.needed) trials_->train_whole(whole);
    }
    result_.before = trials_->finish_first();
    const Taken taken = most_s > 0 ? reach(most_s) : climb_to_drop(base_s);
    result_.after = taken.model;
    result_.chosen = taken.candidate;
    result_.chosen_model = taken.given;
    const auto before = judge(result_.before.file, result_.before.size, data_);
    const auto after = judge(result_.after.file, result_.after.size, data_);
    result_.drop_95 = bootstrap_drop(before.main(), after.main());
    show(before.main(), after.main());
    stages_.finish();
    return std::move(result_);
  }

 private:
  [[nodiscard]] std::string path(const std::string& name) const { return commands_.path(name); }

  // Another model may still be better, so only a single one is left as it is.
  void say_enough(double base_s, double most_s) {
    const bool only = o_.models.size() == 1;
    log_info("{}: is fast enough as it is: its int8 time is {:.2f} ms, and {:.2f} ms are wanted{}",
             o_.models.front(), 1e3 * base_s, 1e3 * most_s, only ? "; nothing is removed" : "");
    if (only) wholes_.keep_first();
  }

  [[nodiscard]] bool can_reach(double most_s) {
    const auto& all = wholes_.all();
    return std::any_of(all.begin(), all.end(),
                       [&](const Whole& w) { return !wholes_.candidates_of(w, most_s).empty(); });
  }

  // All trainings for these times, and the models that they need.
  WorkPlan work_for(const std::vector<double>& times) {
    WorkPlan work{.int8_gflops = wholes_.gflops_of(wholes_.first(), wholes_.size()),
                  .images = training_.samples.size(),
                  .gflops_per_s = usual_gflops_per_s()};
    std::set<std::string> candidates, tables;  // each once; a table has one input
    wholes_.mark_needed(wholes_.first());
    for (const double most_s : times) {
      for (const Whole& whole : wholes_.all()) {
        for (const Candidate& candidate : wholes_.candidates_of(whole, most_s)) {
          wholes_.mark_needed(whole);
          if (wholes_.is_first(whole, candidate)) continue;
          if (!candidates.insert(folder_of(whole, candidate)).second) continue;
          work.candidates.push_back(wholes_.work_of(whole, candidate));
          if (candidate.pruning == 1) continue;
          work.choices.push_back(work.candidates.back().teacher_gflops);
          tables.insert(whole.name() + to_string(candidate.size));
        }
      }
    }
    for (const Whole& whole : wholes_.all()) {
      if (whole.needed && !whole.is_given()) work.wholes.push_back(wholes_.work_of(whole));
    }
    work.tables = pricing_.measures() ? tables.size() : 0;
    if (o_.target.max_drop) work.winners = 2 * most_asked(times.size());
    if (work.candidates.empty()) work.winners = 0;
    return work;
  }

  // Says what will be done, and for how long about. Fewer epochs where the budget asks for it.
  void plan(double base_s, double most_s) {
    std::vector<double> times;
    if (most_s > 0) {
      if (!can_reach(most_s)) fail_out_of_reach(most_s);
      times = {most_s};
    } else {
      for (const double speedup : kSpeedups) {
        if (!can_reach(base_s / speedup)) break;
        times.push_back(base_s / speedup);
      }
      if (times.empty() && can_reach(base_s / kGentleSpeedup)) times = {base_s / kGentleSpeedup};
      if (times.empty()) fail_no_step();
    }
    schedule_.emplace(stages_, work_for(times),
                      EpochBudget{.epochs = o_.epochs, .seconds = o_.budget_s});
    trials_.emplace(Trials::Parts{.options = o_,
                                  .validation = data_,
                                  .commands = commands_,
                                  .stages = stages_,
                                  .wholes = wholes_,
                                  .schedule = *schedule_});
    log_info("times: {}; the int8 model as it is needs {:.2f} ms{}", pricing_.origin(),
             1e3 * base_s,
             most_s > 0 ? fmt::format(", and {:.2f} ms are wanted", 1e3 * most_s) : "");
    log_info("plan: {}", schedule_->text());
    if (!schedule_->fits()) {
      log_warning(
          "--budget: even {} epochs take longer; allow more time, or leave out candidates "
          "by --activations none",
          schedule_->epochs());
    }
  }

  [[noreturn]] void fail_out_of_reach(double most_s) {
    fail(
        "an int8 time of {:.2f} ms cannot be met: no candidate is fast enough, or the cost table "
        "lacks smaller inputs; the nearest that may be met is {}",
        1e3 * most_s, nearest_target(wholes_.least_s(), wholes_.base_s()));
  }
  [[noreturn]] void fail_unpruned(double most_s) {
    fail(
        "an int8 time of {:.2f} ms cannot be met: pruning does not go so far; without pruning the "
        "nearest is {}",
        1e3 * most_s, nearest_target(wholes_.least_unpruned_s(), wholes_.base_s()));
  }
  [[noreturn]] static void fail_no_step() {
    fail(
        "no candidate is {} times as fast as the model: nothing can be removed, or the cost table "
        "lacks smaller inputs",
        kGentleSpeedup);
  }

  Taken reach(double most_s) {
    const std::vector<Tried> tried = trials_->try_all(most_s);
    if (tried.empty()) fail_unpruned(most_s);
    return trials_->take(tried);
  }

  // The model of one step where it loses at most `most_drop` in int8. Keeps the least drop.
  std::optional<Taken> take_within(double most_drop, const std::vector<Tried>& step,
                                   std::optional<double>& least) {
    Taken taken = trials_->take(step);
    const double drop = result_.before.map50_95 - taken.model.map50_95;
    log_info("{}: a drop of {:.4f} in int8", taken.candidate.text(), drop);
    least = std::min(least.value_or(drop), drop);
    return drop > most_drop ? std::nullopt : std::optional(std::move(taken));
  }

  // Faster and faster until too much is lost; then the fastest of them that holds in int8.
  Taken climb_to_drop(double base_s) {
    const double whole = trials_->float_accuracy(), most_drop = *o_.target.max_drop;
    std::vector<std::vector<Tried>> steps;
    std::optional<Taken> best;
    std::optional<double> least;
    const auto try_step = [&](double speedup) {
      return can_reach(base_s / speedup) ? trials_->try_all(base_s / speedup)
                                         : std::vector<Tried>();
    };
    const auto holds = [&](const std::vector<Tried>& step) {
      auto taken = take_within(most_drop, step, least);
      if (!taken) return false;
      best = std::move(taken);
      return true;
    };
    (void)climb(std::size(kSpeedups), {.may_hold =
                                           [&](size_t i) {
                                             steps.push_back(try_step(kSpeedups[i]));
                                             return hopeful(standings(steps[i]), whole, most_drop);
                                           },
                                       .holds = [&](size_t i) { return holds(steps[i]); }});
    if (best) return std::move(*best);
    const std::vector<Tried> gentle = try_step(kGentleSpeedup);
    if (gentle.empty() && steps.front().empty()) fail_no_step();
    if (!gentle.empty() && holds(gentle)) return std::move(*best);
    fail("no smaller model keeps the drop below {}: {}; the int8 model as it was is {}", most_drop,
         least ? fmt::format("the one that was nearest loses {:.4f}", *least)
               : "none came near it in a short training",
         result_.before.file);
  }

  void export_one(const CompressedModel& model, const std::string& name) {
    (void)stages_.run(commands_.export_files(name, model.file, model.size));
    (void)stages_.run(commands_.verify(model.file, name));
  }

  void show(const CocoMetric& before, const CocoMetric& after) {
    const std::string file = path("int8.safetensors");
    fs::copy_file(result_.after.file, file, fs::copy_options::overwrite_existing);
    result_.after.file = file;
    export_one(result_.before, "export-whole");
    export_one(result_.after, "export");
    const ordered_json bench = stages_.run(commands_.bench({"export-whole", "export"}));
    result_.tried = trials_->list();
    for (TriedCandidate& tried : result_.tried)
      tried.chosen =
          tried.model == result_.chosen_model && tried.candidate.name() == result_.chosen.name();
    set_times(bench);
    result_.met = meets_target(result_);
    if (!result_.met)
      log_warning("the target is not met: {:.2f} ms in place of {:.2f} ms, {:.2f} times as fast",
                  result_.after.ms, result_.before.ms, result_.speedup());
    result_.report = path("report.html");
    write_compress_report({.result = result_,
                           .bench = bench,
                           .data = data_,
                           .before = before,
                           .after = after,
                           .facts = facts(),
                           .commands = stages_.commands()});
  }

  // Both models in turn, where the engine runs here.
  void set_times(const ordered_json& bench) {
    result_.engine = pricing_.engine();
    result_.times = pricing_.origin();
    result_.measured = pricing_.measures();
    result_.seconds = stages_.seconds();
    for (CompressedModel* model : {&result_.before, &result_.after})
      model->ms = 1e3 * model->predicted_s;
    const auto row = fastest_in(times_of(bench), result_.engine);
    if (!result_.measured || !row) return;
    result_.before.ms = row->before_ms;
    result_.after.ms = row->after_ms;
  }

  [[nodiscard]] Facts facts() const {
    return {{"models", fmt::format("{}", fmt::join(o_.models, ", "))},
            {"data", fmt::format("{}, {} images to validate", o_.data, data_.samples.size())},
            {"times", pricing_.origin()},
            {"octet", o_.version}};
  }

  const CompressOptions& o_;
  Dataset data_, training_;
  Pricing pricing_;
  Stages stages_;
  StageCommands commands_;
  Wholes wholes_;
  std::optional<Schedule> schedule_;  // these two: once the work is planned
  std::optional<Trials> trials_;
  CompressResult result_;
};

}  // namespace

CompressResult compress(const CompressOptions& options) {
  const std::vector<Model> models = read_float_models(options.models);
  return Compressor(options, models, labelled_parts(options.data)).run();
}

}  // namespace octet
