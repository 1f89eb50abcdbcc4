#include "train/prune/importance.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <random>

#include "core/numeric/rank_correlation.h"
#include "format/model_file.h"
#include "graph/topology.h"
#include "model/passes/passes.h"
#include "testing/testing.h"
#include "train/network/graph_executor.h"
#include "train/prune/trial.h"

namespace octet {
namespace {

using testing::HasSubstr;

const std::string kCheckpoints = OCTET_SOURCE_DIR "/tests/data/checkpoints/";
const std::string kReal = OCTET_SOURCE_DIR "/samples/yolov8n.safetensors";

const Dataset& pictures() {
  static const Dataset data = read_dataset(OCTET_SOURCE_DIR "/samples/coco/data.yaml", {});
  return data;
}

Model folded(const std::string& file) { return fold_batch_norm(read_model(file)); }

Conv2d& conv_of(Model& model, const std::string& name) {
  for (Node& node : model.graph.nodes) {
    if (node.name == name) return std::get<Conv2d>(node.op);
  }
  throw std::out_of_range(name);
}

// A value that one convolution reads, and that convolution.
struct Read {
  std::string value, reader;
};
std::vector<Read> read_once(const Graph& graph) {
  const Topology topology(graph);
  std::vector<Read> list;
  for (const Node& node : graph.nodes) {
    const Node* reader = topology.only_consumer(node.name);
    if (std::holds_alternative<Activation>(node.op) && reader != nullptr &&
        std::holds_alternative<Conv2d>(reader->op))
      list.push_back({node.name, reader->name});
  }
  return list;
}

// Multiplies the weights that read a channel.
void scale_reads(Conv2d& conv, int64_t channel, float factor) {
  const int64_t kernel = conv.weight.shape[2] * conv.weight.shape[3];
  for (int64_t o = 0; o < conv.weight.shape[0]; ++o) {
    for (int64_t k = 0; k < kernel; ++k)
      conv.weight.values[static_cast<size_t>((o * conv.weight.shape[1] + channel) * kernel + k)] *=
          factor;
  }
}

// The convolutions before activations, by the values behind them.
std::map<std::string, std::string> makers(const Graph& graph) {
  const Topology topology(graph);
  std::map<std::string, std::string> list;
  for (const Node& node : graph.nodes) {
    const Node* act = topology.activation_after(node);
    if (std::holds_alternative<Conv2d>(node.op) && act != nullptr) list[act->name] = node.name;
  }
  return list;
}

// SiLU of nothing is zero.
void silence(Conv2d& conv, size_t channel) {
  const size_t each = conv.weight.values.size() / static_cast<size_t>(conv.weight.shape[0]);
  std::fill_n(conv.weight.values.begin() + static_cast<std::ptrdiff_t>(channel * each), each, 0.0F);
  conv.bias.values[channel] = 0;
}

// Without a share of the channels of each value, those of the lowest scores.
Model without_lowest(Model model, const ChannelScores& scores, double share) {
  for (const auto& [value, conv] : makers(model.graph)) {
    const std::vector<double>& own = scores.at(value);
    std::vector<size_t> order(own.size());
    std::iota(order.begin(), order.end(), size_t{0});
    std::sort(order.begin(), order.end(), [&](size_t a, size_t b) { return own[a] < own[b]; });
    for (size_t i = 0; i < static_cast<size_t>(share * static_cast<double>(own.size())); ++i)
      silence(conv_of(model, conv), order[i]);
  }
  return model;
}

TEST(RankCorrelation, ComparesOrders) {
  const std::vector<double> a{1, 2, 3, 4}, same{10, 20, 30, 1000}, opposite{4, 3, 2, 1};
  EXPECT_DOUBLE_EQ(rank_correlation(a, same), 1);
  EXPECT_DOUBLE_EQ(rank_correlation(a, opposite), -1);
  EXPECT_DOUBLE_EQ(rank_correlation(a, std::vector<double>{5, 5, 5, 5}), 0);
  // Ranks 0.5, 0.5, 3, 2: 3.5 / √(5 · 4.5).
  EXPECT_NEAR(rank_correlation(a, std::vector<double>{1, 1, 3, 2}), 3.5 / std::sqrt(22.5), 1e-9);
  EXPECT_EQ(rank_correlation({}, {}), 0);
}

TEST(Importance, OfAChannelThatNothingReadsIsZero) {
  Model model = folded(kCheckpoints + "v8.4.190-detect3.pt");
  const Read read = read_once(model.graph).front();
  scale_reads(conv_of(model, read.reader), 1, 0);
  const Importance found = measure_importance(model, pictures(), {.side = 64, .images = 4});
  const std::vector<double> scores = found.scores().at(read.value);
  EXPECT_EQ(scores[1], 0);
  EXPECT_GT(scores[0], 0);
  EXPECT_EQ(found.effects.at(read.value).size(0), 4);
}

// A value that is made a little smaller moves the outputs as far as its channels' importance says.
TEST(Importance, IsTheDistance) {
  constexpr float kLess = 0.1F;
  constexpr int kDraws = 6;
  Model model = folded(kReal);
  const std::string value = "model.15.cv2.act";
  std::vector<ValueChannel> channels;
  for (int64_t c = 0; c < 64; ++c) channels.push_back({value, c});
  double expected = 0;
  for (uint64_t seed = 0; seed < kDraws; ++seed)
    expected += measure_importance(model, pictures(), {.side = 96, .images = 12, .seed = seed})
                    .of(channels) *
                kLess * kLess / kDraws;
  const RemovalTrial trial(model, pictures(), {.side = 96, .images = 12});
  const Topology topology(model.graph);
  for (const Node* reader : topology.consumers(value)) {
    Conv2d& conv = conv_of(model, reader->name);
    for (int64_t c = 0; c < 64; ++c) scale_reads(conv, c, 1 - kLess);
  }
  EXPECT_NEAR(expected / trial.run(model).distance, 1, 0.5) << "by 72 draws";
}

TEST(Importance, OfAGroupCountsWhatGoesTogether) {
  const Model model = folded(kCheckpoints + "v8.4.190-detect3.pt");
  const Importance found = measure_importance(model, pictures(), {.side = 64, .images = 4});
  const ChannelScores all = found.scores();
  const auto& [value, scores] = *all.begin();
  const std::vector<ValueChannel> alone{{value, 0}}, other{{value, 1}},
      both{{value, 0}, {value, 1}};
  EXPECT_DOUBLE_EQ(found.of(alone), scores[0]);
  const double together = found.of(both);
  EXPECT_LE(together, std::pow(std::sqrt(scores[0]) + std::sqrt(scores[1]), 2) * (1 + 1e-6));
  EXPECT_NE(together, scores[0] + scores[1]);
  const std::vector<ValueChannel> unknown{{"no value", 0}};
  EXPECT_EQ(found.of(unknown), 0);
}

// With few images already; and what is worth least costs least.
TEST(Importance, HalvesAgreeAndTheLeastImportantCostsLeast) {
  const Model model = folded(kReal);
  const Importance found = measure_importance(model, pictures(), {.side = 160, .images = 12});
  EXPECT_GT(found.agreement(), 0.8);
  const RemovalTrial trial(model, pictures(), {.side = 160, .images = 12});
  const double least = trial.run(without_lowest(model, found.scores(), 0.1)).distance;
  const double by_weights =
      trial.run(without_lowest(model, squared_weight_norms(model), 0.1)).distance;
  std::mt19937 random(1);
  ChannelScores drawn = found.scores();
  for (auto& [value, scores] : drawn) std::shuffle(scores.begin(), scores.end(), random);
  const double by_chance = trial.run(without_lowest(model, drawn, 0.1)).distance;
  RecordProperty("agreement", std::to_string(found.agreement()));
  RecordProperty("distances", fmt::format("{} {} {}", least, by_weights, by_chance));
  EXPECT_LT(least * 2, by_weights);
  EXPECT_LT(least * 2, by_chance);
}

TEST(Importance, LabelsGiveOneToo) {
  const Model model =
      select_classes(folded(kCheckpoints + "v8.4.190-detect3.pt"), pictures().names, 0);
  const ImportanceOptions options{.side = 64, .images = 8, .labels = true};
  const ChannelScores scores = measure_importance(model, pictures(), options).scores();
  EXPECT_GT(*std::max_element(scores.begin()->second.begin(), scores.begin()->second.end()), 0);
  Dataset unlabelled = pictures();
  for (Sample& sample : unlabelled.samples) sample.objects.clear();
  EXPECT_THAT(error_of([&] { (void)measure_importance(model, unlabelled, options); }),
              HasSubstr("no image has a label"));
  unlabelled.samples.clear();
  EXPECT_THAT(error_of([&] { (void)measure_importance(model, unlabelled, options); }),
              HasSubstr("no images"));
}

}  // namespace
}  // namespace octet
