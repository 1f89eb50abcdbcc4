#include "train/loop/trainer.h"

#include <ATen/autocast_mode.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <numbers>
#include <optional>
#include <utility>

#include "core/error.h"
#include "core/file.h"
#include "core/log.h"
#include "core/process.h"
#include "core/progress.h"
#include "core/text/count_text.h"
#include "format/model_file.h"
#include "train/loop/phases.h"
#include "train/loop/results_table.h"
#include "train/loop/run_state.h"
#include "train/loss/loss.h"
#include "train/torch.h"

namespace octet {
namespace {

using Clock = std::chrono::steady_clock;

constexpr double kWarmupMomentum = 0.8;
constexpr double kNominalBatch = 64;
constexpr double kSgdRate = 0.01, kAdamwRate = 0.001;
// Pictures a step that kSgdRate is for in a short training. Found on blood cells and on persons, 50
// to 200 pictures: with 64 the former learn too slowly, with 32 the latter forget.
constexpr double kShortRunBatch = 40;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

// What makes a run the same one: a resumed run has to share it. A learning rate that nobody gave
// follows the number of epochs, which may grow.
RunKey key_of(const TrainingTask& task, const Dataset& training, const Dataset& validation,
              const TrainOptions& o) {
  const SizeOption judged = judging_size(o);
  return fmt::format(
      "{}{}, judged on {} at {}{}, imgsz {}, batch {}, accumulate {}, {}{}, lr {}{}, "
      "warmup {}, weight-decay {}, freeze {}, mosaic {}, mixup {}, seed {}",
      task.kind, fingerprint(training), fingerprint(validation), to_string(judged.size),
      judged.exact ? "" : " rect", o.side, o.batch, o.accumulate,
      o.optimizer == OptimizerKind::kSgd ? "sgd" : "adamw", o.bf16 ? " in bf16" : "",
      o.learning_rate > 0 ? fmt::format("{}", o.learning_rate) : "auto", o.cosine ? " cosine" : "",
      o.warmup_epochs, o.weight_decay, o.freeze, o.augment.mosaic, o.augment.mixup, o.seed);
}

class Trainer {
 public:
  Trainer(const TrainingTask& task, const Dataset& training, const Dataset& validation,
          const TrainOptions& options, RunKey key)
      : task_(task),
        net_(task.network),
        options_(options),
        task_kind_(task.network.model().info.task),
        validation_(validation),
        loader_(training, {.side = options.side,
                           .batch = options.batch,
                           .seed = options.seed,
                           .augment = options.augment,
                           .cache_gb = options.cache_gb}),
        optimizer_(options.optimizer, net_.parameters(), make_groups()),
        average_(net_, options.average),
        key_(std::move(key)),
        losses_(named_losses(task.parts, task.network.model().info.head)),
        table_(task.parts, task.network.model().info) {
    at_.best_fitness = options.initial_fitness;
    at_.epochs = options.epochs;
    at_.base_rate = options.learning_rate > 0
                        ? options.learning_rate
                        : usual_learning_rate(options, options.epochs * loader_.batches());
  }

  TrainSummary run() {
    if (options_.resume) {
      resume();
    } else if (options_.already_trained) {
      judge_given();
    }
    TrainSummary summary;
    summary.images = loader_.pictures();
    summary.best_epoch = at_.best_epoch;
    summary.best.boxes = at_.best_boxes;
    summary.best.keypoints = at_.best_keypoints;
    start_ = Clock::now();
    while (at_.epoch < options_.epochs && !summary.interrupted) {
      if (at_.epoch - at_.best_epoch >= options_.patience) {
        log_info("no better one for {}: training stops early", counted(options_.patience, "epoch"));
        break;
      }
      if (task_.before_epoch)
        task_.before_epoch(static_cast<double>(at_.epoch) / options_.epochs, average_);
      EpochResult result;
      summary.interrupted = !train_epoch(result) || !finish_epoch(result, summary);
    }
    summary.epochs_done = at_.epoch;
    summary.seconds = at_.seconds + seconds_since(start_);
    summary.images_per_second =
        training_seconds_ > 0 ? static_cast<double>(trained_pictures_) / training_seconds_ : 0;
    return summary;
  }

 private:
  // Convolution weights decay, BatchNorm's gammas do not, nor do biases, which have a warm-up of
  // their own, nor scales. Layers that are random yet have none: until they give useful gradients,
  // the others better stay as they are.
  enum Group : std::uint8_t { kWeights, kGammas, kBiases, kScales, kNewLayers, kGroups };

  [[nodiscard]] Group group_of(const std::string& parameter) const {
    if (is_scale(parameter)) return kScales;
    if (parameter.ends_with(".bias") || parameter.ends_with(".beta")) return kBiases;
    if (!parameter.ends_with(".weight")) return kGammas;
    const std::string layer = parameter.substr(0, parameter.rfind('.'));
    return options_.new_layers.contains(layer) ? kNewLayers : kWeights;
  }

  std::vector<ParameterGroup> make_groups() const {
    std::vector<ParameterGroup> groups(kGroups);
    for (const auto& [name, tensor] : net_.parameters()) {
      if (!in_first_layers(name, options_.freeze)) groups[group_of(name)].names.push_back(name);
    }
    groups[kScales].rate_factor = options_.rate_of_scales;
    groups[kWeights].weight_decay = groups[kNewLayers].weight_decay =
        options_.weight_decay * options_.batch * options_.accumulate / kNominalBatch;
    return groups;
  }

  void resume() {
    at_ = read_run(options_.folder / "last.safetensors", key_, net_, average_, optimizer_);
    if (std::filesystem::exists(options_.folder / "results.csv"))
      table_.resume(read_text_file(options_.folder / "results.csv"), at_.epoch);
    if (at_.epoch >= options_.epochs) {
      log_info("{}: {} of {} are done; more --epochs prolong the run", options_.folder.string(),
               at_.epoch, counted(options_.epochs, "epoch"));
      return;
    }
    if (at_.epochs != options_.epochs)
      log_info("the run was to have {}; now it has {}, and its learning rate follows them",
               counted(at_.epochs, "epoch"), options_.epochs);
    at_.epochs = options_.epochs;
    for (const char* phase : {kTrainingPhase, kValidationPhase}) leave_out_phase(phase, at_.epoch);
    log_info("continuing at epoch {}, batch {}", at_.epoch + 1, at_.batch + 1);
  }

  Model averaged() {
    average_.swap(net_);
    Model model = net_.model();
    average_.swap(net_);
    return model;
  }

  void save(const Model& averaged) {
    RunPosition now = at_;
    now.seconds += seconds_since(start_);
    write_run(options_.folder / "last.safetensors", averaged, now, key_, net_, average_,
              optimizer_);
  }

  [[nodiscard]] double warmup_epochs() const {
    const double most = options_.most_warmup * options_.epochs;
    return most > 0 ? std::min(options_.warmup_epochs, most) : options_.warmup_epochs;
  }

  // As a multiple of the others.
  [[nodiscard]] double rate_of_new_layers() const {
    return options_.learning_rate == 0 ? kSgdRate / at_.base_rate : 1;
  }

  void set_rates() {
    const auto batches = static_cast<double>(loader_.batches());
    const double progress = static_cast<double>(at_.epoch) / options_.epochs;
    const double fall =
        options_.cosine ? (1 - std::cos(progress * std::numbers::pi)) / 2 : progress;
    learning_rate_ = at_.base_rate * (1 - fall * (1 - options_.last_learning_rate));
    const double step = at_.epoch * batches + static_cast<double>(at_.batch);
    const double warm_steps = std::max(1.0, std::round(warmup_epochs() * batches));
    const double warm = options_.warmup_epochs > 0 ? std::min(1.0, step / warm_steps) : 1;
    for (ParameterGroup& group : optimizer_.groups()) group.learning_rate = learning_rate_ * warm;
    if (options_.optimizer == OptimizerKind::kSgd) {
      const double first = options_.warmup_bias * at_.base_rate;
      optimizer_.groups()[kBiases].learning_rate = first + (learning_rate_ - first) * warm;
      optimizer_.groups()[kNewLayers].learning_rate = learning_rate_ * rate_of_new_layers();
    }
    optimizer_.set_momentum(kWarmupMomentum + (options_.momentum - kWarmupMomentum) * warm);
  }

  // False when it was interrupted; then everything is saved.
  bool train_epoch(EpochResult& result) {
    const auto begin = Clock::now();
    const double before = at_.epoch_seconds;  // a resume
    const bool mosaic =
        at_.epoch < options_.epochs - std::min(options_.close_mosaic, options_.epochs / 2);
    const int64_t first = at_.batch;
    set_rates();
    loader_.begin_epoch(at_.epoch, mosaic, first);
    Progress progress(loader_.batches(), kTrainingPhase);
    for (auto batch = loader_.next(); batch; batch = loader_.next()) {
      set_rates();
      const LossItems items = step(*batch);
      for (const NamedLoss& loss : losses_)
        at_.loss.*loss.value += items.*loss.value / static_cast<double>(loader_.batches());
      ++at_.batch;
      const double spent = seconds_since(begin);
      at_.epoch_seconds = before + spent;
      const auto trained = static_cast<double>((at_.batch - first) * options_.batch);
      progress.update(at_.batch, progress_note(items, trained / spent));
      if (pending_ == 0 && stop_requested()) {  // gradients are not in the file
        save(averaged());
        return false;
      }
    }
    result.epoch = at_.epoch + 1;
    result.seconds = seconds_since(begin);
    result.loss = at_.loss;
    result.images_per_second = static_cast<double>(loader_.pictures()) / at_.epoch_seconds;
    result.learning_rate = learning_rate_;
    training_seconds_ += result.seconds;
    trained_pictures_ += loader_.pictures() - std::min(loader_.pictures(), first * options_.batch);
    return true;
  }

  // "box 1.234 cls 0.567".
  std::string losses_note(const LossItems& items) const {
    std::string note;
    for (const NamedLoss& loss : losses_) {
      const int digits = loss.value == &LossItems::distill ? 4 : 3;
      note += fmt::format("{}{} {:.{}f}", note.empty() ? "" : " ", loss.name, items.*loss.value,
                          digits);
    }
    return note;
  }

  std::string progress_note(const LossItems& items, double rate) const {
    return fmt::format("epoch {}/{}  {:.1f} images/s  {}", at_.epoch + 1, options_.epochs, rate,
                       losses_note(items));
  }

  bool keep_if_best(int epoch, const Evaluation& e, const Model& model) {
    if (e.fitness(task_kind_) <= at_.best_fitness) return false;
    at_.best_fitness = e.fitness(task_kind_);
    at_.best_epoch = epoch;
    at_.best_boxes = e.boxes;
    at_.best_keypoints = e.keypoints;
    write_model_file(options_.folder / "best.safetensors", model, StorageKind::kF32);
    return true;
  }

  // As its file will be decoded.
  Evaluation judge(const Model& model) const {
    const Voting voting = model.quantization.empty() ? Voting::kNone : Voting::kMean;
    return evaluate(net_.inference(), model, validation_, judging_size(options_), voting);
  }

  void judge_given() {
    const Model given = net_.model();
    const Evaluation e = judge(given);
    keep_if_best(0, e, given);
    log_info("as given: mAP50 {:.4f} mAP50-95 {:.4f}{}", e.boxes.map50, e.boxes.map50_95,
             pose_note(e));
  }

  std::string pose_note(const Evaluation& e) const {
    return task_kind_ == Task::kPose ? fmt::format(" pose {:.4f}", e.keypoints.map50_95) : "";
  }

  // Nothing when it was interrupted.
  std::optional<Evaluation> judge_unless_stopped(const Model& model) const {
    try {
      return judge(model);
    } catch (const Error&) {
      if (stop_requested()) return std::nullopt;
      throw;
    }
  }

  // False when it was interrupted; then everything is saved, and a resumed run judges the epoch.
  bool finish_epoch(EpochResult& result, TrainSummary& summary) {
    average_.swap(net_);
    const Model averaged = net_.model();
    const auto evaluation = judge_unless_stopped(averaged);
    average_.swap(net_);
    if (!evaluation) {
      save(averaged);
      return false;
    }
    begin_next_epoch();
    const Evaluation& e = result.evaluation = *evaluation;
    if (keep_if_best(result.epoch, e, averaged)) {
      summary.best_epoch = result.epoch;
      summary.best = e;
    }
    EpochResult row = result;
    row.seconds = at_.seconds + seconds_since(start_);
    table_.add(row);
    write_text_file(options_.folder / "results.csv", table_.text());
    save(averaged);
    log_info("epoch {}/{}: {}  mAP50 {:.4f} mAP50-95 {:.4f}{}  {:.1f} images/s", result.epoch,
             options_.epochs, losses_note(result.loss), e.boxes.map50, e.boxes.map50_95,
             pose_note(e), result.images_per_second);
    summary.epochs.push_back(result);
    return true;
  }

  void begin_next_epoch() {
    ++at_.epoch;
    at_.batch = 0;
    at_.loss = {};
    at_.epoch_seconds = 0;
  }

  void require_finite(double value, const char* name) const {
    if (std::isfinite(value)) return;
    fail("the {} is not a number any more, at epoch {} batch {}; {}", name, at_.epoch + 1,
         at_.batch + 1, advice());
  }

  // A run with another --lr is another run.
  [[nodiscard]] std::string advice() const {
    if (at_.epoch == 0) return "try a lower --lr";
    return fmt::format(
        "try a lower --lr with --overwrite, or with another -o, which keeps the best epoch in {}",
        (options_.folder / "best.safetensors").string());
  }

  LossItems step(const Batch& batch) {
    if (pending_ == 0) optimizer_.zero_grad();
    const torch::Tensor image = to_unit(batch.image.to(options_.device));
    LossItems items = task_.loss(forward(image), image, batch.targets);
    require_finite(items.total.item<double>(), "loss");
    items.total.backward();
    items.total = torch::Tensor();
    const bool last = at_.batch + 1 == loader_.batches();
    if (++pending_ < options_.accumulate && !last) return items;
    pending_ = 0;
    require_finite(optimizer_.clip(options_.clip_norm), "gradient");
    optimizer_.step();
    average_.update(net_);
    return items;
  }

  // In bf16 where asked for; losses are computed in float32.
  std::vector<torch::Tensor> forward(const torch::Tensor& image) {
    if (!options_.bf16) return net_.forward(image);
    at::autocast::set_cpu_enabled(true);
    auto outputs = net_.forward(image);
    at::autocast::clear_cache();
    at::autocast::set_cpu_enabled(false);
    for (torch::Tensor& o : outputs) o = o.to(torch::kFloat);
    return outputs;
  }

  const TrainingTask& task_;
  TrainableNetwork& net_;
  TrainOptions options_;
  Task task_kind_;
  const Dataset& validation_;
  BatchLoader loader_;
  Optimizer optimizer_;
  WeightAverage average_;
  RunKey key_;
  RunPosition at_;
  std::vector<NamedLoss> losses_;
  ResultsTable table_;
  double learning_rate_ = 0;
  int pending_ = 0;  // batches since the last step
  Clock::time_point start_;
  double training_seconds_ = 0;
  int64_t trained_pictures_ = 0;  // in them
};

}  // namespace

double usual_learning_rate(const TrainOptions& options, int64_t batches) {
  constexpr int64_t kManyBatches = 10'000;
  const bool sgd = options.optimizer == OptimizerKind::kSgd;
  const double most = sgd ? kSgdRate : kAdamwRate;
  const double share = options.batch * options.accumulate / kShortRunBatch;
  const double rate = sgd && batches <= kManyBatches ? most * std::min(1.0, share) : most;
  return options.already_trained && !options.learns_anew ? std::min(rate, most / 10) : rate;
}

TrainSummary train(const TrainingTask& task, const Dataset& training, const Dataset& validation,
                   const TrainOptions& options) {
  torch::manual_seed(options.seed);
  task.network.move_to(options.device);
  const RunKey key = key_of(task, training, validation, options);
  if (options.resume) require_same_run(options.folder / "last.safetensors", key);
  return Trainer(task, training, validation, options, key).run();
}

}  // namespace octet
