// What each channel of a network is worth: how much a loss is expected to rise when the channel
// gives zeros. The loss is the distance from the network's own outputs, which needs no labels, or
// the detection or pose loss of labels.
//
// Let a be the values of a channel in one image and g the gradients of the loss for them. The
// effect of the channel is Σ a·g over the positions: the first-order change of the loss by a gate
// on the channel (Molchanov et al., "Importance Estimation for Neural Network Pruning", 2019). The
// loss of a trained network is near its minimum, so the squares count: the importance is half of
// their mean over the images. Channels that go together have their effects summed before they are
// squared (Liu et al., "Group Fisher Pruning", 2021).
//
// The distance of a network from itself has no gradient. Distillation::probe() takes its place.
// The importance is then the distance itself to the second order, so that it is in the units of
// train/prune/trial.h, and can be added and compared.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "eval/dataset/dataset.h"
#include "model/model.h"
#include "train/torch.h"

namespace octet {

struct ImportanceOptions {
  int side = 640;
  int images = 128;     // at most, evenly from the data
  int batch = 4;        // images together; more take more memory
  bool labels = false;  // the loss is that of the labels
  uint64_t seed = 0;
  torch::Device device = torch::kCPU;
};

// A channel of a value of the graph.
struct ValueChannel {
  std::string value;
  int64_t channel = 0;
};

// By the name of a value that a convolution makes, behind its activation where it has one: a number
// for each channel.
using ChannelScores = std::map<std::string, std::vector<double>>;

struct Importance {
  std::map<std::string, torch::Tensor> effects;  // (images, channels) on the processor, by value

  // The importance of every channel alone.
  [[nodiscard]] ChannelScores scores() const;
  // The importance of channels that go together. Values that no convolution makes do not count,
  // since their channels are counted where they are made.
  [[nodiscard]] double of(std::span<const ValueChannel> group) const;
  // The rank correlation of the scores of every second image with those of the others. 1: more
  // images would change nothing. 0: there are far too few.
  [[nodiscard]] double agreement() const;
};

// `model`: float, with or without BatchNorm. Outputs of the graph are left out. Throws an Error
// when there is no image, when `labels` are wanted and no image has one, and when it is
// interrupted.
[[nodiscard]] Importance measure_importance(const Model& model, const Dataset& data,
                                            const ImportanceOptions& options);

// The simple measure to compare with: the sum of the squares of each filter's weights, with
// BatchNorm folded. Added over a group it is the square of the group's norm.
[[nodiscard]] ChannelScores squared_weight_norms(const Model& model);

}  // namespace octet
