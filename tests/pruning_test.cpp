// Structural pruning changes no output beyond the rounding of floats: parts that add nothing are
// made in networks with random weights, and removed. The smaller networks run in every engine.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <iostream>
#include <map>
#include <random>
#include <set>
#include <utility>

#include "detect/detector.h"
#include "engine/registry.h"
#include "format/checkpoint/checkpoint.h"
#include "format/model_file.h"
#include "format/registry.h"
#include "graph/blocks.h"
#include "graph/branches.h"
#include "graph/cost.h"
#include "graph/shapes.h"
#include "graph/topology.h"
#include "media/image/image_io.h"
#include "model/passes/passes.h"
#include "model/smaller_networks.h"
#include "quant/params.h"
#include "quant/reference/float_reference.h"
#include "quant/reference/integer_reference.h"
#include "testing/testing.h"
#include "tools/engines.h"
#include "tools/yolov8.h"

namespace octet {
namespace {

using testing::HasSubstr;
namespace fs = std::filesystem;

constexpr double kTolerance = 1e-4;  // of an output's range

using Outputs = std::map<std::string, std::vector<float>>;

Outputs outputs_of(const Model& model, Size size) {
  auto values = run_in_float(model.graph, as_fractions(noise_image(size), size));
  Outputs out;
  for (const Output& o : model.outputs()) out[o.name()] = std::move(values.at(o.value).values);
  return out;
}

// The largest difference, as a part of the range of the output.
void expect_near(const std::vector<float>& found, const std::vector<float>& wanted,
                 const std::string& what) {
  ASSERT_EQ(found.size(), wanted.size()) << what;
  const auto [low, high] = std::minmax_element(wanted.begin(), wanted.end());
  const double range = static_cast<double>(*high) - *low;
  ASSERT_GT(range, 1e-3) << what << " is the same everywhere";
  double most = 0;
  for (size_t i = 0; i < wanted.size(); ++i)
    most = std::max(most, std::abs(static_cast<double>(found[i]) - wanted[i]));
  EXPECT_LE(most / range, kTolerance) << what;
}

// All outputs of the model have their values of before.
void expect_outputs(const Model& model, const Outputs& found, const Outputs& wanted,
                    const std::string& what) {
  ASSERT_EQ(found.size(), model.outputs().size());
  for (const Output& o : model.outputs())
    expect_near(found.at(o.name()), wanted.at(o.name()), what + ", " + o.name());
}

// A third of the channels of each width, at random; at least one stays.
std::vector<ChannelGroup> random_groups(const Graph& graph, std::mt19937& random) {
  std::vector<ChannelGroup> groups = channel_groups(graph);
  std::map<size_t, size_t> left;
  for (const ChannelGroup& group : groups) ++left[group.width];
  std::erase_if(groups, [&](const ChannelGroup& group) {
    const bool goes = left.at(group.width) > 1 && random() % 3 == 0;
    if (goes) --left.at(group.width);
    return !goes;
  });
  return groups;
}

void forget(Graph& graph, const std::vector<ChannelGroup>& groups) {
  for (const ChannelGroup& group : groups) {
    for (const ChannelSlot& slot : group.readers) {
      Tensor& weight = std::get<Conv2d>(graph.nodes[slot.node].op).weight;
      const int64_t kernel = weight.shape[2] * weight.shape[3];
      for (int64_t o = 0; o < weight.shape[0]; ++o)
        std::fill_n(weight.values.begin() + (o * weight.shape[1] + slot.channel) * kernel, kernel,
                    0.0F);
    }
  }
}

// Whether only Concats and nodes of removed blocks read what the block makes.
bool ends_a_chain(const Topology& topology, const Block& block, const std::set<std::string>& gone) {
  const auto readers = topology.consumers(block.output);
  return std::all_of(readers.begin(), readers.end(), [&](const Node* reader) {
    return std::holds_alternative<Concat>(reader->op) || gone.contains(reader->name);
  });
}

// Some of the blocks whose removal can be exact: with a shortcut, or at the end of a chain.
std::vector<std::string> random_blocks(const Graph& graph, std::mt19937& random) {
  const Topology topology(graph);
  std::set<std::string> gone;
  std::vector<std::string> chosen;
  std::vector<Block> blocks = find_blocks(graph);
  std::reverse(blocks.begin(), blocks.end());
  for (const Block& block : blocks) {
    const bool exact = block.shortcut || ends_a_chain(topology, block, gone);
    if (!exact || gone.contains(block.output) || random() % 3 == 0) continue;
    chosen.push_back(block.output);
    gone.insert(block.nodes.begin(), block.nodes.end());
  }
  return chosen;
}

// Makes the block's branch give zeros: those of its last convolution pass through its activation.
void silence(Graph& graph, const std::string& output) {
  const std::vector<Block> blocks = find_blocks(graph);
  const auto block = std::find_if(blocks.begin(), blocks.end(),
                                  [&](const Block& b) { return b.output == output; });
  for (auto node = graph.nodes.rbegin(); node != graph.nodes.rend(); ++node) {
    const bool inside =
        std::find(block->nodes.begin(), block->nodes.end(), node->name) != block->nodes.end();
    auto* conv = std::get_if<Conv2d>(&node->op);
    if (!inside || conv == nullptr) continue;
    std::fill(conv->weight.values.begin(), conv->weight.values.end(), 0.0F);
    std::fill(conv->bias.values.begin(), conv->bias.values.end(), 0.0F);
    return;
  }
}

// A model, what it computes, and the same with all that adds nothing removed.
struct Pruned {
  Outputs wanted;
  Model model;
};

Pruned prune_exactly(Model model, Size size, unsigned seed) {
  std::mt19937 random(seed);
  model = fold_batch_norm(std::move(model));
  const auto groups = random_groups(model.graph, random);
  const auto blocks = random_blocks(model.graph, random);
  forget(model.graph, groups);
  for (const std::string& block : blocks) silence(model.graph, block);
  EXPECT_FALSE(groups.empty());
  EXPECT_FALSE(blocks.empty());
  Outputs wanted = outputs_of(model, size);
  model = remove_channels(std::move(model), groups);
  expect_outputs(model, outputs_of(model, size), wanted, "without channels");
  for (const std::string& block : blocks) {
    model = remove_block(std::move(model), block);
    EXPECT_EQ(model.graph.find(block), nullptr);
  }
  expect_outputs(model, outputs_of(model, size), wanted, "without blocks");
  return {.wanted = std::move(wanted), .model = std::move(model)};
}

// Whether a runner's engine is installed. Says so where it is not.
bool has_engine(const Runner& runner) {
  try {
    (void)load_engine(runner.engine);
    return true;
  } catch (const Error& e) {
    std::cout << runner.name << " is left out: " << e.what() << "\n";
    return false;
  }
}

// Arm NN's parser has no CAST, with which octet's float files begin.
bool runs_float(const Runner& runner) { return runner.engine != std::string_view("armnn"); }

void expect_in_engines(const Model& model, const Outputs& wanted, Size size,
                       const std::string& what) {
  for (const Runner& runner : runners()) {
    if (!runs_float(runner) || !has_engine(runner)) continue;
    expect_outputs(model, run_in_engine(runner, model, noise_image(size), size), wanted,
                   what + " in " + runner.name);
  }
}

// Every scale alone is removed as well, and what remains runs in every engine.
void expect_exact(Model whole, Size size, unsigned seed) {
  const Pruned pruned = prune_exactly(std::move(whole), size, seed);
  expect_in_engines(pruned.model, pruned.wanted, size, "all scales");
  const std::vector<int>& strides = pruned.model.info.head.strides;
  for (const int stride : strides) {
    if (strides.size() == 1) break;
    const Model model = remove_scale(pruned.model, stride);
    const std::string what = fmt::format("without stride {}", stride);
    EXPECT_LT(cost(model.graph, size).gflops, cost(pruned.model.graph, size).gflops);
    expect_outputs(model, outputs_of(model, size), pruned.wanted, what);
    expect_in_engines(model, pruned.wanted, size, what);
  }
}

// The layers of stride 8 that stay behind without their scale, where no weight reads them.
void expect_exact_branch(Model model, Size size) {
  model = remove_scale(fold_batch_norm(std::move(model)), 8);
  const std::vector<Branch> branches = find_branches(model.graph);
  ASSERT_EQ(branches.size(), 1U);
  const auto& inputs = model.graph.find(branches[0].join)->inputs;
  ASSERT_EQ(inputs[0], branches[0].output);
  const int64_t gone = infer_shapes(model.graph, size).at(inputs[0])[1];
  for (Node& node : model.graph.nodes) {
    if (node.inputs[0] != branches[0].join) continue;
    Tensor& weight = std::get<Conv2d>(node.op).weight;
    for (int64_t o = 0; o < weight.shape[0]; ++o)
      std::fill_n(weight.values.begin() + o * weight.shape[1], gone, 0.0F);  // of 1x1 kernels
  }
  const Outputs wanted = outputs_of(model, size);
  const double before = cost(model.graph, size).gflops;
  model = remove_branch(std::move(model), branches[0].output);
  expect_outputs(model, outputs_of(model, size), wanted, "without the branch");
  EXPECT_LT(cost(model.graph, size).gflops, 0.95 * before);
  EXPECT_TRUE(find_branches(model.graph).empty());
}

constexpr Size kFull{320, 320};

class Yolov8 : public testing::TestWithParam<std::tuple<char, Task>> {};

TEST_P(Yolov8, RemovalsChangeNoOutput) {
  const auto [size, task] = GetParam();
  expect_exact(random_yolov8(size, task), kFull, 3);
}

std::string name_of(const testing::TestParamInfo<std::tuple<char, Task>>& info) {
  return fmt::format("{}_{}", std::get<0>(info.param), task_name(std::get<1>(info.param)));
}

INSTANTIATE_TEST_SUITE_P(All, Yolov8,
                         testing::Combine(testing::Values('n', 's', 'm', 'l', 'x'),
                                          testing::Values(Task::kDetect, Task::kPose)),
                         name_of);

// The tiny checkpoints of each family that octet reads.
TEST(Pruning, EveryFamilyStaysExact) {
  int count = 0;
  for (const auto& entry : fs::directory_iterator(OCTET_SOURCE_DIR "/tests/data/checkpoints")) {
    if (entry.path().extension() != ".pt") continue;
    SCOPED_TRACE(entry.path().filename().string());
    Model model = read_checkpoint(entry.path());
    EXPECT_FALSE(channel_groups(model.graph).empty()) << "with BatchNorm";
    const Pruned pruned = prune_exactly(std::move(model), {64, 64}, 5);
    for (const int stride : pruned.model.info.head.strides) {
      const Model smaller = remove_scale(pruned.model, stride);
      expect_outputs(smaller, outputs_of(smaller, {64, 64}), pruned.wanted, "without a scale");
    }
    ++count;
  }
  EXPECT_GE(count, 9);
}

// The integers of Arm NN, beside those of the reference: nearly all are at most a step apart. Ties
// are rounded otherwise there.
TEST(Pruning, RunsInIntegersInArmNn) {
  const Runner& runner = runners().back();
  if (!has_engine(runner)) GTEST_SKIP();
  const Pruned pruned = prune_exactly(random_yolov8('n', Task::kDetect), kFull, 3);
  const Model model = remove_scale(pruned.model, 8);
  const std::vector<uint8_t> image = noise_image(kFull);
  const Model q = quantized(model, run_in_float(model.graph, as_fractions(image, kFull)), 8);
  const auto wanted = IntegerReference(q).run(image, kFull);
  const Outputs found = run_in_engine(runner, q, image, kFull);
  ASSERT_EQ(found.size(), q.outputs().size());
  for (const Output& o : q.outputs()) {
    const IntegerTensor& integers = wanted.at(o.value);
    const std::vector<float>& values = found.at(o.name());
    ASSERT_EQ(values.size(), integers.values.size());
    size_t near = 0;
    for (size_t i = 0; i < values.size(); ++i)
      near += std::abs(quantize(values[i], integers.params) - integers.values[i]) <= 1 ? 1 : 0;
    EXPECT_GE(static_cast<double>(near), 0.95 * static_cast<double>(values.size())) << o.name();
  }
}

TEST(Pruning, BranchesOfARemovedScaleAreExact) {
  for (const Task task : {Task::kDetect, Task::kPose})
    expect_exact_branch(random_yolov8('n', task), {128, 128});
  const Model whole = random_yolov8('n', Task::kDetect);
  EXPECT_TRUE(find_branches(whole.graph).empty());
  EXPECT_EQ(remove_scale_and_branches(whole, 16).graph.nodes.size(),
            remove_scale(whole, 16).graph.nodes.size())
      << "only the finest scale has one";
}

TEST(Pruning, StemIsNarrowedWithItsReaders) {
  Model model = fold_batch_norm(random_yolov8('n', Task::kDetect));
  model = narrow_stem(std::move(model), 0.25);
  const auto width_of = [&](const char* node, size_t axis) {
    return std::get<Conv2d>(model.graph.find(node)->op).weight.shape[axis];
  };
  EXPECT_EQ(width_of("model.0.conv", 0), 12);
  EXPECT_EQ(width_of("model.1.conv", 1), 12);
}

TEST(Pruning, RefusesWhatCannotGo) {
  const Model model = read_model(OCTET_SOURCE_DIR "/samples/yolov8n.safetensors");
  EXPECT_THAT(error_of([&] { (void)remove_scale(model, 4); }),
              HasSubstr("no detection scale of stride 4; its strides are 8, 16, 32"));
  const Model one = remove_scale(remove_scale(model, 8), 32);
  EXPECT_EQ(one.info.head.strides, std::vector{16});
  EXPECT_THAT(error_of([&] { (void)remove_scale(one, 16); }), HasSubstr("only detection scale"));
  const Model int8 = read_model(OCTET_SOURCE_DIR "/samples/yolov8n-int8.safetensors");
  for (const std::string& message : {error_of([&] { (void)remove_scale(int8, 8); }),
                                     error_of([&] { (void)remove_channels(int8, {}); }),
                                     error_of([&] { (void)remove_block(int8, "model.2.m.0.add"); }),
                                     error_of([&] { (void)narrow_stem(int8, 0.5); })})
    EXPECT_THAT(message, HasSubstr("int8 already"));
}

// A model without one scale is an ordinary model: it is written, read and exported, and it finds the
// objects of the other scales.
TEST(Pruning, ModelWithoutAScaleDetects) {
  const TemporaryFolder folder;
  Model model = read_model(OCTET_SOURCE_DIR "/samples/yolov8n.safetensors");
  model = remove_scale(fold_batch_norm(std::move(model)), 8);
  const fs::path file = folder / "two-scales.safetensors";
  write_model_file(file, model, StorageKind::kF32);
  EXPECT_EQ(read_model(file).info.head.strides, (std::vector{16, 32}));
  const Image image = read_image(OCTET_SOURCE_DIR "/samples/coco/images/val/000000000785.jpg");
  for (const Layout layout : {Layout::kRaw, Layout::kUltralytics}) {
    for (const char* format : {"onnx", "tflite", "openvino"}) {
      const ExportFormat& kind = export_format(format);
      const fs::path exported = folder / ("m" + std::string(kind.extension));
      write_export(kind, exported, model, {.size = {640, 640}, .layout = layout});
      Detector detector({.model = exported, .trusted = true});
      const auto job = detector.make_job();
      Detections found;
      job->submit(view(image));
      job->finish({}, found);
      std::vector<std::string> names;
      for (const Detection& d : found.items)
        names.push_back(detector.info().names[static_cast<size_t>(d.class_index)]);
      EXPECT_THAT(names, testing::IsSupersetOf({"person", "skis"})) << format;
    }
  }
}

// What quantize adds to a pose model has a price as well.
TEST(SmallerNetworks, HaveFineKeypoints) {
  const auto graphs = smaller_networks(random_yolov8('n', Task::kPose));
  for (const Graph& graph : graphs)
    EXPECT_TRUE(std::any_of(graph.nodes.begin(), graph.nodes.end(),
                            [](const Node& n) { return n.name.ends_with(".fine"); }));
}

// All blocks of each network go one after the other.
TEST(SmallerNetworks, LackBlocksAndScales) {
  const Model model = read_model(OCTET_SOURCE_DIR "/samples/yolov8n.safetensors");
  const std::vector<Graph> graphs = smaller_networks(model);
  EXPECT_EQ(graphs.front().nodes.size(), fold_batch_norm(model).graph.nodes.size());
  int without_blocks = 0;
  for (const Graph& graph : graphs) without_blocks += find_blocks(graph).empty();
  EXPECT_EQ(without_blocks, 5) << "with all scales, without each, and without the branch of one";
}

}  // namespace
}  // namespace octet
