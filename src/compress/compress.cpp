#include "compress/compress.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "compress/judge.h"
#include "compress/report.h"
#include "compress/stages.h"
#include "compress/work_plan.h"
#include "core/error.h"
#include "core/file.h"
#include "core/log.h"
#include "core/text/count_text.h"
#include "eval/dataset/dataset.h"
#include "format/model_file.h"
#include "graph/cost.h"
#include "graph/passes/passes.h"
#include "model/passes/passes.h"

namespace octet {
namespace {
namespace fs = std::filesystem;
using nlohmann::ordered_json;

constexpr double kSpeedups[] = {1.3, 1.6, 2, 2.5, 3, 4};
// A candidate that lost so much more than wanted after its short training will not make up for it.
constexpr double kHope = 0.03;
constexpr double kWorth = 0.97;  // another activation has to save 3 %

// Size and time of a file: another content is other work.
std::string stamp_of(const std::string& file) {
  std::error_code error;
  const auto size = fs::file_size(file, error);
  const auto time = fs::last_write_time(file, error);
  return error ? file : fmt::format("{} ({}, {})", file, size, time.time_since_epoch().count());
}

std::string key_of(const CompressOptions& o) {
  std::vector<std::string> models;
  for (const std::string& model : o.models) models.push_back(stamp_of(model));
  const auto number = [](const std::optional<double>& v) {
    return v ? fmt::format("{:.9g}", *v) : "";
  };
  return fmt::format(
      "{} on {}, speedup {}, most {} s, drop {}, {} of {} with {} threads, size {}, {}, "
      "{} epochs of batch {}, seed {}, budget {}, octet {}",
      fmt::join(models, " "), stamp_of(o.data), number(o.target.speedup), number(o.target.most_s),
      number(o.target.max_drop), o.pricing.source, o.pricing.engine, o.pricing.threads,
      o.size ? to_string(*o.size) : "", fmt::join(o.activations, " "), o.epochs, o.batch, o.seed,
      o.budget_s, o.version);
}

// A model that knows the classes of the data, with one activation.
struct Whole {
  size_t model = 0;        // of those given
  std::string activation;  // empty: its own; else as --activation has it
  Model planned;           // for its time: its weights may be those of other classes
  bool knows_classes = false;
  std::string file = {};  // once it is trained

  // Of stages.
  [[nodiscard]] std::string name() const {
    return fmt::format("{}-{}", activation.empty() ? "same" : activation, model + 1);
  }
};

// A candidate after its short training.
struct Tried {
  const Whole* whole = nullptr;
  Candidate candidate;
  std::string folder;
  double score = 0;
};

Dataset labelled_part(const std::string& file, const std::string& part) {
  Dataset data = read_dataset(file, {.split = part});
  require_labels(data, file + ": " + part);
  leave_out_unreadable(data, false);
  return data;
}

std::vector<Model> float_models(const std::vector<std::string>& files) {
  std::vector<Model> models;
  for (const std::string& file : files) {
    models.push_back(read_model(file));
    if (!models.back().quantization.empty())
      fail("{}: is an int8 model; give the float model that it was made of", file);
  }
  return models;
}

class Compressor {
 public:
  explicit Compressor(const CompressOptions& options)
      : o_(options),
        data_(labelled_part(options.data, "val")),
        training_images_(labelled_part(options.data, "train").samples.size()),
        models_(float_models(options.models)),
        pricing_(options.pricing, options.version),
        stages_(options.folder, options.program, key_of(options), options.overwrite) {}

  CompressResult run() {
    const int usual = models_.front().info.usual_side();
    size_ = o_.size.value_or(Size{usual, usual});
    for (size_t i = 0; i < models_.size(); ++i) add_model(i);
    const double base_s = time_of(wholes_.front(), size_);
    // 0: the time follows from the drop that is allowed.
    const double most_s =
        o_.target.max_drop ? 0 : o_.target.most_s.value_or(base_s / o_.target.speedup.value_or(1));
    plan(base_s, most_s);
    for (Whole& whole : wholes_) train_whole(whole);
    result_.before = finish_int8("whole", wholes_.front().file, size_, base_s);
    if (most_s > 0) {
      take(try_all(most_s));
    } else {
      climb(base_s);
    }
    const auto before = judge(result_.before.file, result_.before.size, data_);
    const auto after = judge(result_.after.file, result_.after.size, data_);
    result_.drop_95 = bootstrap_drop(before.main(), after.main());
    show(before.main(), after.main());
    return std::move(result_);
  }

 private:
  [[nodiscard]] std::string path(const std::string& name) const {
    return (stages_.folder() / name).string();
  }
  [[nodiscard]] static std::string side(Size size) { return std::to_string(longer_side(size)); }
  [[nodiscard]] std::string fitness_key() const {
    return data_.keypoints > 0 ? "pose_map50_95" : "map50_95";
  }

  // Options that every training has.
  [[nodiscard]] std::vector<std::string> training(const std::string& verb, const std::string& model,
                                                  int epochs, const std::string& folder) const {
    return {verb,
            "--model",
            model,
            "--data",
            o_.data,
            "--epochs",
            std::to_string(std::max(1, epochs)),
            "--batch",
            std::to_string(o_.batch),
            "--seed",
            std::to_string(o_.seed),
            "--threads",
            std::to_string(o_.threads),
            "-o",
            folder};
  }
  // A training whose result is best.safetensors in a folder of that name.
  ordered_json train(const std::string& name, const std::string& title, const std::string& model,
                     int epochs, Size size, const std::vector<std::string>& more) {
    std::vector<std::string> arguments = training("train", model, epochs, path(name));
    arguments.insert(arguments.end(), {"--imgsz", side(size)});
    arguments.insert(arguments.end(), more.begin(), more.end());
    return stages_.run({.name = name,
                        .title = title,
                        .arguments = arguments,
                        .resumable = stages_.folder() / name / "last.safetensors"});
  }

  // With every activation that is faster in int8.
  void add_model(size_t index) {
    Model model = models_[index];
    const Head& head = model.info.head;
    if ((head.keypoints == 0) != (data_.keypoints == 0))
      fail("{}: has {} keypoints an object, and the data {}; give a model of the same task",
           o_.models[index], head.keypoints, data_.keypoints);
    const bool knows = model.info.names == data_.names && head.keypoints == data_.keypoints &&
                       head.keypoint_dims == data_.keypoint_dims;
    model = select_classes(std::move(model), data_.names, 0);
    model = select_keypoints(
        std::move(model),
        {.count = data_.keypoints, .dims = data_.keypoint_dims, .flip_index = data_.flip_index}, 0);
    model = fold_batch_norm(std::move(model));
    wholes_.push_back({index, "", model, knows});
    const double own_s = time_of(wholes_.back(), size_);
    for (const std::string& activation : o_.activations) {
      if (activation == kNoActivation || !has_silu(model.graph)) continue;
      Whole other{index, activation, replace_activation(model, parse_activation(activation)),
                  knows};
      const std::optional<double> seconds = known_time(other, size_);
      if (seconds && *seconds < kWorth * own_s) wholes_.push_back(std::move(other));
    }
  }

  // In seconds. Measured where this machine is the device; else of the table, where it has the
  // layers.
  [[nodiscard]] std::optional<double> known_time(const Whole& whole, Size size) {
    const auto stage = fmt::format("time-{}-{}", whole.name(), to_string(size));
    const auto time = stages_.keep(stage, [&]() -> ordered_json {
      if (const auto measured = pricing_.measure(whole.planned, size))
        return {{"seconds", *measured}};
      try {
        return {{"seconds", pricing_.cost().predict(whole.planned.graph, size)}};
      } catch (const Error& e) {
        log_warning("{} at {} is left out: {}", whole.name(), to_string(size), e.what());
        return {{"unknown", e.what()}};
      }
    });
    return time.contains("seconds") ? std::optional(time.at("seconds").get<double>())
                                    : std::nullopt;
  }
  [[nodiscard]] double time_of(const Whole& whole, Size size) {
    const std::optional<double> seconds = known_time(whole, size);
    if (!seconds)
      fail("--cost {}: has no times of this model at {}", o_.pricing.source, to_string(size));
    return *seconds;
  }

  [[nodiscard]] std::vector<Candidate> candidates_of(const Whole& whole, double most_s) {
    return plan_candidates(most_s, [&](Size size) { return known_time(whole, size); },
                           {.size = size_, .activation = whole.activation});
  }

  [[nodiscard]] bool can_reach(double most_s) {
    return std::any_of(wholes_.begin(), wholes_.end(),
                       [&](const Whole& w) { return !candidates_of(w, most_s).empty(); });
  }

  // Says what will be done, and for how long about. Fewer epochs where the budget asks for it.
  void plan(double base_s, double most_s) {
    std::set<std::string> candidates, tables;  // each once; a table has one input
    const auto count = [&](double wanted_s) {
      for (const Whole& whole : wholes_) {
        for (const Candidate& candidate : candidates_of(whole, wanted_s)) {
          candidates.insert(folder_of(whole, candidate));
          if (candidate.pruning > 1) tables.insert(whole.name() + to_string(candidate.size));
        }
      }
    };
    if (most_s > 0) {
      count(most_s);
    } else {
      for (const double speedup : kSpeedups) count(base_s / speedup);
    }
    if (candidates.empty()) fail_unreachable(most_s);
    const auto trained = std::count_if(wholes_.begin(), wholes_.end(), [](const Whole& w) {
      return !w.activation.empty() || !w.knows_classes;
    });
    const WorkPlan work{.wholes = static_cast<size_t>(trained),
                        .candidates = candidates.size(),
                        .tables = pricing_.measures() ? tables.size() : 0,
                        .epoch_s = epoch_seconds(cost(wholes_.front().planned.graph, size_).gflops,
                                                 training_images_)};
    const auto kept = stages_.keep("plan", [&] {
      return ordered_json{{"epochs", epochs_within(work, o_.epochs, o_.budget_s)}};
    });
    epochs_ = kept.at("epochs");
    log_info("times: {}; the int8 model as it is needs {:.2f} ms{}", pricing_.origin(),
             1e3 * base_s,
             most_s > 0 ? fmt::format(", and {:.2f} ms are wanted", 1e3 * most_s) : "");
    log_info("plan: {}, {} with {} epochs each, at most two winners with {}; about {}",
             counted(static_cast<int64_t>(work.wholes), "training"),
             counted(static_cast<int64_t>(candidates.size()), "candidate"), short_epochs(epochs_),
             epochs_, time_text(seconds_of(work, epochs_)));
    if (o_.budget_s > 0 && seconds_of(work, epochs_) > o_.budget_s)
      log_warning(
          "--budget: even {} epochs take longer; allow more time, or leave out candidates "
          "by --activations none",
          epochs_);
  }

  // best.safetensors of its training; the file itself where it knows the classes.
  void train_whole(Whole& whole) {
    const std::string& given = o_.models[whole.model];
    const bool own = whole.activation.empty();
    if (own && whole.knows_classes) {
      whole.file = given;
      return;
    }
    std::vector<std::string> more;
    if (!own) more = {"--activation", whole.activation, "--teacher", same_of(whole.model).file};
    (void)train("trained-" + whole.name(),
                own ? fmt::format("training of {} on the data", given)
                    : fmt::format("training with {}", whole.activation),
                own ? given : same_of(whole.model).file, epochs_, size_, more);
    whole.file = path("trained-" + whole.name()) + "/best.safetensors";
  }

  // The model with its own activation, which comes first.
  [[nodiscard]] const Whole& same_of(size_t model) const {
    return *std::find_if(wholes_.begin(), wholes_.end(),
                         [&](const Whole& w) { return w.model == model; });
  }

  [[noreturn]] static void fail_unreachable(double most_s) {
    fail(
        "an int8 time of {:.2f} ms cannot be met: no candidate is fast enough, or the cost table "
        "lacks smaller inputs; allow more time, or give a smaller model",
        1e3 * most_s);
  }

  [[nodiscard]] static std::string folder_of(const Whole& whole, const Candidate& candidate) {
    return fmt::format("try-{}-{}", whole.model + 1, candidate.name());
  }

  // All ways to an int8 time, each trained for a short time. The best that was pruned and the best
  // that was not: what pruning took away needs longer to come back.
  std::vector<Tried> try_all(double most_s) {
    std::optional<Tried> pruned, whole_network;
    for (const Whole& whole : wholes_) {
      for (const Candidate& candidate : candidates_of(whole, most_s)) {
        std::optional<Tried> tried = try_one(whole, candidate);
        if (!tried) continue;
        if (seen_.insert(tried->folder).second)
          result_.tried.push_back({o_.models[whole.model], tried->candidate, tried->score, false});
        log_info("{}: mAP50-95 {:.4f} after a short training", candidate.text(), tried->score);
        std::optional<Tried>& best = candidate.pruning > 1 ? pruned : whole_network;
        if (!best || tried->score > best->score) best = std::move(tried);
      }
    }
    std::vector<Tried> finalists;
    for (std::optional<Tried>* best : {&pruned, &whole_network}) {
      if (*best) finalists.push_back(std::move(**best));
    }
    if (finalists.empty()) fail_unreachable(most_s);
    return finalists;
  }

  // Nothing where pruning cannot reach the time.
  std::optional<Tried> try_one(const Whole& whole, const Candidate& candidate) {
    Tried tried{&whole, candidate, folder_of(whole, candidate)};
    const int epochs = short_epochs(epochs_);
    const std::string title = fmt::format("short training: {}", candidate.text());
    if (candidate.pruning == 1) {
      tried.score = train(tried.folder, title, whole.file, epochs, candidate.size,
                          {"--teacher", whole.file, "--mosaic", "0"})
                        .at(fitness_key());
      return tried;
    }
    std::vector<std::string> arguments = training("prune", whole.file, epochs, path(tried.folder));
    arguments.insert(
        arguments.end(),
        {"--imgsz", to_string(candidate.size), "--speedup",
         fmt::format("{:.4f}", candidate.pruning), "--engine", o_.pricing.engine,
         "--engine-threads", std::to_string(o_.pricing.threads), "--cost", o_.pricing.source});
    const fs::path choice = stages_.folder() / tried.folder / "choice.json";
    const ordered_json j =
        stages_.run({.name = tried.folder,
                     .title = title,
                     .arguments = arguments,
                     .resumable = choice,
                     .failure_counts = [&] {
                       return fs::exists(choice) &&
                              read_text_file(choice).find("\"unreachable\"") != std::string::npos;
                     }});
    if (j.contains("failed")) return std::nullopt;
    const auto& after = j.at("after");
    tried.score = after.at("map50_95");
    if (after.contains("measured_ms"))
      tried.candidate.predicted_s = 1e-3 * after.at("measured_ms").get<double>();
    return tried;
  }

  // The whole training of each finalist, and int8 of the best.
  void take(const std::vector<Tried>& finalists) {
    const Tried* best = nullptr;
    double most = 0;
    for (const Tried& tried : finalists) {
      const ordered_json j =
          train(final_of(tried), fmt::format("training: {}", tried.candidate.text()),
                path(tried.folder) + "/best.safetensors", epochs_, tried.candidate.size,
                {"--teacher", same_of(tried.whole->model).file, "--mosaic", "0"});
      const double score = j.at(fitness_key());
      log_info("{}: mAP50-95 {:.4f} after the whole training", tried.candidate.text(), score);
      if (best != nullptr && score <= most) continue;
      best = &tried;
      most = score;
    }
    result_.after = finish_int8(final_of(*best), path(final_of(*best)) + "/best.safetensors",
                                best->candidate.size, best->candidate.predicted_s);
    result_.chosen = best->candidate;
    result_.chosen_model = o_.models[best->whole->model];
  }
  [[nodiscard]] static std::string final_of(const Tried& tried) {
    return "final" + tried.folder.substr(std::string("try").size());
  }

  CompressedModel finish_int8(const std::string& name, const std::string& file, Size size,
                              double predicted_s) {
    const std::string output = path(name + "-int8.safetensors");
    (void)stages_.run(
        {.name = name + "-int8",
         .title = "int8",
         .arguments = {"quantize", "--model", file, "--data", o_.data, "--imgsz", side(size),
                       "--seed", std::to_string(o_.seed), "--threads", std::to_string(o_.threads),
                       "--weight-bits", std::to_string(pricing_.weight_bits()), "-o", output},
         .resumable = stages_.folder() / (name + "-int8-run") / "last.safetensors"});
    const auto j = stages_.keep(name + "-accuracy", [&] {
      return ordered_json{{"map50_95", judge(output, size, data_).main().summary().map50_95}};
    });
    return {.file = output, .size = size, .map50_95 = j.at("map50_95"), .predicted_s = predicted_s};
  }

  // Faster and faster until too much is lost; then back to what holds the bound in int8.
  void climb(double base_s) {
    std::vector<std::vector<Tried>> steps;
    const auto j = stages_.keep("whole-float-accuracy", [&] {
      const auto map = judge(wholes_.front().file, size_, data_);
      return ordered_json{{"map50_95", map.main().summary().map50_95}};
    });
    const double whole = j.at("map50_95");
    for (const double speedup : kSpeedups) {
      if (!can_reach(base_s / speedup)) break;
      steps.push_back(try_all(base_s / speedup));
      double score = 0;
      for (const Tried& tried : steps.back()) score = std::max(score, tried.score);
      if (whole - score > *o_.target.max_drop + kHope) break;
    }
    for (auto step = steps.rbegin(); step != steps.rend(); ++step) {
      take(*step);
      log_info("{}: a drop of {:.4f} in int8", result_.chosen.text(), result_.drop());
      if (result_.drop() <= *o_.target.max_drop) return;
    }
    fail(
        "no smaller model keeps the drop below {}: the one that was nearest loses {:.4f}; the int8 "
        "model as it was is {}",
        *o_.target.max_drop, result_.drop(), result_.before.file);
  }

  void export_one(const CompressedModel& model, const std::string& name) {
    (void)stages_.run(
        {.name = name,
         .title = "exports",
         .arguments = {"export", "--model", model.file, "--format", "openvino,onnx,tflite",
                       "--imgsz", to_string(model.size), "-o", path(name)}});
    (void)stages_.run({.name = name + "-verified",
                       .title = "comparison of the exports with the model",
                       .arguments = {"verify", model.file, path(name)}});
  }

  void show(const CocoMetric& before, const CocoMetric& after) {
    const std::string file = path("int8.safetensors");
    fs::copy_file(result_.after.file, file, fs::copy_options::overwrite_existing);
    result_.after.file = file;
    export_one(result_.before, "export-whole");
    export_one(result_.after, "export");
    const ordered_json bench =
        stages_.run({.name = "bench",
                     .title = "times in every engine",
                     .arguments = {"bench", "--model", path("export-whole"), path("export"),
                                   "--engine", "all", "--rounds", "5", "--seconds", "1",
                                   "--threads", std::to_string(o_.pricing.threads)},
                     .partial = true});
    for (TriedCandidate& tried : result_.tried)
      tried.chosen =
          tried.model == result_.chosen_model && tried.candidate.name() == result_.chosen.name();
    result_.report = path("report.html");
    write_compress_report({.result = result_,
                           .bench = bench,
                           .data = data_,
                           .before = before,
                           .after = after,
                           .facts = facts(),
                           .commands = stages_.commands()});
  }

  [[nodiscard]] Facts facts() const {
    return {{"models", fmt::format("{}", fmt::join(o_.models, ", "))},
            {"data", fmt::format("{}, {} images to validate", o_.data, data_.samples.size())},
            {"times", pricing_.origin()},
            {"octet", o_.version}};
  }

  const CompressOptions& o_;
  Dataset data_;
  size_t training_images_;
  std::vector<Model> models_;  // as they were given
  Pricing pricing_;
  Stages stages_;
  Size size_;
  int epochs_ = 0;  // of a whole training
  std::vector<Whole> wholes_;
  std::set<std::string> seen_;  // folders of candidates
  CompressResult result_;
};

}  // namespace

CompressResult compress(const CompressOptions& options) { return Compressor(options).run(); }

}  // namespace octet
