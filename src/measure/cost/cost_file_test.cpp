#include "measure/cost/cost_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <nlohmann/json.hpp>

#include "core/file.h"
#include "core/text/json_text.h"
#include "testing/testing.h"

namespace octet {
namespace {
using nlohmann::json;

CostTable example() {
  CostTable table({.engine = "openvino",
                   .engine_version = "OpenVINO 2026.4",
                   .processor = "AMD EPYC",
                   .threads = 2,
                   .octet = "0.2.0"},
                  {.inputs = 4, .outputs = 64});
  LayerKind conv{.op = "Conv2d",
                 .kernel = 3,
                 .stride = 2,
                 .padding = 1,
                 .groups = kDepthwise,
                 .height = 80,
                 .width = 160,
                 .activation = "silu"};
  table.add({conv, 16, 16}, 1.25e-4);
  table.add({conv, 32, 32}, 0);
  conv.reads_image = true;
  table.add({conv, 3, 16}, 2e-4);
  table.add({{.op = "Concat", .values = 3, .height = 20, .width = 20}, 48, 48}, 1e-5);
  table.add({{.op = kImageLayer, .height = 640, .width = 640}, 3, 3}, 1e-3);
  table.add(
      {.model = "m.safetensors", .size = {640, 384}, .predicted_s = 0.011, .measured_s = 0.01});
  return table;
}

std::string text_of(const CostTable& table) {
  const TemporaryFolder folder;
  write_cost_table(folder / "made" / "t.json", table);
  return read_text_file(folder / "made" / "t.json");
}

TEST(CostFile, GivesBackWhatWasWritten) {
  const CostTable table = example();
  const CostTable found = parse_cost_table(text_of(table), "t.json");
  EXPECT_EQ(found.origin(), table.origin());
  EXPECT_EQ(found.times(), table.times());
  EXPECT_EQ(found.steps().inputs, 4);
  EXPECT_EQ(found.steps().outputs, 64);
  ASSERT_EQ(found.networks().size(), 1U);
  EXPECT_NEAR(found.networks()[0].error(), 0.1, 1e-9);
}

struct Damage {
  const char* name;
  std::function<void(json&)> make;
};
const std::vector<Damage>& damages() {
  static const std::vector<Damage> list{
      {"NewerVersion", [](json& j) { j["version"] = 2; }},
      {"OtherFormat", [](json& j) { j["format"] = "octet"; }},
      {"NoList", [](json& j) { j = json::array(); }},
      {"NoLayers", [](json& j) { j.erase("layers"); }},
      {"LayersAreText", [](json& j) { j["layers"] = "x"; }},
      {"NoThreads", [](json& j) { j["threads"] = 0; }},
      {"WideWeights", [](json& j) { j["weight_bits"] = 16; }},
      {"StepOfZero",
       [](json& j) {
         j["steps"] = {0, 16};
       }},
      {"ThreeSteps",
       [](json& j) {
         j["steps"] = {8, 16, 16};
       }},
      {"UnknownOperator", [](json& j) { j["layers"][0]["op"] = "Softmax"; }},
      {"UnknownActivation", [](json& j) { j["layers"][1]["activation"] = "gelu"; }},
      {"HugeImage", [](json& j) { j["layers"][0]["height"] = 1e9; }},
      {"NegativeWidth", [](json& j) { j["layers"][0]["width"] = -1; }},
      {"NoStride", [](json& j) { j["layers"][1]["stride"] = 0; }},
      {"FractionOfChannels", [](json& j) { j["layers"][0]["seconds"][0][0] = 1.5; }},
      {"HugeChannels", [](json& j) { j["layers"][0]["seconds"][0][1] = 1 << 20; }},
      {"NegativeTime", [](json& j) { j["layers"][0]["seconds"][0][2] = -1e-6; }},
      {"EndlessTime", [](json& j) { j["layers"][0]["seconds"][0][2] = 1e300; }},
      {"NoTime", [](json& j) { j["layers"][0]["seconds"][0][2] = nullptr; }},
      {"ShortPoint",
       [](json& j) {
         j["layers"][0]["seconds"][0] = {1, 2};
       }},
      {"SameTwice", [](json& j) { j["layers"].push_back(json(j["layers"][0])); }},
      {"LongName", [](json& j) { j["processor"] = std::string(1000, 'x'); }},
      {"MeasuredNothing", [](json& j) { j["networks"][0]["measured_s"] = 0; }},
  };
  return list;
}

class DamagedCostFile : public testing::TestWithParam<Damage> {};
TEST_P(DamagedCostFile, IsRefusedByName) {
  json j = json::parse(text_of(example()));
  GetParam().make(j);
  EXPECT_THAT(error_of([&] { (void)parse_cost_table(dump_json(j), "pi5.json"); }),
              testing::StartsWith("pi5.json: "));
}
INSTANTIATE_TEST_SUITE_P(Each, DamagedCostFile, testing::ValuesIn(damages()),
                         [](const auto& damage) { return damage.param.name; });

TEST(CostFile, IsRefusedWhenItIsNoJson) {
  for (const char* text : {"", "{", "[[[[", "\xff\xfe"})
    EXPECT_THAT(error_of([&] { (void)parse_cost_table(text, "pi5.json"); }),
                testing::StartsWith("pi5.json: "));
}

TEST(CostFile, IsNamedAfterTheMachine) {
  EXPECT_EQ(cost_file_in("/cache", {.engine = "tflite",
                                    .engine_version = "TensorFlow Lite 2",
                                    .processor = "Intel(R) Xeon(R) @ 2.0GHz/../x",
                                    .threads = 4}),
            "/cache/cost-tflite-Intel-R-Xeon-R-2-0GHz-x-4threads-8bits.json");
}

}  // namespace
}  // namespace octet
