#include "train/loop/run_state.h"

#include <nlohmann/json.hpp>

#include "core/budget.h"
#include "core/error.h"
#include "core/file.h"
#include "core/hash.h"
#include "core/json/parse_json.h"
#include "core/text/json_text.h"
#include "format/model_file.h"
#include "graph/json/graph_json.h"
#include "train/network/graph_executor.h"

namespace octet {
namespace {

constexpr const char* kKey = "octet.run";

Tensor to_plain(const torch::Tensor& value) {
  const torch::Tensor dense = value.detach().cpu().contiguous();
  return {dense.sizes().vec(), {dense.data_ptr<float>(), dense.data_ptr<float>() + dense.numel()}};
}

void put(Attachment& a, const std::string& prefix, const TrainableNetwork::Tensors& tensors) {
  for (const auto& [name, value] : tensors) a.tensors[prefix + name] = to_plain(value);
}

// Copies tensors of the file into those given, all of which have to be there.
void take(const SafetensorsFile& file, const std::string& prefix, const std::string& path,
          const TrainableNetwork::Tensors& tensors) {
  const torch::NoGradGuard no_grad;
  for (const auto& [name, value] : tensors) {
    const auto at = file.tensors.find(prefix + name);
    if (at == file.tensors.end() || at->second.shape != value.sizes().vec()) {
      fail(
          "{}: is not of a run of this model ('{}' is missing or has another shape); give the "
          "model that it was begun with, or begin anew with --overwrite",
          path, name);
    }
    value.detach().copy_(to_torch(at->second));
  }
}

nlohmann::json to_json(const CocoSummary& s) { return {s.map50, s.map50_95}; }

CocoSummary to_summary(const nlohmann::json& j) {
  CocoSummary s;
  s.map50 = j.at(0).get<double>();
  s.map50_95 = j.at(1).get<double>();
  return s;
}

std::vector<NamedLoss> all_losses() {
  Head head;
  head.keypoints = 1;
  head.keypoint_dims = 3;
  return named_losses({.labels = true, .distill = true}, head);
}

nlohmann::json to_json(const LossItems& items) {
  nlohmann::json j;
  for (const NamedLoss& loss : all_losses()) j[loss.name] = items.*loss.value;
  return j;
}

LossItems to_losses(const nlohmann::json& j) {
  LossItems items;
  for (const NamedLoss& loss : all_losses()) items.*loss.value = j.at(loss.name).get<double>();
  return items;
}

SafetensorsFile parse_state(const std::filesystem::path& file) {
  if (!std::filesystem::exists(file))
    fail("{}: there is no run to resume; leave out --resume", file.string());
  return parse_safetensors(read_file(file), file.string());
}

struct State {
  RunKey key;
  RunPosition position;
};

State to_state(const nlohmann::json& j) {
  return {.key = j.at("key").get<std::string>(),
          .position = {.epoch = j.at("epoch").get<int>(),
                       .batch = j.at("batch").get<int64_t>(),
                       .best_epoch = j.at("best_epoch").get<int>(),
                       .best_fitness = j.at("best_fitness").get<double>(),
                       .best_boxes = to_summary(j.at("best_boxes")),
                       .best_keypoints = to_summary(j.at("best_keypoints")),
                       .seconds = j.at("seconds").get<double>(),
                       .epochs = j.at("epochs").get<int>(),
                       .loss = to_losses(j.at("loss")),
                       .epoch_seconds = j.at("epoch_seconds").get<double>(),
                       .base_rate = j.at("base_rate").get<double>(),
                       .steps = j.at("steps").get<int64_t>(),
                       .updates = j.at("updates").get<int64_t>()}};
}

State state_of(const SafetensorsFile& data, const std::filesystem::path& file) {
  const auto entry = data.metadata.find(kKey);
  if (entry == data.metadata.end())
    fail("{}: holds a model, but not the state of a run to resume; --overwrite begins anew",
         file.string());
  try {
    Budget budget(file.string(), entry->second.size());
    return to_state(parse_json(entry->second, budget));
  } catch (const nlohmann::json::exception& e) {
    fail("{}: the state of its run is damaged ({}); --overwrite begins anew", file.string(),
         e.what());
  }
}

void require_same(const RunKey& own, const RunKey& key, const std::filesystem::path& file) {
  if (own != key) {
    fail(
        "{}: is of a run with another model, other options or data; --overwrite begins anew:\n  "
        "then {}\n  now  {}",
        file.string(), own, key);
  }
}

}  // namespace

std::string fingerprint(const Model& model) {
  Hash hash;
  hash.add(dump_json(to_json(model.graph)));
  const auto add = [&](const Tensor& tensor) { hash.add(std::as_bytes(std::span(tensor.values))); };
  for (const Node& node : model.graph.nodes) {
    if (const auto* conv = std::get_if<Conv2d>(&node.op)) {
      add(conv->weight);
      add(conv->bias);
    } else if (const auto* norm = std::get_if<BatchNorm>(&node.op)) {
      for (const Tensor* t : {&norm->gamma, &norm->beta, &norm->mean, &norm->variance}) add(*t);
    }
  }
  return fmt::format("model {:016x}, ", hash.value());
}

std::string fingerprint(const Dataset& data) {
  Hash hash;
  for (const Sample& sample : data.samples) hash.add(sample.image.filename().native() + "\n");
  for (const int other : data.flip_index) hash.add(fmt::format("{} ", other));
  return fmt::format("{} pictures {:016x}", data.samples.size(), hash.value());
}

void write_run(const std::filesystem::path& file, const Model& averaged,
               const RunPosition& position, const RunKey& key, TrainableNetwork& network,
               WeightAverage& average, Optimizer& optimizer) {
  Attachment a;
  put(a, "run.parameter.", network.parameters());
  put(a, "run.buffer.", network.buffers());
  put(a, "run.average.", average.values());
  put(a, "run.optimizer.", optimizer.state());
  a.metadata[kKey] = dump_json(nlohmann::json{{"key", key},
                                              {"epoch", position.epoch},
                                              {"batch", position.batch},
                                              {"best_epoch", position.best_epoch},
                                              {"best_fitness", position.best_fitness},
                                              {"best_boxes", to_json(position.best_boxes)},
                                              {"best_keypoints", to_json(position.best_keypoints)},
                                              {"seconds", position.seconds},
                                              {"epochs", position.epochs},
                                              {"loss", to_json(position.loss)},
                                              {"epoch_seconds", position.epoch_seconds},
                                              {"base_rate", position.base_rate},
                                              {"steps", optimizer.steps()},
                                              {"updates", average.updates()}});
  write_model_file(file, averaged, StorageKind::kF32, a);
}

RunPosition read_position(const std::filesystem::path& file) {
  return state_of(parse_state(file), file).position;
}

void require_same_run(const std::filesystem::path& file, const RunKey& key) {
  require_same(state_of(parse_state(file), file).key, key, file);
}

RunPosition read_run(const std::filesystem::path& file, const RunKey& key,
                     TrainableNetwork& network, WeightAverage& average, Optimizer& optimizer) {
  const SafetensorsFile data = parse_state(file);
  const auto [own, position] = state_of(data, file);
  require_same(own, key, file);
  take(data, "run.parameter.", file.string(), network.parameters());
  take(data, "run.buffer.", file.string(), network.buffers());
  take(data, "run.average.", file.string(), average.values());
  for (const auto& [name, tensor] : data.tensors) {
    constexpr std::string_view kPrefix = "run.optimizer.";
    if (!name.starts_with(kPrefix)) continue;
    torch::Tensor value = to_torch(tensor);
    if (value.dim() == 4) value = value.contiguous(at::MemoryFormat::ChannelsLast);
    optimizer.state()[name.substr(kPrefix.size())] =
        value.to(network.parameters().begin()->second.device());
  }
  optimizer.set_steps(position.steps);
  average.set_updates(position.updates);
  return position;
}

}  // namespace octet
