// What a network costs with fewer channels, from its layers alone: no weight is moved. Choosing
// channels asks for thousands of such costs.
//
//   WidthCost width_cost(graph, groups, size, model);
//   const double saved = width_cost.total() - width_cost.total_without(groups[0].width, 8);
#pragma once

#include <span>
#include <unordered_map>
#include <vector>

#include "graph/channels.h"
#include "measure/cost/cost_model.h"

namespace octet {

class WidthCost {
 public:
  // `groups`: all of the graph, which has no BatchNorm (graph/channels.h). `model` has to outlive
  // the object.
  WidthCost(const Graph& graph, std::span<const ChannelGroup> groups, Size size,
            const CostModel& model);

  [[nodiscard]] double total() const { return total_; }
  // The cost when this width loses so many more of its groups.
  [[nodiscard]] double total_without(size_t width, int count) const;
  // Takes them away for good.
  void remove(size_t width, int count);
  // The widths whose costs depend on this one, itself included.
  [[nodiscard]] std::vector<size_t> neighbours(size_t width) const;

 private:
  // The channels that a layer loses with one group of a width.
  struct Share {
    size_t width = 0;
    int inputs = 0, outputs = 0;
  };
  struct Entry {
    Layer layer;
    std::vector<Share> shares;
    double cost = 0;
  };
  [[nodiscard]] Layer narrowed(const Entry& entry, size_t width, int count) const;

  const CostModel& model_;
  std::vector<Entry> entries_;
  std::unordered_map<size_t, std::vector<size_t>> of_width_;  // entries
  double total_ = 0;
};

}  // namespace octet
