#include "graph/slices.h"

namespace octet {
namespace {

// The slices from `first` on that follow one another, from channel 0 of one value.
struct Run {
  std::string source;
  int channels = 0;
  size_t count = 0;
};

Run run_from(const Graph& graph, const std::vector<std::string>& inputs, size_t first) {
  Run run;
  for (size_t i = first; i < inputs.size(); ++i) {
    const Node* node = graph.find(inputs[i]);
    const auto* slice = node == nullptr ? nullptr : std::get_if<Slice>(&node->op);
    if (slice == nullptr || slice->begin != run.channels) break;
    if (run.count > 0 && node->inputs[0] != run.source) break;
    run = {.source = node->inputs[0], .channels = slice->end, .count = run.count + 1};
  }
  return run;
}

}  // namespace

std::vector<std::string> joined_values(
    const Graph& graph, const std::vector<std::string>& inputs,
    const std::function<int64_t(const std::string&)>& channels_of) {
  std::vector<std::string> values;
  for (size_t i = 0; i < inputs.size();) {
    const Run run = run_from(graph, inputs, i);
    const bool whole = run.count > 0 && channels_of(run.source) == run.channels;
    values.push_back(whole ? run.source : inputs[i]);
    i += whole ? run.count : 1;
  }
  return values;
}

}  // namespace octet
