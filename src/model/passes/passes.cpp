#include "model/passes/passes.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <set>
#include <string_view>
#include <utility>

#include "core/error.h"
#include "graph/blocks.h"
#include "graph/branches.h"
#include "graph/passes/passes.h"

namespace octet {
namespace {

// In the order of PassId.
constexpr std::array kPasses = {
    PassInfo{"fold_batch_norm", "BatchNorm into the convolution before it: every export, int8",
             fold_batch_norm},
    PassInfo{"insert_batch_norm", "a neutral BatchNorm where it was folded: train",
             insert_batch_norm},
    PassInfo{"split_transposed", "a convolution for each transposed one: quantize",
             split_transposed},
    PassInfo{"replace_activation", "another activation for SiLU: train --activation",
             [](Model m) { return replace_activation(std::move(m), ActivationKind::kRelu6); }},
    PassInfo{"select_classes", "a head for the classes of the data: train",
             [](Model m) { return select_classes(std::move(m), {"object"}, 0); }},
    PassInfo{"select_keypoints", "a head for the keypoints of the data: train",
             [](Model m) {
               return select_keypoints(std::move(m), {.count = 4, .dims = 3, .flip_index = {}}, 0);
             }},
    PassInfo{"fine_keypoints", "keypoints computed twice more, for finer steps: quantize",
             add_fine_keypoints},
    PassInfo{"split_points", "an output for each number of a pose network's points: quantize",
             split_points},
    PassInfo{"remove_channels", "channels that no weight reads",
             [](Model m) {
               const auto unused = unused_channels(m.graph);
               return remove_channels(std::move(m), unused);
             }},
    PassInfo{"remove_block", "the first block that can be taken out",
             [](Model m) {
               const std::vector<Block> blocks = find_blocks(m.graph);
               if (blocks.empty()) fail("the model has no block that can be removed");
               return remove_block(std::move(m), blocks.front().output);
             }},
    PassInfo{"remove_scale", "the detection scale of the smallest objects",
             [](Model m) {
               const int stride = m.info.head.strides.front();
               return remove_scale(std::move(m), stride);
             }},
    PassInfo{"remove_branch", "the detection scale of the smallest objects, and its branch",
             [](Model m) {
               const int stride = m.info.head.strides.front();
               return remove_scale_and_branches(std::move(m), stride);
             }},
    PassInfo{"narrow_stem", "half of the channels of the first convolution",
             [](Model m) { return narrow_stem(std::move(m), 0.5); }},
};

void require_float(const Model& model) {
  if (!model.quantization.empty())
    fail("the model is int8 already; remove parts of the float model that it was made from");
}

// The names in OCTET_PASSES, each behind a minus.
std::set<std::string> read_left_out(std::string_view text) {
  std::set<std::string> names;
  while (!text.empty()) {
    const size_t end = std::min(text.find(','), text.size());
    const std::string_view entry = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    const bool known = std::any_of(kPasses.begin(), kPasses.end(), [&](const PassInfo& p) {
      return entry.size() > 1 && entry.front() == '-' && entry.substr(1) == p.name;
    });
    if (!known) {
      std::vector<std::string_view> all;
      for (const PassInfo& p : kPasses) all.emplace_back(p.name);
      fail_usage("OCTET_PASSES: '{}' is not known; write a minus before one of {}", entry,
                 fmt::join(all, ", "));
    }
    names.emplace(entry.substr(1));
  }
  return names;
}

}  // namespace

std::span<const PassInfo> all_passes() { return kPasses; }

bool is_left_out(PassId pass) {
  const char* text = std::getenv("OCTET_PASSES");  // NOLINT(concurrency-mt-unsafe): never set here
  return text != nullptr &&
         read_left_out(text).contains(kPasses.at(static_cast<size_t>(pass)).name);
}

Model run_pass(PassId pass, Model model, const std::function<Model(Model)>& rewrite) {
  if (is_left_out(pass)) return model;
  Model out = rewrite(std::move(model));
  try {
    verify(out);
  } catch (const Error& e) {
    fail("pass {}: {}", kPasses.at(static_cast<size_t>(pass)).name, e.what());
  }
  return out;
}

Model fold_batch_norm(Model model) {
  return run_pass(PassId::kFoldBatchNorm, std::move(model), [](Model m) {
    m.graph = fold_batch_norm(std::move(m.graph));
    return m;
  });
}

Model insert_batch_norm(Model model) {
  return run_pass(PassId::kInsertBatchNorm, std::move(model), [](Model m) {
    m.graph = insert_batch_norm(std::move(m.graph));
    return m;
  });
}

Model split_transposed(Model model) {
  return run_pass(PassId::kSplitTransposed, std::move(model), [](Model m) {
    m.graph = split_transposed(std::move(m.graph));
    return m;
  });
}

Model replace_activation(Model model, ActivationKind kind) {
  return run_pass(PassId::kReplaceActivation, std::move(model), [&](Model m) {
    m.graph = replace_activation(std::move(m.graph), kind);
    return m;
  });
}

Model remove_channels(Model model, std::span<const ChannelGroup> groups) {
  require_float(model);
  return run_pass(PassId::kRemoveChannels, std::move(model), [&](Model m) {
    m.graph = remove_channels(std::move(m.graph), groups);
    return m;
  });
}

Model remove_block(Model model, const std::string& output) {
  require_float(model);
  return run_pass(PassId::kRemoveBlock, std::move(model), [&](Model m) {
    m.graph = remove_block(std::move(m.graph), output);
    return m;
  });
}

Model remove_scale(Model model, int stride) {
  require_float(model);
  std::vector<int>& strides = model.info.head.strides;
  if (std::find(strides.begin(), strides.end(), stride) == strides.end())
    fail("the model has no detection scale of stride {}; its strides are {}", stride,
         fmt::join(strides, ", "));
  if (strides.size() == 1) fail("stride {} is the only detection scale, and has to stay", stride);
  return run_pass(PassId::kRemoveScale, std::move(model), [&](Model m) {
    const std::vector<Output> outputs = m.outputs();
    m.graph.outputs.clear();
    m.head_outputs.clear();
    for (const Output& o : outputs) {
      if (o.stride != stride) m.add_output(o);
    }
    std::erase(m.info.head.strides, stride);
    m.graph = remove_unused_nodes(std::move(m.graph));
    return m;
  });
}

Model remove_branch(Model model, const std::string& output) {
  require_float(model);
  return run_pass(PassId::kRemoveBranch, std::move(model), [&](Model m) {
    m.graph = remove_branch(std::move(m.graph), output);
    return m;
  });
}

Model remove_scale_and_branches(Model model, int stride) {
  model = remove_scale(std::move(model), stride);
  if (is_left_out(PassId::kRemoveBranch)) return model;
  for (auto left = find_branches(model.graph); !left.empty(); left = find_branches(model.graph))
    model = remove_branch(std::move(model), left.front().output);
  return model;
}

Model narrow_stem(Model model, double share) {
  require_float(model);
  return run_pass(PassId::kNarrowStem, std::move(model), [&](Model m) {
    m.graph = narrow_stem(std::move(m.graph), share);
    return m;
  });
}

}  // namespace octet
