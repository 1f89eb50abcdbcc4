#include "compress/compress.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "compress/commands.h"
#include "compress/judge.h"
#include "compress/report.h"
#include "compress/schedule.h"
#include "compress/search.h"
#include "compress/stages.h"
#include "compress/wholes.h"
#include "compress/work_key.h"
#include "core/error.h"
#include "core/file.h"
#include "core/log.h"
#include "eval/dataset/dataset.h"

namespace octet {
namespace {
namespace fs = std::filesystem;
using nlohmann::ordered_json;

constexpr double kSpeedups[] = {1.3, 1.6, 2, 2.5, 3, 4};
constexpr double kGentleSpeedup = 1.15;  // where the first of them loses too much
constexpr double kFastEnough = 1.02;     // of the time that is wanted

// A candidate after its short training.
struct Tried {
  const Whole* whole = nullptr;
  Candidate candidate;
  std::string folder;
  double score = 0;
  bool met = true;
};

// A candidate in int8, after its whole training.
struct Taken {
  CompressedModel model;
  Candidate candidate;
  std::string given;  // the file that it was made of
};

// Without a labelled keypoint, all models would be equally good.
void require_keypoints(const Dataset& data, const std::string& name) {
  const auto labelled = [](const TruthObject::Point& p) { return p.visibility > 0; };
  const bool measurable =
      data.keypoints == 0 ||
      std::any_of(data.samples.begin(), data.samples.end(), [&](const Sample& s) {
        return std::any_of(s.objects.begin(), s.objects.end(), [&](const TruthObject& o) {
          return std::any_of(o.keypoints.begin(), o.keypoints.end(), labelled);
        });
      });
  if (!measurable) fail("{}: no object has a labelled keypoint; label some", name);
}

// As the stages read them.
DatasetParts labelled_parts(const std::string& file) {
  DatasetParts parts = read_parts(file, false);
  for (const auto& [part, name] :
       {std::pair{&parts.validation, "val"}, {&parts.training, "train"}}) {
    require_labels(*part, fmt::format("{}: {}", file, name));
    leave_out_unreadable(*part, false);
  }
  require_keypoints(parts.validation, file + ": val");
  return parts;
}

std::vector<Standing> standings(const std::vector<Tried>& tried) {
  std::vector<Standing> list;
  for (const Tried& t : tried)
    list.push_back({.pruned = t.candidate.pruning > 1, .met = t.met, .score = t.score});
  return list;
}

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
    // 0: the time follows from the drop that is allowed.
    const double most_s =
        o_.target.max_drop ? 0 : o_.target.most_s.value_or(base_s / o_.target.speedup.value_or(1));
    result_.wanted_s = most_s;
    result_.first_model = o_.models.front();
    if (base_s <= most_s) say_enough(base_s, most_s);
    plan(base_s, most_s);
    for (Whole& whole : wholes_.all()) {
      if (whole.needed) train_whole(whole);
    }
    result_.before = finish_int8("whole", wholes_.first().file, wholes_.size(), base_s);
    const Taken taken = most_s > 0 ? reach(most_s) : climb(base_s);
    result_.after = taken.model;
    result_.chosen = taken.candidate;
    result_.chosen_model = taken.given;
    const auto before = judge(result_.before.file, result_.before.size, data_);
    const auto after = judge(result_.after.file, result_.after.size, data_);
    result_.drop_95 = bootstrap_drop(before.main(), after.main());
    show(before.main(), after.main());
    return std::move(result_);
  }

 private:
  [[nodiscard]] std::string path(const std::string& name) const { return commands_.path(name); }
  [[nodiscard]] std::string fitness_key() const {
    return data_.keypoints > 0 ? "pose_map50_95" : "map50_95";
  }
  [[nodiscard]] const std::string& given(const Whole& whole) const {
    return o_.models[whole.model];
  }
  // For the log. Names the model where there are several.
  [[nodiscard]] std::string text_of(const Whole& whole, const Candidate& candidate) const {
    return (o_.models.size() > 1 ? given(whole) + ", " : "") + candidate.text();
  }

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
      if (!can_reach(most_s)) fail_unreachable(most_s);
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
    log_info("times: {}; the int8 model as it is needs {:.2f} ms{}", pricing_.origin(),
             1e3 * base_s,
             most_s > 0 ? fmt::format(", and {:.2f} ms are wanted", 1e3 * most_s) : "");
    log_info("plan: {}", schedule_->text());
    if (!schedule_->fits())
      log_warning(
          "--budget: even {} epochs take longer; allow more time, or leave out candidates "
          "by --activations none",
          schedule_->epochs());
  }

  // best.safetensors of its training; the file itself where it knows the classes.
  void train_whole(Whole& whole) {
    if (whole.is_given()) {
      whole.file = given(whole);
      return;
    }
    const bool own = whole.activation.empty();
    const std::string& same = wholes_.same_of(whole).file;
    std::vector<std::string> more;
    if (!own) more = {"--activation", whole.activation, "--teacher", same};
    const ordered_json j = stages_.run(
        commands_.train({.name = "trained-" + whole.name(),
                         .title = fmt::format("training of {} {}", given(whole),
                                              own ? "on the data" : "with " + whole.activation),
                         .model = own ? given(whole) : same,
                         .epochs = schedule_->epochs(),
                         .size = wholes_.size()},
                        more));
    whole.file = path("trained-" + whole.name()) + "/best.safetensors";
    schedule_->learn(wholes_.work_of(whole), j, false);
  }

  [[noreturn]] static void fail_unreachable(double most_s) {
    fail(
        "an int8 time of {:.2f} ms cannot be met: no candidate is fast enough, or the cost table "
        "lacks smaller inputs; allow more time, or give a smaller model",
        1e3 * most_s);
  }
  [[noreturn]] static void fail_no_step() {
    fail(
        "no candidate is {} times as fast as the model: nothing can be removed, or the cost table "
        "lacks smaller inputs",
        kGentleSpeedup);
  }

  [[nodiscard]] static std::string folder_of(const Whole& whole, const Candidate& candidate) {
    return fmt::format("try-{}-{}", whole.model + 1, candidate.name());
  }

  // All ways to an int8 time, each trained for a short time. Empty where none can reach it.
  std::vector<Tried> try_all(double most_s) {
    std::vector<Tried> all;
    for (const Whole& whole : wholes_.all()) {
      if (!whole.needed) continue;
      for (const Candidate& candidate : wholes_.candidates_of(whole, most_s)) {
        std::optional<Tried> tried = try_one(whole, candidate);
        if (!tried) continue;
        tried->met = tried->candidate.predicted_s <= kFastEnough * most_s;
        note(*tried, most_s);
        all.push_back(std::move(*tried));
      }
    }
    return all;
  }

  void note(const Tried& tried, double most_s) {
    const bool first = wholes_.is_first(*tried.whole, tried.candidate);
    if (!first && seen_.insert(tried.folder).second)
      result_.tried.push_back({given(*tried.whole), tried.candidate, tried.score, false});
    const std::string text = text_of(*tried.whole, tried.candidate);
    log_info("{}: mAP50-95 {:.4f}{}", text, tried.score, first ? "" : " after a short training");
    if (!tried.met)
      log_warning("{}: needs {:.2f} ms, and {:.2f} ms are wanted", text,
                  1e3 * tried.candidate.predicted_s, 1e3 * most_s);
  }

  // Nothing where pruning cannot reach the time.
  std::optional<Tried> try_one(const Whole& whole, const Candidate& candidate) {
    Tried tried{&whole, candidate, folder_of(whole, candidate)};
    if (wholes_.is_first(whole, candidate)) {
      tried.score = float_accuracy();
      return tried;
    }
    const StageCommands::Training training{
        .name = tried.folder,
        .title = fmt::format("short training: {}", text_of(whole, candidate)),
        .model = whole.file,
        .epochs = schedule_->short_epochs(),
        .size = candidate.size};
    if (candidate.pruning == 1) {
      const ordered_json j =
          stages_.run(commands_.train(training, {"--teacher", whole.file, "--mosaic", "0"}));
      tried.score = j.at(fitness_key());
      schedule_->learn(wholes_.work_of(whole, candidate), j, true);
      return tried;
    }
    const ordered_json j = stages_.run(commands_.prune(training, candidate.pruning));
    if (j.contains("failed")) return std::nullopt;
    tried.score = j.at("after").at("map50_95");
    // As a share: the whole model was measured beside it, and the machine may have been busy.
    const double share =
        j.at("after").at("ms").get<double>() / j.at("before").at("ms").get<double>();
    tried.candidate.predicted_s = share * candidate.pruning * candidate.predicted_s;
    return tried;
  }

  // The whole training of each finalist, and int8 of the best.
  Taken take(const std::vector<Tried>& tried) {
    const Tried* best = nullptr;
    double most = 0;
    for (const size_t at : finalists(standings(tried))) {
      const double score = train_to_the_end(tried[at]);
      if (best != nullptr && score <= most) continue;
      best = &tried[at];
      most = score;
    }
    const bool first = wholes_.is_first(*best->whole, best->candidate);
    return {.model = first
                         ? result_.before
                         : finish_int8(final_of(*best), path(final_of(*best)) + "/best.safetensors",
                                       best->candidate.size, best->candidate.predicted_s),
            .candidate = best->candidate,
            .given = given(*best->whole)};
  }

  double train_to_the_end(const Tried& tried) {
    if (wholes_.is_first(*tried.whole, tried.candidate)) return tried.score;
    const std::string text = text_of(*tried.whole, tried.candidate);
    ++result_.finalists;
    const ordered_json j = stages_.run(
        commands_.train({.name = final_of(tried),
                         .title = fmt::format("training: {}", text),
                         .model = path(tried.folder) + "/best.safetensors",
                         .epochs = schedule_->epochs(),
                         .size = tried.candidate.size},
                        {"--teacher", wholes_.same_of(*tried.whole).file, "--mosaic", "0"}));
    const double score = j.at(fitness_key());
    log_info("{}: mAP50-95 {:.4f} after the whole training", text, score);
    return score;
  }
  [[nodiscard]] static std::string final_of(const Tried& tried) {
    return "final" + tried.folder.substr(std::string("try").size());
  }

  CompressedModel finish_int8(const std::string& name, const std::string& file, Size size,
                              double predicted_s) {
    const std::string output = path(name + "-int8.safetensors");
    (void)stages_.run(commands_.quantize(name, file, size, output));
    const double map50_95 = accuracy(name + "-accuracy", output, size);
    return {.file = output, .size = size, .map50_95 = map50_95, .predicted_s = predicted_s};
  }
  double accuracy(const std::string& stage, const std::string& file, Size size) {
    return stages_
        .keep(stage,
              [&] {
                const auto map = judge(file, size, data_);
                return ordered_json{{"map50_95", map.main().summary().map50_95}};
              })
        .at("map50_95");
  }
  // Of the first model.
  double float_accuracy() {
    return accuracy("whole-float-accuracy", wholes_.first().file, wholes_.size());
  }

  Taken reach(double most_s) {
    const std::vector<Tried> tried = try_all(most_s);
    if (tried.empty()) fail_unreachable(most_s);
    Taken taken = take(tried);
    result_.met = taken.model.predicted_s <= kFastEnough * most_s;
    if (!result_.met)
      log_warning("{}: needs {:.2f} ms, and {:.2f} ms are wanted: no candidate was fast enough",
                  taken.candidate.text(), 1e3 * taken.model.predicted_s, 1e3 * most_s);
    return taken;
  }

  // Faster and faster until too much is lost; then the fastest of them that holds in int8.
  Taken climb(double base_s) {
    const double whole = float_accuracy(), most_drop = *o_.target.max_drop;
    std::vector<std::vector<Tried>> steps;
    for (const double speedup : kSpeedups) {
      if (!can_reach(base_s / speedup)) break;
      std::vector<Tried> step = try_all(base_s / speedup);
      if (step.empty()) break;
      steps.push_back(std::move(step));
      if (!hopeful(standings(steps.back()), whole, most_drop)) break;
    }
    std::optional<Taken> best;
    double least = 1;
    const auto holds = [&](const std::vector<Tried>& step) {
      Taken taken = take(step);
      const double drop = result_.before.map50_95 - taken.model.map50_95;
      log_info("{}: a drop of {:.4f} in int8", taken.candidate.text(), drop);
      least = std::min(least, drop);
      if (drop > most_drop) return false;
      best = std::move(taken);
      return true;
    };
    (void)last_that_holds(steps.size(), [&](size_t i) { return holds(steps[i]); });
    if (!best) {
      const std::vector<Tried> gentle = try_all(base_s / kGentleSpeedup);
      if (!gentle.empty()) {
        (void)holds(gentle);
      } else if (steps.empty()) {
        fail_no_step();
      }
    }
    if (!best)
      fail(
          "no smaller model keeps the drop below {}: the one that was nearest loses {:.4f}; the "
          "int8 model as it was is {}",
          most_drop, least, result_.before.file);
    return std::move(*best);
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
    for (TriedCandidate& tried : result_.tried)
      tried.chosen =
          tried.model == result_.chosen_model && tried.candidate.name() == result_.chosen.name();
    set_times(bench);
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
  std::optional<Schedule> schedule_;
  std::set<std::string> seen_;  // folders of candidates
  CompressResult result_;
};

}  // namespace

CompressResult compress(const CompressOptions& options) {
  const std::vector<Model> models = read_float_models(options.models);
  return Compressor(options, models, labelled_parts(options.data)).run();
}

}  // namespace octet
