// Pictures, and parts of pictures around persons, as the input of a network of one size. Labels are
// not needed: a network learns from the outputs of its float network.
#pragma once

#include <deque>
#include <filesystem>
#include <future>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "eval/dataset/dataset.h"
#include "train/data/augment.h"
#include "train/torch.h"
#include "vision/person_crop.h"

namespace octet {

enum class Border { kGrey, kBlack };

// What of a picture a network sees: a square around a person on black, or the whole picture,
// letterboxed on grey.
struct PictureCrop {
  std::filesystem::path image;
  std::optional<PixelBox> person = {};  // in pixels of the picture
  double margin = 1;                    // side of the square, as a multiple of the person's box
  Border border = Border::kGrey;        // of a whole picture; black: as a crop of one person
};

// The objects with a labelled keypoint, where the data set has keypoints, and a box of at least 32²
// pixels. The others are too small or too hidden to say anything. Reads every picture for its size.
[[nodiscard]] std::vector<PictureCrop> person_crops(const Dataset& data, double margin);
[[nodiscard]] std::vector<PictureCrop> whole_pictures(const Dataset& data,
                                                      Border border = Border::kGrey);
// Returns at most so many, evenly from all.
[[nodiscard]] std::vector<PictureCrop> evenly(const std::vector<PictureCrop>& crops, size_t most);

// Bytes (N, 3, H, W). Throws an Error that names an unreadable picture, and when it is interrupted.
[[nodiscard]] torch::Tensor read_crops(std::span<const PictureCrop> crops, Size input);

struct CropLoaderOptions {
  Size input;
  int batch = 16;
  uint64_t seed = 0;
  AugmentOptions augment;     // without mosaic and mixup
  double rotate_degrees = 0;  // ±
  double cache_gb = 4;        // pictures stay in memory while they fit into this
};

// Makes batches of augmented crops ahead, on several threads. Every random choice depends on seed,
// epoch and position alone.
class CropLoader {
 public:
  CropLoader(std::vector<PictureCrop> crops, const CropLoaderOptions& options);

  [[nodiscard]] int64_t crops() const { return static_cast<int64_t>(crops_.size()); }
  [[nodiscard]] int64_t batches() const;

  void begin_epoch(int64_t epoch);
  // Bytes (N, 3, H, W), in order; nothing at the end of the epoch.
  [[nodiscard]] std::optional<torch::Tensor> next();

 private:
  using Picture = std::shared_ptr<const Image>;
  [[nodiscard]] torch::Tensor make_batch(int64_t index) const;
  [[nodiscard]] Picture picture(const PictureCrop& crop) const;
  void prefetch();

  std::vector<PictureCrop> crops_;
  CropLoaderOptions options_;
  std::map<std::filesystem::path, Picture> pictures_;
  std::vector<size_t> order_;
  int64_t epoch_ = 0, next_ = 0;
  std::deque<std::future<torch::Tensor>> ahead_;
};

}  // namespace octet
