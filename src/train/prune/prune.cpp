#include "train/prune/prune.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "core/error.h"
#include "core/file.h"
#include "core/log.h"
#include "format/model_file.h"
#include "model/passes/passes.h"
#include "train/loop/run_state.h"

namespace octet {
namespace {
namespace fs = std::filesystem;
using nlohmann::ordered_json;

constexpr const char* kChoiceFile = "choice.json";
constexpr const char* kPrunedFile = "pruned.safetensors";
constexpr int kCorrections = 2;       // of a choice, by its measured time
constexpr double kNearEnough = 0.03;  // share of the time

// What a choice depends on.
std::string key_of(const Model& model, const CostModel& cost, const PruneOptions& o) {
  const Levers& l = o.choice.levers;
  return fmt::format("{}{:.9g} {} at {}, {} rounds, {} images of {}, levers {}{}{}, seed {}",
                     fingerprint(model), o.most_cost, cost.unit(), to_string(o.choice.size),
                     o.rounds, o.choice.images, o.choice.side, int{l.scales}, int{l.blocks},
                     int{l.channels}, o.choice.seed);
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
    Choice choice = round < options_.rounds ? choose_removals(model, training_, cost_,
                                                              most_cost_of(round), options_.choice)
                                            : last_choice(model);
    log_info("round {} of {}: cost {:.4g} {}, predicted", round, options_.rounds, choice.cost,
             cost_.unit());
    PruneRound chosen{std::move(choice.removals), choice.cost, choice.agreement};
    write_model_file(folder / kPrunedFile, choice.model, StorageKind::kF32);
    write_text_file(folder / kChoiceFile, to_json(chosen, key_).dump(2) + "\n");
    return {std::move(chosen), std::move(choice.model)};
  }

  // Prices are sums over layers, and a network's time is not quite that.
  [[nodiscard]] Choice last_choice(const Model& model) const {
    const double wanted = options_.most_cost / whole_cost_;
    double most = options_.most_cost;
    for (int again = 0;; ++again) {
      Choice choice = choose_removals(model, training_, cost_, most, options_.choice);
      const auto whole = options_.measure ? options_.measure(teacher_) : std::nullopt;
      const auto time = whole ? options_.measure(choice.model) : std::nullopt;
      const double off = time ? *time / *whole / wanted : 1;
      if (again == kCorrections || std::abs(off - 1) < kNearEnough) return choice;
      log_info(
          "the measured time is {:.3f} of the whole, and {:.3f} is wanted: the choice is made "
          "again",
          *time / *whole, wanted);
      most /= off;
    }
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
