#include "train/trainer.h"

#include <torch/torch.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <numbers>
#include <random>
#include <thread>

#include "core/error.h"
#include "core/file.h"
#include "core/log.h"
#include "core/process.h"
#include "core/progress.h"
#include "format/model_file.h"
#include "train/graph_executor.h"
#include "train/loss.h"

namespace octet {
namespace {

using Clock = std::chrono::steady_clock;

constexpr double kAverageDecay = 0.9999;
constexpr double kAverageRamp = 2000;  // updates until the decay is near its end value
constexpr double kWarmupMomentum = 0.8;
constexpr double kWarmupBias = 0.1;  // learning rate that biases start from
constexpr double kNominalBatch = 64;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

class Trainer {
 public:
  Trainer(const Model& model, const Dataset& training, const Dataset& validation,
          const TrainOptions& options)
      : options_(options),
        info_(model.info),
        net_(model.graph),
        loss_(model.info, model.graph.outputs),
        validation_(validation),
        loader_(training, {.side = options.side,
                           .batch = options.batch,
                           .seed = options.seed,
                           .augment = options.augment}),
        optimizer_(make_groups(), torch::optim::SGDOptions(options.learning_rate)
                                      .momentum(options.momentum)
                                      .nesterov(true)) {
    for (const auto& [name, tensor] : net_.parameters()) average_[name] = tensor.detach().clone();
  }

  TrainSummary run() {
    TrainSummary summary{.images = loader_.pictures()};
    const auto start = Clock::now();
    std::string table =
        "epoch,seconds,images_per_second,box,cls,dfl,keypoint,visibility,map50,map50_95,pose_map50,"
        "pose_map50_95,lr\n";
    double best = -2;
    for (int epoch = 0; epoch < options_.epochs && !stop_requested(); ++epoch) {
      const auto epoch_start = Clock::now();
      const LossItems mean = train_epoch(epoch);
      if (stop_requested()) break;
      const double spent = seconds_since(epoch_start);
      training_seconds_ += spent;
      const Model averaged{.info = info_, .graph = averaged_graph()};
      const Evaluation e = evaluate(averaged, validation_, {options_.side, options_.side});
      summary.epochs = epoch + 1;
      table += fmt::format(
          "{},{:.1f},{:.2f},{:.4f},{:.4f},{:.4f},{:.4f},{:.4f},{:.4f},{:.4f},{:.4f},{:.4f},{:.6f}"
          "\n",
          epoch + 1, seconds_since(start), static_cast<double>(loader_.pictures()) / spent,
          mean.box, mean.cls, mean.dfl, mean.keypoint, mean.visibility, e.boxes.map50,
          e.boxes.map50_95, e.keypoints.map50, e.keypoints.map50_95, learning_rate_);
      write_text_file(options_.folder / "results.csv", table);
      write_model_file(options_.folder / "last.safetensors", averaged, StorageKind::kF32);
      if (e.fitness(info_.task) > best) {
        best = e.fitness(info_.task);
        summary.best = e;
        summary.best_epoch = epoch + 1;
        write_model_file(options_.folder / "best.safetensors", averaged, StorageKind::kF32);
      }
      log_info(
          "epoch {}/{}: box {:.3f} cls {:.3f} dfl {:.3f}  mAP50 {:.4f} mAP50-95 {:.4f}  {:.1f} "
          "images/s",
          epoch + 1, options_.epochs, mean.box, mean.cls, mean.dfl, e.boxes.map50, e.boxes.map50_95,
          static_cast<double>(loader_.pictures()) / spent);
    }
    summary.seconds = seconds_since(start);
    summary.images_per_second =
        training_seconds_ > 0
            ? static_cast<double>(loader_.pictures() * summary.epochs) / training_seconds_
            : 0;
    summary.interrupted = stop_requested();
    return summary;
  }

 private:
  // Convolution weights decay, BatchNorm's gammas do not, nor do biases, which have a warm-up of
  // their own.
  std::vector<torch::optim::OptimizerParamGroup> make_groups() {
    std::vector<torch::Tensor> lists[3];
    for (const auto& [name, tensor] : net_.parameters()) {
      const bool bias = name.ends_with(".bias") || name.ends_with(".beta");
      lists[bias ? 2 : name.ends_with(".gamma") ? 1 : 0].push_back(tensor);
    }
    std::vector<torch::optim::OptimizerParamGroup> groups;
    for (auto& list : lists) {
      groups.emplace_back(list, std::make_unique<torch::optim::SGDOptions>(
                                    torch::optim::SGDOptions(options_.learning_rate)
                                        .momentum(options_.momentum)
                                        .nesterov(true)));
    }
    const double decay = options_.weight_decay * options_.batch / kNominalBatch;
    static_cast<torch::optim::SGDOptions&>(groups[0].options()).weight_decay(decay);
    return groups;
  }

  void set_rates(int epoch, int64_t step) {
    const double progress = static_cast<double>(epoch) / options_.epochs;
    learning_rate_ = options_.learning_rate * (1 - progress * (1 - options_.last_learning_rate));
    const double warm_steps =
        std::max(1.0, std::round(options_.warmup_epochs * static_cast<double>(loader_.batches())));
    const double warm = std::min(1.0, static_cast<double>(step) / warm_steps);
    for (size_t g = 0; g < optimizer_.param_groups().size(); ++g) {
      auto& o = static_cast<torch::optim::SGDOptions&>(optimizer_.param_groups()[g].options());
      o.lr(g == 2 ? kWarmupBias + (learning_rate_ - kWarmupBias) * warm : learning_rate_ * warm);
      o.momentum(kWarmupMomentum + (options_.momentum - kWarmupMomentum) * warm);
    }
  }

  LossItems train_epoch(int epoch) {
    const bool mosaic =
        epoch < options_.epochs - std::min(options_.close_mosaic, options_.epochs / 2);
    loader_.begin_epoch(epoch, mosaic);
    LossItems sum;
    int64_t count = 0;
    Progress progress(loader_.batches());
    const auto start = Clock::now();
    for (auto batch = loader_.next(); batch && !stop_requested(); batch = loader_.next()) {
      set_rates(epoch, epoch * loader_.batches() + count);
      const LossItems items = step(*batch, epoch, count);
      sum.box += items.box;
      sum.cls += items.cls;
      sum.dfl += items.dfl;
      sum.keypoint += items.keypoint;
      sum.visibility += items.visibility;
      ++count;
      progress.update(
          count, fmt::format("epoch {}/{}  {:.1f} images/s  box {:.3f} cls {:.3f} dfl {:.3f}",
                             epoch + 1, options_.epochs,
                             static_cast<double>(count * options_.batch) / seconds_since(start),
                             items.box, items.cls, items.dfl));
    }
    for (double* v : {&sum.box, &sum.cls, &sum.dfl, &sum.keypoint, &sum.visibility})
      *v /= std::max<double>(1, static_cast<double>(count));
    return sum;
  }

  LossItems step(const Batch& batch, int epoch, int64_t index) {
    optimizer_.zero_grad();
    LossItems items =
        loss_(net_.forward(batch.image.to(torch::kFloat) / 255, NormMode::kBatchStatistics),
              batch.targets);
    if (!std::isfinite(items.total.item<double>())) {
      fail(
          "the loss is not a number any more, at epoch {} batch {}; best.safetensors and "
          "last.safetensors of the epochs before are kept; try a lower --lr",
          epoch + 1, index + 1);
    }
    items.total.backward();
    torch::nn::utils::clip_grad_norm_(all_parameters(), options_.clip_norm);
    optimizer_.step();
    items.total = torch::Tensor();
    update_average();
    return items;
  }

  std::vector<torch::Tensor> all_parameters() const {
    std::vector<torch::Tensor> list;
    for (const auto& [name, tensor] : net_.parameters()) list.push_back(tensor);
    return list;
  }

  void update_average() {
    const torch::NoGradGuard no_grad;
    const double decay =
        kAverageDecay * (1 - std::exp(-static_cast<double>(++updates_) / kAverageRamp));
    for (auto& [name, mean] : average_) mean.lerp_(net_.parameters().at(name), 1 - decay);
    for (const auto& [name, value] : net_.buffers()) {
      auto [found, made] = average_buffers_.try_emplace(name, value.clone());
      if (!made) found->second.lerp_(value, 1 - decay);
    }
  }

  // The network with averaged weights and statistics.
  Graph averaged_graph() {
    const torch::NoGradGuard no_grad;
    const auto swap = [&] {
      for (auto& [name, mean] : average_) {
        const torch::Tensor kept = mean.clone();
        mean.copy_(net_.parameters().at(name));
        net_.parameters().at(name).detach().copy_(kept);
      }
      for (auto& [name, mean] : average_buffers_) {
        const torch::Tensor kept = mean.clone();
        mean.copy_(net_.buffers().at(name));
        net_.buffers().at(name).copy_(kept);
      }
    };
    swap();
    Graph graph = net_.graph();
    swap();
    return graph;
  }

  TrainOptions options_;
  ModelInfo info_;
  GraphExecutor net_;
  Loss loss_;
  const Dataset& validation_;
  BatchLoader loader_;
  torch::optim::SGD optimizer_;
  std::map<std::string, torch::Tensor> average_, average_buffers_;
  int64_t updates_ = 0;
  double learning_rate_ = 0;
  double training_seconds_ = 0;
};

}  // namespace

Model with_classes(Model model, const std::vector<std::string>& names, uint64_t seed) {
  if (model.info.names == names) return model;
  const auto classes = static_cast<int64_t>(names.size());
  model.info.names = names;
  std::mt19937_64 random(seed);
  for (const Output& output : model.graph.outputs) {
    if (output.role != OutputRole::kClass) continue;
    const auto node = std::find_if(model.graph.nodes.begin(), model.graph.nodes.end(),
                                   [&](const Node& n) { return n.name == output.value; });
    auto& conv = std::get<Conv2d>(node->op);
    conv.weight.shape[0] = classes;
    conv.weight.values.resize(static_cast<size_t>(element_count(conv.weight.shape)));
    std::normal_distribution<float> normal(0, 0.01F);
    for (float& w : conv.weight.values) w = normal(random);
    // As YOLOv8 starts: five objects on a 640 picture, spread over all classes.
    const double cells = std::pow(640.0 / output.stride, 2);
    conv.bias = {{classes},
                 std::vector<float>(
                     names.size(),
                     static_cast<float>(std::log(5.0 / static_cast<double>(classes) / cells)))};
  }
  verify(model);
  return model;
}

TrainSummary train(const Model& model, const Dataset& training, const Dataset& validation,
                   const TrainOptions& options) {
  const bool has_norm =
      std::any_of(model.graph.nodes.begin(), model.graph.nodes.end(),
                  [](const Node& n) { return std::holds_alternative<BatchNorm>(n.op); });
  if (!has_norm)
    fail("the model's BatchNorm is folded into its weights; train from a checkpoint that has it");
  const int cores = static_cast<int>(std::max(1U, std::thread::hardware_concurrency()));
  at::set_num_threads(options.threads > 0 ? options.threads : cores);
  torch::manual_seed(options.seed);
  return Trainer(model, training, validation, options).run();
}

}  // namespace octet
