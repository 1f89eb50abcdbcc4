#include "train/prune/choice.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <limits>
#include <memory>
#include <optional>

#include "core/error.h"
#include "core/log.h"
#include "graph/blocks.h"
#include "graph/branches.h"
#include "model/passes/passes.h"
#include "train/prune/channel_plan.h"

namespace octet {
namespace {

constexpr std::array<std::string_view, 4> kNames = {"scale", "block", "channels", "branch"};

class Chooser {
 public:
  Chooser(const Dataset& data, const CostModel& cost, double most_cost,
          const ChoiceOptions& options)
      : data_(data),
        cost_(cost),
        most_cost_(most_cost),
        options_(options),
        memo_(options.memo != nullptr ? *options.memo : own_) {}

  Choice run(Model model) {
    Choice choice{.model = std::move(model)};
    choice.cost = cost_of(choice.model);
    while (choice.cost > most_cost_) {
      const Importance& importance = importance_of(choice);
      choice.agreement = importance.agreement();
      ChannelPlan plan(choice.model.graph, importance, options_.size, cost_);
      const bool enough = options_.levers.channels && plan.reach(most_cost_);
      if (const auto part = better_part(choice, plan, enough)) {
        apply(*part, choice);
      } else if (enough) {
        apply(plan, choice);
      } else {
        fail_at(options_.levers.channels ? plan.cost() : choice.cost);
      }
    }
    return choice;
  }

 private:
  [[nodiscard]] double cost_of(const Model& model) const {
    return cost_.predict(model.graph, options_.size);
  }

  // What of a model went before. It begins the keys of the memo.
  [[nodiscard]] static std::string parts_before(const Choice& choice) {
    std::string parts;
    for (const Removal& r : choice.removals)
      parts += fmt::format("{} {}, ", removal_name(r.kind), r.part);
    return parts;
  }
  const Importance& importance_of(const Choice& choice) {
    const auto [at, fresh] = memo_.importance.try_emplace(parts_before(choice));
    if (fresh)
      at->second = measure_importance(choice.model, data_,
                                      {.side = options_.side,
                                       .images = options_.images,
                                       .seed = options_.seed,
                                       .device = options_.device});
    return at->second;
  }

  // The names of parts, to be removed one at a time: a model has many, and each copy is large.
  [[nodiscard]] std::vector<Removal> parts_of(const Model& model) const {
    std::vector<Removal> parts;
    const auto add = [&](RemovalKind kind, std::string part, int stride) {
      Removal& removal = parts.emplace_back();
      removal.kind = kind;
      removal.part = std::move(part);
      removal.stride = stride;
    };
    if (options_.levers.scales && model.info.head.strides.size() > 1) {
      for (const int stride : model.info.head.strides) {
        add(RemovalKind::kScale, fmt::format("stride {}", stride), stride);
        if (!find_branches(remove_scale(model, stride).graph).empty())
          add(RemovalKind::kBranch, fmt::format("stride {} and its branch", stride), stride);
      }
    }
    if (options_.levers.scales) {
      for (const Branch& branch : find_branches(model.graph))
        add(RemovalKind::kBranch, branch.output, 0);
    }
    if (options_.levers.blocks) {
      for (const Block& block : find_blocks(model.graph)) add(RemovalKind::kBlock, block.output, 0);
    }
    return parts;
  }
  [[nodiscard]] static Model without(const Model& model, const Removal& part) {
    if (part.kind == RemovalKind::kScale) return remove_scale(model, part.stride);
    if (part.kind == RemovalKind::kBlock) return remove_block(model, part.part);
    return part.stride > 0 ? remove_scale_and_branches(model, part.stride)
                           : remove_branch(model, part.part);
  }

  // The part whose removal, with channels for the rest, costs the least. Nothing where channels
  // alone cost less.
  [[nodiscard]] std::unique_ptr<Removal> better_part(const Choice& choice, const ChannelPlan& plan,
                                                     bool enough) {
    const Model& model = choice.model;
    const std::vector<Removal> parts = parts_of(model);
    const std::string gone = parts_before(choice);
    std::unique_ptr<RemovalTrial> trial;  // it runs the whole model
    const double before = cost_of(model);
    constexpr double kNever = std::numeric_limits<double>::infinity();
    double least = enough ? plan.loss_at(most_cost_).value_or(kNever) : kNever;
    double best_price = kNever;
    std::unique_ptr<Removal> best;
    for (Removal part : parts) {
      const Model smaller = without(model, part);
      part.saved = before - cost_of(smaller);
      if (part.saved <= 0) continue;
      const auto [known, fresh] = memo_.losses.try_emplace(
          fmt::format("{}{} {}", gone, removal_name(part.kind), part.part));
      if (fresh && !trial)
        trial = std::make_unique<RemovalTrial>(
            model, data_, TrialOptions{.side = options_.side, .device = options_.device});
      if (fresh) known->second = trial->run(smaller).distance;
      part.loss = known->second;
      log_debug("without {} {}: loss {:.4f}, saves {:.3f} %", removal_name(part.kind), part.part,
                part.loss, 100 * part.saved / before);
      const std::optional<double> rest = plan.loss_at(most_cost_ + part.saved);
      const double loss = rest ? part.loss + *rest : kNever;
      const double price = part.loss / part.saved;
      const bool better = loss < least || (least == kNever && loss == kNever && price < best_price);
      if (!better) continue;
      least = loss;
      best_price = price;
      best = std::make_unique<Removal>(std::move(part));
    }
    return best;
  }

  void apply(const Removal& part, Choice& choice) const {
    log_info("removes {} {}", removal_name(part.kind), part.part);
    choice.model = without(choice.model, part);
    choice.removals.push_back(part);
    choice.cost = cost_of(choice.model);
  }

  void apply(const ChannelPlan& plan, Choice& choice) const {
    const std::vector<ChannelGroup> taken = plan.taken();
    const double before = choice.cost;
    choice.model = remove_channels(std::move(choice.model), taken);
    choice.cost = cost_of(choice.model);
    Removal removal{.kind = RemovalKind::kChannels,
                    .channels = static_cast<int>(taken.size()),
                    .loss = plan.loss_at(most_cost_).value_or(0),
                    .saved = before - choice.cost};
    log_info("removes {} groups of channels", removal.channels);
    choice.removals.push_back(std::move(removal));
  }

  [[noreturn]] void fail_at(double reached) const {
    throw Unreachable(
        ErrorCode::kFailed,
        fmt::format("the model cannot be made so small: the cost of {:.4g} {} is wanted, and "
                    "{:.4g} is the least",
                    most_cost_, cost_.unit(), reached));
  }

  const Dataset& data_;
  const CostModel& cost_;
  double most_cost_;
  const ChoiceOptions& options_;
  ChoiceMemo own_;
  ChoiceMemo& memo_;
};

}  // namespace

std::string_view removal_name(RemovalKind kind) { return kNames.at(static_cast<size_t>(kind)); }

RemovalKind parse_removal(std::string_view name) {
  const auto at = std::find(kNames.begin(), kNames.end(), name);
  if (at == kNames.end()) fail("'{}' is not a kind of removal", name);
  return static_cast<RemovalKind>(at - kNames.begin());
}

Choice choose_removals(const Model& model, const Dataset& data, const CostModel& cost,
                       double most_cost, const ChoiceOptions& options) {
  if (!model.quantization.empty())
    fail("the model is int8 already; prune the float model that it was made of");
  return Chooser(data, cost, most_cost, options).run(fold_batch_norm(model));
}

}  // namespace octet
