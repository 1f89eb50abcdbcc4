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
std::string key_of(const Model& model, const CostModel& cost, const PruneOptions& o) {
  const Levers& l = o.choice.levers;
  return fmt::format("{}{} in {} at {}, {} rounds, {} images of {}, levers {}{}{}, seed {}",
                     fingerprint(model), o.asked, cost.unit(), to_string(o.choice.size), o.rounds,
                     o.choice.images, o.choice.side, int{l.scales}, int{l.blocks}, int{l.channels},
                     o.choice.seed);
}

ordered_json to_json(const PruneRound& round, const std::string& key) {
  ordered_json j{{"key", key}, {"cost", round.cost}, {"agreement", round.agreement}};
  auto& list = j["removals"] = ordered_json::array();
  for (const Removal& r : round.removals)
    list.push_back({{"kind", removal_name(r.kind)},
                    {"part", r.part},
                    {"channels", r.channels},
                    {"loss", r.loss},
                    {"saved", r.saved}});
  return j;
}

PruneRound parse_round(const fs::path& file, const std::string& key) {
  try {
    const auto j = ordered_json::parse(read_text_file(file));
    if (j.at("key").get<std::string>() != key)
      fail("{}: was chosen for another model or with other options; --overwrite begins anew",
           file.string());
    if (j.contains("unreachable"))
      throw Unreachable(ErrorCode::kFailed, j.at("unreachable").get<std::string>());
    PruneRound round{.removals = {}, .cost = j.at("cost"), .agreement = j.at("agreement")};
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
        key_(key_of(model, cost, options)),
        whole_cost_(cost.predict(fold_batch_norm(model).graph, options.choice.size)) {}

  PruneResult run() {
    PruneResult result;
    Model model = teacher_;
    for (int round = 1; round <= options_.rounds; ++round) {
      const fs::path folder = folder_of(round);
      make_folder(folder);
      auto [chosen, pruned] = choose(model, round, folder);
      result.rounds.push_back(std::move(chosen));
      result.training =
          recover({pruned, teacher_}, training_, validation_, recovery_of(round, folder));
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
      return {parse_round(folder / kChoiceFile, key_), read_model(folder / kPrunedFile)};
    if (options_.prepare) options_.prepare(model);
    Choice choice = chosen_or_kept(model, round, folder);
    log_info("round {} of {}: cost {:.4g} {}, predicted", round, options_.rounds, choice.cost,
             cost_.unit());
    PruneRound chosen{std::move(choice.removals), choice.cost, choice.agreement};
    write_model_file(folder / kPrunedFile, choice.model, StorageKind::kF32);
    write_text_file(folder / kChoiceFile, dump_json(to_json(chosen, key_)) + "\n");
    return {std::move(chosen), std::move(choice.model)};
  }

  // That a choice cannot be met is kept as well.
  [[nodiscard]] Choice chosen_or_kept(const Model& model, int round, const fs::path& folder) const {
    try {
      if (round == options_.rounds) return last_choice(model);
      return choose_removals(model, training_, cost_, most_cost_of(round), options_.choice);
    } catch (const Unreachable& e) {
      write_text_file(folder / kChoiceFile,
                      dump_json(ordered_json{{"key", key_}, {"unreachable", e.what()}}) + "\n");
      throw;
    }
  }

  // Prices are sums over layers, and a network's time is not quite that. Of several choices the
  // slowest that is fast enough is the best; else the fastest.
  [[nodiscard]] Choice last_choice(const Model& model) const {
    const double wanted = options_.most_cost / whole_cost_;
    double most = options_.most_cost;
    Choice best = choose_removals(model, training_, cost_, most, options_.choice);
    std::optional<double> best_off = off_from(wanted, best.model);
    double last_off = best_off.value_or(1);
    for (int again = 0; best_off && again < kCorrections; ++again) {
      if (*best_off <= kFastEnough && *best_off >= kNearEnough) break;
      log_info("the measured time is {:.3f} of what is wanted: the choice is made again",
               *best_off);
      most /= last_off;
      try {
        Choice choice = choose_removals(model, training_, cost_, most, options_.choice);
        last_off = off_from(wanted, choice.model).value_or(1);
        const bool fast = last_off <= kFastEnough, was_fast = *best_off <= kFastEnough;
        if (fast != was_fast ? fast : fast == (last_off > *best_off)) {
          best = std::move(choice);
          best_off = last_off;
        }
      } catch (const Unreachable&) {
        break;
      }
    }
    if (best_off && *best_off > kFastEnough)
      log_warning("the model that was chosen needs {:.1f} % more time than was asked for",
                  100 * (*best_off - 1));
    return best;
  }

  // The measured share of the time, as a share of the wanted one.
  [[nodiscard]] std::optional<double> off_from(double wanted, const Model& model) const {
    const auto whole = options_.measure ? options_.measure(teacher_) : std::nullopt;
    const auto time = whole ? options_.measure(model) : std::nullopt;
    return time ? std::optional(*time / *whole / wanted) : std::nullopt;
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
