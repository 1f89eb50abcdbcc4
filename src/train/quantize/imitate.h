// Quantization-aware training without labels: a quantized network learns to give the raw outputs of
// its float network, on pictures alone.
#pragma once

#include <vector>

#include "train/data/crops.h"
#include "train/loss/raw_distance.h"
#include "train/network/network.h"
#include "train/network/quantized_network.h"
#include "train/quantize/qat.h"

namespace octet {

// What the float network gives on crops that no training sees.
class RawJudge {
 public:
  // `model`: float, without BatchNorm. Reads the crops.
  RawJudge(const Model& model, std::vector<PictureCrop> crops, RawDistance distance);

  // The distance of each output (RawDistance), over all crops. `forward` gives a network's outputs.
  [[nodiscard]] std::vector<double> operator()(const Forward& forward) const;
  [[nodiscard]] const Model& model() const { return model_; }
  [[nodiscard]] const RawDistance& distance() const { return distance_; }
  [[nodiscard]] const std::vector<PictureCrop>& crops() const { return crops_; }
  // A network's outputs on all crops, (N, C, h, w) each, in the processor's memory.
  [[nodiscard]] std::vector<torch::Tensor> outputs(const Forward& forward) const;
  [[nodiscard]] const std::vector<torch::Tensor>& wanted() const { return wanted_; }

 private:
  const Model& model_;
  std::vector<PictureCrop> crops_;
  RawDistance distance_;
  torch::Tensor images_;               // bytes (N, 3, H, W)
  std::vector<torch::Tensor> wanted_;  // of all crops
};

struct ImitationEpoch {
  int epoch = 0;  // from 1
  double seconds = 0;
  double loss = 0;                // mean over the batches
  std::vector<double> distances;  // of each output, as RawJudge gives them
};

struct ImitationSummary {
  std::vector<ImitationEpoch> epochs;  // of this run, without those before a resume
  int epochs_done = 0;                 // also those before a resume
  int best_epoch = 0;                  // 0: none is nearer than the network was at the beginning
  double seconds = 0;
  bool interrupted = false;
};

// Trains `network` on augmented crops. The nearest epoch is in best.safetensors of the run's folder.
// `first`: the distances of the network as it is; an epoch has to be nearer. Throws an Error when
// the loss is not a number any more, or when `resume` finds another run's files.
[[nodiscard]] ImitationSummary imitate(QuantizedNetwork& network,
                                       const std::vector<PictureCrop>& crops, const RawJudge& judge,
                                       const std::vector<double>& first, const QatOptions& options);

}  // namespace octet
