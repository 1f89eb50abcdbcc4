// Batches of training pictures, made ahead by threads. Every random choice depends on seed, epoch
// and position alone, so that two runs get the same batches however many threads there are.
#pragma once

#include <torch/torch.h>

#include <deque>
#include <future>
#include <optional>
#include <vector>

#include "eval/dataset.h"
#include "train/augment.h"
#include "train/loss.h"

namespace octet {

struct Batch {
  torch::Tensor image;  // (N, 3, side, side) uint8
  Targets targets;
};

struct LoaderOptions {
  int side = 640;
  int batch = 16;
  uint64_t seed = 0;
  AugmentOptions augment;
};

class BatchLoader {
 public:
  // Reads every picture once, scaled to `side`, and keeps it in memory. Throws an Error naming a
  // picture that cannot be read.
  BatchLoader(const Dataset& data, const LoaderOptions& options);

  [[nodiscard]] int64_t pictures() const { return static_cast<int64_t>(pictures_.size()); }
  [[nodiscard]] int64_t batches() const;

  void begin_epoch(int64_t epoch, bool mosaic, int64_t first_batch = 0);
  [[nodiscard]] std::optional<Batch> next();  // in order; nothing at the end of the epoch

 private:
  [[nodiscard]] Batch make_batch(int64_t index) const;
  [[nodiscard]] LabelledPicture make_picture(size_t position) const;
  void prefetch();

  LoaderOptions options_;
  std::vector<int> flip_index_;
  int keypoints_ = 0;
  std::vector<LabelledPicture> pictures_;
  std::vector<size_t> order_;
  int64_t epoch_ = 0;
  bool mosaic_ = true;
  int64_t next_ = 0;
  std::deque<std::future<Batch>> ahead_;
};

}  // namespace octet
