#include "compress/wholes.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "core/error.h"
#include "core/log.h"
#include "format/model_file.h"
#include "graph/cost.h"
#include "graph/passes/passes.h"
#include "model/passes/passes.h"

namespace octet {
namespace {

constexpr double kWorth = 0.97;  // another activation has to save 3 %

}  // namespace

std::vector<Model> read_float_models(const std::vector<std::string>& files) {
  std::vector<Model> models;
  for (const std::string& file : files) {
    models.push_back(read_model(file));
    require_known_outputs(models.back(), file);
    if (!models.back().quantization.empty())
      fail("{}: is an int8 model; give the float model that it was made of", file);
  }
  return models;
}

std::string Whole::name() const {
  return fmt::format("{}-{}", activation.empty() ? "same" : activation, model + 1);
}

Wholes::Wholes(const CompressOptions& options, const std::vector<Model>& models,
               const Dataset& data, Pricing& pricing, Stages& stages)
    : o_(options), data_(data), pricing_(pricing), stages_(stages) {
  const int usual = models.front().info.usual_side();
  size_ = o_.size.value_or(Size{usual, usual});
  for (size_t i = 0; i < models.size(); ++i) add(i, models[i]);
  usual_ = usual_factor();
  base_s_ = *time_of(all_.front(), size_);
}

// With every activation that is faster in int8.
void Wholes::add(size_t index, Model model) {
  const Head& head = model.info.head;
  if ((head.keypoints == 0) != (data_.keypoints == 0))
    fail("{}: has {} keypoints an object, and the data {}; give a model of the same task",
         o_.models[index], head.keypoints, data_.keypoints);
  const bool knows = model.info.names == data_.names && head.keypoints == data_.keypoints &&
                     head.keypoint_dims == data_.keypoint_dims;
  model = select_classes(std::move(model), data_.names, 0);
  model = select_keypoints(
      std::move(model),
      {.count = data_.keypoints, .dims = data_.keypoint_dims, .flip_index = data_.flip_index}, 0);
  model = fold_batch_norm(std::move(model));
  all_.push_back({index, "", model, knows});
  const std::optional<double> own_s = time_of(all_.back(), size_);
  if (!own_s && index == 0)
    fail("--cost {}: has no times of {} at {}; measure it there with 'octet bench --cost-table'",
         o_.pricing.source, o_.models[index], to_string(size_));
  for (const std::string& activation : o_.activations) {
    if (!own_s || activation == kNoActivation || !has_silu(model.graph)) continue;
    Whole other{index, activation, replace_activation(model, parse_activation(activation)), knows};
    const std::optional<double> seconds = time_of(other, size_);
    if (seconds && *seconds < kWorth * *own_s) all_.push_back(std::move(other));
  }
}

const Whole& Wholes::same_of(const Whole& whole) const {
  return *std::find_if(all_.begin(), all_.end(),
                       [&](const Whole& w) { return w.model == whole.model; });
}

double Wholes::gflops_of(const Whole& whole, Size size) {
  const int side = longer_side(size);
  return cost(whole.planned.graph, {side, side}).gflops;
}

TrainingWork Wholes::work_of(const Whole& whole) const {
  const double gflops = gflops_of(whole, size_);
  return {.gflops = gflops, .teacher_gflops = whole.activation.empty() ? 0 : gflops};
}

TrainingWork Wholes::work_of(const Whole& whole, const Candidate& candidate) {
  const double gflops = gflops_of(whole, candidate.size);
  return {.gflops = gflops / candidate.pruning, .teacher_gflops = gflops};
}

void Wholes::mark_needed(const Whole& whole) {
  for (Whole& w : all_) {
    if (&w == &whole || &w == &same_of(whole)) w.needed = true;
  }
}

std::vector<Candidate> Wholes::candidates_of(const Whole& whole, double most_s) {
  return plan_candidates(most_s, [&](Size size) { return time_of(whole, size); },
                         {.size = size_, .activation = whole.activation});
}

double Wholes::least_s(const PlanOptions& options) {
  double least = base_s_;
  for (const Whole& whole : all_) {
    const auto s = least_time([&](Size size) { return time_of(whole, size); }, options);
    least = std::min(least, s.value_or(least));
  }
  return least;
}

// Of the first model, and taken for all.
double Wholes::usual_factor() {
  const std::string name = fmt::format("time-usual-{}", to_string(size_));
  return stages_
      .keep(name,
            [&] {
              return nlohmann::ordered_json{
                  {"factor", pricing_.usual_factor(all_.front().planned, size_)}};
            })
      .at("factor");
}

std::optional<double> Wholes::time_of(const Whole& whole, Size size) {
  const std::optional<double> fast = fast_time_of(whole, size);
  return fast ? std::optional(usual_ * *fast) : std::nullopt;
}

// In seconds. Nothing where the table lacks layers.
std::optional<double> Wholes::fast_time_of(const Whole& whole, Size size) {
  const std::string name = fmt::format("time-{}-{}", whole.name(), to_string(size));
  const auto known = times_.find(name);
  if (known != times_.end()) return known->second;
  const auto kept = stages_.keep(name, [&]() -> nlohmann::ordered_json {
    const auto seconds = measured_or_predicted(whole, size);
    if (!seconds) return nullptr;
    return {{"seconds", *seconds}};
  });
  return times_[name] =
             kept.is_null() ? std::nullopt : std::optional(kept.at("seconds").get<double>());
}

std::optional<double> Wholes::measured_or_predicted(const Whole& whole, Size size) {
  if (const auto measured = pricing_.measure(whole.planned, size)) return measured;
  try {
    return pricing_.predict(whole.planned, size);
  } catch (const Error& e) {
    log_warning("{}{} at {} is left out: {}", o_.models[whole.model],
                whole.activation.empty() ? "" : " with " + whole.activation, to_string(size),
                e.what());
    return std::nullopt;
  }
}

}  // namespace octet
