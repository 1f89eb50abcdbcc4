// Makes batches of training images ahead, on several threads. Every random choice depends on seed,
// epoch and position alone, so that two runs get the same batches for any number of threads.
#pragma once

#include <deque>
#include <future>
#include <optional>
#include <vector>

#include "eval/dataset/dataset.h"
#include "train/data/augment.h"
#include "train/loss/loss.h"
#include "train/torch.h"

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
  double cache_gb = 4;  // images stay in memory if all fit into this, else they are read every time
};

class BatchLoader {
 public:
  // `data` has to outlive this object. Throws an Error that names an unreadable image, and when it is
  // interrupted.
  BatchLoader(const Dataset& data, const LoaderOptions& options);

  [[nodiscard]] int64_t pictures() const { return static_cast<int64_t>(data_.samples.size()); }
  [[nodiscard]] int64_t batches() const;

  void begin_epoch(int64_t epoch, bool mosaic, int64_t first_batch = 0);
  [[nodiscard]] std::optional<Batch> next();  // in order; nothing at the end of the epoch

 private:
  [[nodiscard]] Batch make_batch(int64_t index) const;
  [[nodiscard]] LabelledPicture make_picture(size_t position) const;
  [[nodiscard]] LabelledPicture compose(size_t own, Random& random) const;
  [[nodiscard]] LabelledPicture read(size_t index) const;
  // Scaled so that the long side is `side`.
  [[nodiscard]] LabelledPicture picture(size_t index) const {
    return pictures_.empty() ? read(index) : pictures_[index];
  }
  void prefetch();

  const Dataset& data_;
  LoaderOptions options_;
  std::vector<LabelledPicture> pictures_;  // empty where they are read every time
  std::vector<size_t> order_;
  int64_t epoch_ = 0;
  bool mosaic_ = true;
  int64_t next_ = 0;
  std::deque<std::future<Batch>> ahead_;
};

}  // namespace octet
