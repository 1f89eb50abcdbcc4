// The choice of what pruning removes: channels, blocks and detection scales, each at its price,
// which is the expected loss for the cost that it saves.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "core/error.h"
#include "measure/cost/cost_model.h"
#include "train/prune/importance.h"
#include "train/prune/trial.h"

namespace octet {

struct Levers {
  bool scales = true, blocks = true, channels = true;
};

// kBranch: what a removed scale leaves behind (graph/branches.h).
enum class RemovalKind { kScale, kBlock, kChannels, kBranch };
[[nodiscard]] std::string_view removal_name(RemovalKind kind);
// Throws an Error for an unknown name.
[[nodiscard]] RemovalKind parse_removal(std::string_view name);

struct Removal {
  RemovalKind kind = RemovalKind::kChannels;
  std::string part;  // "stride 8"; the value of a block or branch; empty for channels
  int stride = 0;    // of a scale; with kBranch: the scale goes as well
  int channels = 0;  // in all widths together
  double loss = 0;   // expected, before any recovery: a distance as RemovalTrial has it
  double saved = 0;  // in the unit of the cost
};

// What several choices for the same model, data and options share: it does not depend on the cost
// that is wanted. By the parts that were removed before.
struct ChoiceMemo {
  std::map<std::string, Importance> importance;
  std::map<std::string, double> losses;  // with the part that is tried behind
};

struct ChoiceOptions {
  Size size;       // of the input whose cost counts
  int side = 640;  // of the images that importance is measured with
  int images = 128;
  Levers levers;
  uint64_t seed = 0;
  torch::Device device = torch::kCPU;
  ChoiceMemo* memo = nullptr;  // extended; may be null
};

struct Choice {
  Model model;  // without BatchNorm
  std::vector<Removal> removals;
  double cost = 0;
  double agreement = 0;  // of importance (Importance::agreement())
};

// Everything that may go has gone, and the cost is still more than was asked for.
class Unreachable : public Error {
 public:
  using Error::Error;
};

// Removes parts of a float model until its cost is at most `most_cost`. The images of `data` need
// no labels. Throws Unreachable, which names the least cost, where that is more.
[[nodiscard]] Choice choose_removals(const Model& model, const Dataset& data, const CostModel& cost,
                                     double most_cost, const ChoiceOptions& options);

}  // namespace octet
