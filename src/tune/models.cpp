#include "tune/models.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>

#include "core/error.h"
#include "detect/artifact.h"
#include "engine/registry.h"
#include "graph/cost.h"

namespace octet {
namespace {

constexpr double kStep = 0.84;  // from one side to the next: 0.7 of the pixels
constexpr int kSides = 7;
constexpr int kLeastSide = 128;
constexpr double kFloatBytes = 4;

// Sets the engines of a model. A file of another program does not tell its bits; they are 8.
void find_engines(const Artifact& artifact, const std::vector<std::string>& wanted,
                  TuneModel& model) {
  std::vector<std::string> reasons;
  const bool wide = artifact.weight_bits == 0 || can_saturate(artifact.weight_bits);
  for (const std::string& name : wanted.empty() ? quick_engine_names() : wanted) {
    try {
      const auto engine = choose_engine(
          {.name = name, .format = artifact.format, .weight_bits = artifact.weight_bits});
      model.engines.push_back(name);
      if (wide && engine->abilities().int8_saturates) model.saturating.push_back(name);
    } catch (const Error& e) {
      reasons.emplace_back(e.what());
    }
  }
  if (model.engines.empty())
    fail("{}: no engine can run it: {}", model.file, fmt::join(reasons, "; "));
}

// Exports have no graph, so their bytes tell.
double parameters_of(const Artifact& artifact, const std::string& file) {
  if (artifact.model)
    return static_cast<double>(
        cost(artifact.model->graph, artifact.model->usual_size()).parameters);
  return static_cast<double>(bytes_of_model(file)) / (artifact.weight_bits == 0 ? kFloatBytes : 1);
}

// At the largest input.
double work_of(const TuneModel& model) {
  const double side = model.sides.front();
  const double pixels =
      model.own_size ? static_cast<double>(model.size.width) * model.size.height : side * side;
  return model.parameters * pixels;
}

TuneModel open_model(const std::string& file, const ModelSpace& space) {
  const Artifact artifact = open_artifact(file);
  TuneModel model{.file = file, .info = artifact.info, .is_float = artifact.weight_bits == 0};
  model.parameters = parameters_of(artifact, file);
  find_engines(artifact, space.engines, model);
  model.own_size = artifact.format != nullptr;
  const int usual = artifact.info.usual_side();
  if (model.own_size) {
    model.size = artifact.size.value_or(Size{usual, usual});
    model.sides = {longer_side(model.size)};
    return model;
  }
  model.sides = space.sides.empty() ? usual_sides(usual) : space.sides;
  std::sort(model.sides.rbegin(), model.sides.rend());
  model.sides.erase(std::unique(model.sides.begin(), model.sides.end()), model.sides.end());
  return model;
}

}  // namespace

Size TuneModel::input(int side, Size source) const {
  return own_size ? size : fitting_rectangle(side, source);
}

void TuneModel::ran_in(const std::string& precision) {
  if (!is_float || precision != "int8") return;
  is_float = false;
  if (own_size) parameters *= kFloatBytes;
}

std::string TuneModel::arithmetic(const std::string& engine, const std::string& ran_in) const {
  const bool integers = ran_in == "int8" || ran_in == "mixed";
  const bool own =
      integers && std::find(saturating.begin(), saturating.end(), engine) != saturating.end();
  return own ? fmt::format("{} of {}", ran_in, engine) : ran_in;
}

std::vector<TuneModel> open_models(const ModelSpace& space) {
  std::vector<TuneModel> models;
  for (const std::string& file : space.files) {
    models.push_back(open_model(file, space));
    const ModelInfo &first = models.front().info, &info = models.back().info;
    if (info.names != first.names || info.task != first.task)
      fail("{}: has other classes or another task than {}; models of one tuning find the same",
           file, models.front().file);
  }
  return models;
}

std::vector<int> usual_sides(int largest) {
  std::vector<int> sides{std::max(kInputMultiple, input_side(largest))};
  double side = largest;
  while (sides.size() < kSides) {
    side *= kStep;
    const int rounded = kInputMultiple * static_cast<int>(std::lround(side / kInputMultiple));
    if (rounded < kLeastSide) break;
    if (rounded < sides.back()) sides.push_back(rounded);
  }
  return sides;
}

std::vector<int> usual_threads(int cores) {
  std::vector<int> threads;
  for (int n = 1; n < cores; n *= 2) threads.push_back(n);
  threads.push_back(std::max(1, cores));
  return threads;
}

size_t strongest(const std::vector<TuneModel>& models) {
  const auto at =
      std::max_element(models.begin(), models.end(), [](const TuneModel& a, const TuneModel& b) {
        if (a.is_float != b.is_float) return b.is_float;
        return work_of(a) < work_of(b);
      });
  return static_cast<size_t>(at - models.begin());
}

}  // namespace octet
