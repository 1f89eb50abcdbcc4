#include "train/prune/prune.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "core/error.h"
#include "core/file.h"
#include "core/log.h"
#include "core/text/json_text.h"
#include "format/model_file.h"
#include "model/passes/passes.h"
#include "train/loop/run_state.h"

namespace octet {
namespace {
namespace fs = std::filesystem;
using nlohmann::ordered_json;

constexpr const char* kChoiceFile = "choice.json";
constexpr const char* kPrunedFile = "pruned.safetensors";
constexpr int kCorrections = 2;                           // of a choice, by its measured time
constexpr double kFastEnough = 1.01, kNearEnough = 0.96;  // of the time that is wanted

// What a choice depends on.
// Of a choice, and of the trainings before it: a round that is done is not trained again.
std::string key_of(const Model& model, const Dataset& training, const Dataset& validation,
                   const CostModel& cost, const PruneOptions& o) {
  const Levers& l = o.choice.levers;
  const TrainOptions& t = o.recovery.train;
  const TeachingWeights& w = o.recovery.weights;
  return fmt::format(
      "{}{}, judged on {}, {} in {} at {}, {} rounds, {} images of {}, levers {}{}{}, batch {}, lr "
      "{}, outputs {}, features {}, labels {}, seed {}",
      fingerprint(model), fingerprint(training), fingerprint(validation), o.asked, cost.unit(),
      to_string(o.choice.size), o.rounds, o.choice.images, o.choice.side, int{l.scales},
      int{l.blocks}, int{l.channels}, t.batch, t.learning_rate, w.outputs, w.features, w.labels,
      o.choice.seed);
}

ordered_json to_json(const PruneRound& round, const std::string& key) {
  ordered_json j{
      {"key", key}, {"cost", round.cost}, {"share", round.share}, {"agreement", round.agreement}};
  auto& list = j["removals"] = ordered_json::array();
  for (const Removal& r : round.removals)
    list.push_back({{"kind", removal_name(r.kind)},
                    {"part", r.part},
                    {"channels", r.channels},
                    {"loss", r.loss},
                    {"saved", r.saved}});
  return j;
}

// `whole`: the cost of the whole model.
PruneRound parse_round(const fs::path& file, const std::string& key, double whole) {
  try {
    const auto j = ordered_json::parse(read_text_file(file));
    if (j.at("key").get<std::string>() != key)
      fail(
          "{}: was chosen for another model or data, or with other options; --overwrite begins "
          "anew",
          file.string());
    if (j.contains("unreachable"))
      throw Unreachable(ErrorCode::kFailed, j.at("unreachable").get<std::string>());
    PruneRound round{.removals = {},
                     .cost = j.at("cost"),
                     .share = j.value("share", j.at("cost").get<double>() / whole),
                     .agreement = j.at("agreement")};
    for (const auto& r : j.at("removals"))
      round.removals.push_back({.kind = parse_removal(r.at("kind").get<std::string>()),
                                .part = r.at("part"),
                                .channels = r.at("channels"),
                                .loss = r.at("loss"),
                                .saved = r.at("saved")});
    return round;
  } catch (const nlohmann::json::exception& e) {
    fail("{}: is damaged ({}); --overwrite begins anew", file.string(), e.what());
  }
}

class Rounds {
 public:
  Rounds(const Model& model, const Dataset& training, const Dataset& validation,
         const CostModel& cost, const PruneOptions& options)
      : teacher_(model),
        training_(training),
        validation_(validation),
        cost_(cost),
        options_(options),
        key_(key_of(model, training, validation, cost, options)),
        whole_cost_(cost.predict(fold_batch_norm(model).graph, options.choice.size)) {}

  PruneResult run() {
    PruneResult result;
    Model model = teacher_;
    for (int round = 1; round <= options_.rounds; ++round) {
      const fs::path folder = folder_of(round);
      make_folder(folder);
      auto [chosen, pruned] = choose(model, round, folder);
      result.rounds.push_back(std::move(chosen));
      if (is_done(round)) {
        result.seconds += read_position(folder / "last.safetensors").seconds;
        model = read_model(folder / "best.safetensors");
        continue;
      }
      result.training =
          recover({pruned, teacher_}, training_, validation_, recovery_of(round, folder));
      result.seconds += result.training.seconds;
      if (result.training.interrupted || round == options_.rounds) break;
      model = read_model(folder / "best.safetensors");
    }
    return result;
  }

 private:
  [[nodiscard]] fs::path folder_of(int round) const {
    const fs::path& whole = options_.recovery.train.folder;
    return round == options_.rounds ? whole : whole / fmt::format("round-{}", round);
  }

  // The next round has begun with its result, which more epochs would not change.
  [[nodiscard]] bool is_done(int round) const {
    return options_.recovery.train.resume && round < options_.rounds &&
           fs::exists(folder_of(round + 1) / kChoiceFile);
  }

  // The same share of the cost goes in each round.
  [[nodiscard]] double most_cost_of(int round) const {
    return whole_cost_ * std::pow(options_.most_cost / whole_cost_, 1.0 * round / options_.rounds);
  }

  struct Chosen {
    PruneRound round;
    Model model;
  };
  [[nodiscard]] Chosen choose(const Model& model, int round, const fs::path& folder) const {
    if (options_.recovery.train.resume && fs::exists(folder / kChoiceFile))
      return {parse_round(folder / kChoiceFile, key_, whole_cost_),
              read_model(folder / kPrunedFile)};
    require_work();
    if (options_.prepare) options_.prepare(model);
    auto [choice, share, measured] = chosen_or_kept(model, round, folder);
    log_info("round {} of {}: cost {:.4g} {}; {:.3f} of the whole cost are predicted{}", round,
             options_.rounds, choice.cost, cost_.unit(), share,
             measured ? fmt::format(", {:.3f} measured", *measured) : "");
    PruneRound chosen{std::move(choice.removals), choice.cost, share, choice.agreement};
    write_model_file(folder / kPrunedFile, choice.model, StorageKind::kF32);
    write_text_file(folder / kChoiceFile, dump_json(to_json(chosen, key_)) + "\n");
    return {std::move(chosen), std::move(choice.model)};
  }

  // Hours of training would change nothing.
  void require_work() const {
    if (options_.most_cost >= whole_cost_)
      fail("the model is fast enough already: {} allows {:.3g} times its cost", options_.asked,
           options_.most_cost / whole_cost_);
  }

  // Shares of the time of the whole model.
  struct Timed {
    Choice choice;
    double predicted = 0;
    std::optional<double> measured;
  };

  // That a choice cannot be met is kept as well.
  [[nodiscard]] Timed chosen_or_kept(const Model& model, int round, const fs::path& folder) const {
    try {
      if (round == options_.rounds) return last_choice(model);
      Choice choice =
          choose_removals(model, training_, cost_, most_cost_of(round), options_.choice);
      const double share = choice.cost / whole_cost_;
      return {std::move(choice), share, std::nullopt};
    } catch (const Unreachable& e) {
      write_text_file(folder / kChoiceFile,
                      dump_json(ordered_json{{"key", key_}, {"unreachable", e.what()}}) + "\n");
      throw;
    }
  }

  // `correction`: the measured share of an earlier choice, of the one that its layers add up to.
  [[nodiscard]] Timed timed_choice(const Model& model, double correction, ChoiceMemo& memo) const {
    ChoiceOptions with_memo = options_.choice;
    with_memo.memo = &memo;
    Choice choice =
        choose_removals(model, training_, cost_, options_.most_cost / correction, with_memo);
    const double predicted = choice.cost / whole_cost_ * correction;
    const auto measured = measured_share(choice.model);
    return {std::move(choice), predicted, measured};
  }

  [[nodiscard]] std::optional<double> measured_share(const Model& model) const {
    const auto whole = options_.measure ? options_.measure(teacher_) : std::nullopt;
    const auto time = whole ? options_.measure(model) : std::nullopt;
    return time ? std::optional(*time / *whole) : std::nullopt;
  }

  // Prices are sums over layers, and a network's time is not quite that. Of several choices the
  // slowest that is fast enough is the best; else the fastest.
  [[nodiscard]] Timed last_choice(const Model& model) const {
    const double wanted = options_.most_cost / whole_cost_;
    ChoiceMemo memo;
    Timed best = timed_choice(model, 1, memo);
    double correction = best.measured.value_or(best.predicted) / best.predicted;
    for (int again = 0; best.measured && again < kCorrections; ++again) {
      const double off = *best.measured / wanted;
      const bool least = best.choice.removals.empty();  // a slower one is not to be had
      if (off <= kFastEnough && (off >= kNearEnough || least)) break;
      log_info("the measured time is {:.3f} of what is wanted: the choice is made again", off);
      try {
        Timed next = timed_choice(model, correction, memo);
        correction *= next.measured.value_or(next.predicted) / next.predicted;
        if (is_better(next, best, wanted)) best = std::move(next);
      } catch (const Unreachable&) {
        break;
      }
    }
    if (best.measured && *best.measured > kFastEnough * wanted)
      log_warning("the model that was chosen needs {:.1f} % more time than was asked for",
                  100 * (*best.measured / wanted - 1));
    return best;
  }

  [[nodiscard]] static bool is_better(const Timed& next, const Timed& best, double wanted) {
    const double time = next.measured.value_or(next.predicted), most = kFastEnough * wanted;
    const bool was_fast = *best.measured <= most;
    if ((time <= most) != was_fast) return !was_fast;
    return was_fast ? time > *best.measured : time < *best.measured;
  }

  [[nodiscard]] RecoveryOptions recovery_of(int round, const fs::path& folder) const {
    RecoveryOptions recovery = options_.recovery;
    TrainOptions& train = recovery.train;
    train.folder = folder;
    train.resume = train.resume && fs::exists(folder / "last.safetensors");
    const int early =
        options_.rounds == 1 ? 0 : std::max(1, train.epochs / 3 / (options_.rounds - 1));
    train.epochs =
        round < options_.rounds ? early : std::max(1, train.epochs - early * (options_.rounds - 1));
    return recovery;
  }

  const Model& teacher_;
  const Dataset& training_;
  const Dataset& validation_;
  const CostModel& cost_;
  const PruneOptions& options_;
  std::string key_;
  double whole_cost_;
};

}  // namespace

PruneResult prune(const Model& model, const Dataset& training, const Dataset& validation,
                  const CostModel& cost, const PruneOptions& options) {
  return Rounds(model, training, validation, cost, options).run();
}

}  // namespace octet
