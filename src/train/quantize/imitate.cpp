#include "train/quantize/imitate.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <numbers>
#include <numeric>
#include <span>

#include "core/error.h"
#include "core/file.h"
#include "core/hash.h"
#include "core/log.h"
#include "core/process.h"
#include "core/progress.h"
#include "format/model_file.h"
#include "train/loop/evaluate.h"
#include "train/loop/phases.h"
#include "train/loop/results_table.h"
#include "train/loop/run_state.h"
#include "train/network/graph_executor.h"

namespace octet {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int64_t kTogether = 8;     // crops that are judged in one batch
constexpr double kMostDegrees = 15;  // that a crop is turned by, at most

double sum_of(const std::vector<double>& values) {
  return std::accumulate(values.begin(), values.end(), 0.0);
}

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

std::vector<ParameterGroup> groups_of(const QuantizedNetwork& network, double rate_of_scales) {
  std::vector<ParameterGroup> groups(2);
  for (const auto& [name, tensor] : network.parameters())
    groups[is_scale(name)].names.push_back(name);
  groups[true].rate_factor = rate_of_scales;
  return groups;
}

// Tells lists of crops apart, in whatever folder their pictures lie.
uint64_t hash_of(const std::vector<PictureCrop>& crops) {
  Hash hash;
  for (const PictureCrop& crop : crops) {
    hash.add(crop.image.filename().native());
    const PixelBox box = crop.person.value_or(PixelBox{});
    for (const float side : {box.x1, box.y1, box.x2, box.y2})
      hash.add(std::as_bytes(std::span(&side, 1)));
  }
  return hash.value();
}

class Imitation {
 public:
  Imitation(QuantizedNetwork& network, const std::vector<PictureCrop>& crops, const RawJudge& judge,
            const QatOptions& options)
      : net_(network),
        judge_(judge),
        options_(options),
        train_(options.train),
        teacher_(judge.model().graph),
        distance_(judge.distance()),
        loader_(crops, {.input = judge.model().usual_size(),
                        .batch = train_.batch,
                        .seed = train_.seed,
                        .augment = train_.augment,
                        .rotate_degrees = kMostDegrees,
                        .cache_gb = train_.cache_gb}),
        optimizer_(OptimizerKind::kAdamW, net_.parameters(),
                   groups_of(net_, train_.rate_of_scales)),
        average_(net_, train_.average) {
    teacher_.move_to(train_.device);
    at_.epochs = train_.epochs;
    const WeightGrid grid = net_.weight_grid();
    key_ = fmt::format(
        "{}raw outputs, int8 of {} bits{}, calibrated on {}, {} crops {:016x}, judged on {:016x}, "
        "batch {}, lr {}, scale-lr {}{}, seed {}",
        fingerprint(judge.model()), grid.bits, grid.even ? ", even" : "", options.calibrated_on,
        loader_.crops(), hash_of(crops), hash_of(judge.crops()), train_.batch, train_.learning_rate,
        train_.rate_of_scales, options.learn_scales ? "" : " observed", train_.seed);
  }

  ImitationSummary run(const std::vector<double>& first) {
    at_.best_fitness = -sum_of(first);
    train_.resume ? resume() : save();
    start_ = Clock::now();
    ImitationSummary summary;
    while (at_.epoch < train_.epochs && !summary.interrupted) {
      freeze_late();
      ImitationEpoch epoch;
      summary.interrupted = !train_epoch(epoch);
      if (summary.interrupted) break;
      finish(epoch);
      summary.epochs.push_back(std::move(epoch));
    }
    summary.epochs_done = at_.epoch;
    summary.best_epoch = at_.best_epoch;
    summary.seconds = at_.seconds + seconds_since(start_);
    return summary;
  }

 private:
  void resume() {
    at_ = read_run(train_.folder / "last.safetensors", key_, net_, average_, optimizer_);
    at_.epochs = train_.epochs;
    const std::filesystem::path table = train_.folder / "results.csv";
    if (std::filesystem::exists(table)) table_ = rows_until(read_text_file(table), at_.epoch);
    for (const char* phase : {kTrainingPhase, kValidationPhase}) leave_out_phase(phase, at_.epoch);
    log_info("continuing at epoch {}", at_.epoch + 1);
  }

  void save() {
    RunPosition now = at_;
    now.seconds += seconds_since(start_);
    write_run(train_.folder / "last.safetensors", net_.model(), now, key_, net_, average_,
              optimizer_);
  }

  // In the last part of the training scales stay as they are. The averages are what is kept.
  void freeze_late() {
    const double progress = static_cast<double>(at_.epoch) / train_.epochs;
    if (progress < 1 - options_.frozen_part && options_.learn_scales) return;
    const torch::NoGradGuard no_grad;
    for (const auto& [name, value] : net_.parameters()) {
      if (is_scale(name)) value.detach().copy_(average_.values().at(name));
    }
    net_.freeze_scales();
  }

  // From a warm-up down along a cosine, in every step.
  void set_rate(int64_t batch) {
    const auto batches = static_cast<double>(loader_.batches());
    const double step = at_.epoch * batches + static_cast<double>(batch);
    const double warm = std::min(1.0, (step + 1) / std::max(1.0, train_.warmup_epochs * batches));
    const double fall = (1 - std::cos(step / (batches * train_.epochs) * std::numbers::pi)) / 2;
    for (ParameterGroup& group : optimizer_.groups())
      group.learning_rate =
          train_.learning_rate * warm * (1 - fall * (1 - train_.last_learning_rate));
  }

  // False when it was interrupted: the epoch begins anew in a resumed run.
  bool train_epoch(ImitationEpoch& epoch) {
    const auto begin = Clock::now();
    loader_.begin_epoch(at_.epoch);
    Progress progress(loader_.batches(), kTrainingPhase);
    int64_t done = 0;
    for (auto batch = loader_.next(); batch; batch = loader_.next()) {
      set_rate(done);
      const double loss = step(to_unit(batch->to(train_.device)));
      epoch.loss += loss / static_cast<double>(loader_.batches());
      progress.update(
          ++done, fmt::format("epoch {}/{}  distance {:.4f}", at_.epoch + 1, train_.epochs, loss));
      if (stop_requested()) return false;
    }
    epoch.epoch = ++at_.epoch;
    epoch.seconds = seconds_since(begin);
    return true;
  }

  double step(const torch::Tensor& image) {
    std::vector<torch::Tensor> wanted;
    {
      const torch::NoGradGuard no_grad;
      wanted = teacher_.forward(image, NormMode::kRunningStatistics);
    }
    optimizer_.zero_grad();
    const torch::Tensor loss = distance_(net_.forward(image), wanted);
    const auto value = loss.item<double>();
    // The sum over the images, as a training with labels has it.
    (loss * static_cast<double>(image.size(0))).backward();
    const double norm = optimizer_.clip(train_.clip_norm);
    if (!std::isfinite(value) || !std::isfinite(norm))
      fail("the distance is not a number any more, in epoch {}; try a lower --lr, and --overwrite",
           at_.epoch + 1);
    optimizer_.step();
    average_.update(net_);
    return value;
  }

  void finish(ImitationEpoch& epoch) {
    average_.swap(net_);
    epoch.distances = judge_(net_.inference());
    const double distance = sum_of(epoch.distances);
    const bool nearer = -distance > at_.best_fitness;
    if (nearer) {
      at_.best_fitness = -distance;
      at_.best_epoch = at_.epoch;
      write_model_file(train_.folder / "best.safetensors", net_.model(), StorageKind::kF32);
    }
    average_.swap(net_);
    add_row(epoch);
    write_text_file(train_.folder / "results.csv", table_);
    save();
    log_info("epoch {}/{}: distance {:.4f}, on crops apart {:.4f}{}", epoch.epoch, train_.epochs,
             epoch.loss, distance, nearer ? ", the nearest" : "");
  }

  // Of results.csv: the loss, and the distance of each output on crops apart.
  void add_row(const ImitationEpoch& epoch) {
    if (table_.empty()) {
      table_ = "epoch,seconds,loss";
      for (const Output& o : judge_.model().outputs()) table_ += "," + o.name();
      table_ += "\n";
    }
    table_ += fmt::format("{},{:.1f},{:.5f}", epoch.epoch, at_.seconds + seconds_since(start_),
                          epoch.loss);
    for (const double distance : epoch.distances) table_ += fmt::format(",{:.5f}", distance);
    table_ += "\n";
  }

  QuantizedNetwork& net_;
  const RawJudge& judge_;
  const QatOptions& options_;
  const TrainOptions& train_;
  GraphExecutor teacher_;
  RawDistance distance_;
  CropLoader loader_;
  Optimizer optimizer_;
  WeightAverage average_;
  RunKey key_;
  RunPosition at_;
  std::string table_;  // results.csv
  Clock::time_point start_ = Clock::now();
};

}  // namespace

RawJudge::RawJudge(const Model& model, std::vector<PictureCrop> crops, RawDistance distance)
    : model_(model),
      crops_(std::move(crops)),
      distance_(std::move(distance)),
      images_(read_crops(crops_, model.usual_size())) {
  GraphExecutor net(model.graph);
  wanted_ = outputs(
      [&](const torch::Tensor& image) { return net.forward(image, NormMode::kRunningStatistics); });
}

std::vector<torch::Tensor> RawJudge::outputs(const Forward& forward) const {
  const torch::NoGradGuard no_grad;
  std::vector<std::vector<torch::Tensor>> parts(model_.graph.outputs.size());
  Progress progress(images_.size(0), kValidationPhase);
  for (int64_t i = 0; i < images_.size(0); i += kTogether) {
    const int64_t count = std::min(kTogether, images_.size(0) - i);
    const auto given = forward(to_unit(images_.narrow(0, i, count)));
    for (size_t o = 0; o < parts.size(); ++o) parts[o].push_back(given[o].cpu());
    progress.update(i + count);
  }
  std::vector<torch::Tensor> all;
  for (const auto& part : parts) all.push_back(torch::cat(part));
  return all;
}

std::vector<double> RawJudge::operator()(const Forward& forward) const {
  const torch::NoGradGuard no_grad;
  std::vector<double> distances;
  for (const torch::Tensor& part : distance_.parts(outputs(forward), wanted_))
    distances.push_back(part.item<double>());
  return distances;
}

ImitationSummary imitate(QuantizedNetwork& network, const std::vector<PictureCrop>& crops,
                         const RawJudge& judge, const std::vector<double>& first,
                         const QatOptions& options) {
  torch::manual_seed(options.train.seed);
  network.move_to(options.train.device);
  return Imitation(network, crops, judge, options).run(first);
}

}  // namespace octet
