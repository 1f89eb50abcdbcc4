#include "measure/cost/pricing.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <optional>

#include "core/cpu.h"
#include "core/file.h"
#include "core/folder.h"
#include "engine/registry.h"
#include "format/model_file.h"
#include "measure/cost/cost_file.h"
#include "model/passes/passes.h"
#include "testing/testing.h"

namespace octet {
namespace {

using testing::HasSubstr;

constexpr Size kSize{64, 32};

Graph small_network() {
  return fold_batch_norm(read_model(OCTET_SOURCE_DIR
                                    "/tests/data/checkpoints/v8.4.190-detect2-half-fused-ema.pt"))
      .graph;
}

class PricingOfAFile : public testing::Test {
 protected:
  CostOrigin origin_{.engine = "tflite",
                     .engine_version = "TensorFlow Lite 2.21.0",
                     .processor = "Cortex-A76",
                     .threads = 4,
                     .weight_bits = 7,
                     .octet = "0.2.0"};
  PricingOptions options_;
  TemporaryFolder folder_;

  void SetUp() override { options_.source = (folder_ / "pi5.json").string(); }
  Pricing open() {
    CostTable table(origin_, {.inputs = 8, .outputs = 8});
    table.add({{.op = kImageLayer, .height = 32, .width = 64}, 3, 3}, 1e-3);
    write_cost_table(options_.source, table);
    return {options_, "0.2.0"};
  }
};

TEST_F(PricingOfAFile, OfAnotherProcessorIsTakenAsItIs) {
  Pricing pricing = open();
  EXPECT_FALSE(pricing.measures());
  EXPECT_EQ(pricing.cost().unit(), "s");
  EXPECT_EQ(pricing.weight_bits(), 7);
  EXPECT_EQ(pricing.origin(), "TensorFlow Lite 2.21.0, 4 threads, Cortex-A76");
  EXPECT_EQ(pricing.cost().cost({{.op = kImageLayer, .height = 32, .width = 64}, 3, 3}), 1e-3);
  EXPECT_FALSE(pricing.measure({}, kSize).has_value());
}

TEST_F(PricingOfAFile, OfAnotherEngineThanTheNamedOneIsRefused) {
  options_.engine = "openvino";
  EXPECT_THAT(error_of([&] { (void)open(); }), HasSubstr("has times of tflite"));
}

TEST_F(PricingOfAFile, OfOtherThreadsIsRefused) {
  options_.threads = 2;
  EXPECT_THAT(error_of([&] { (void)open(); }), HasSubstr("--engine-threads wants 2"));
}

TEST_F(PricingOfAFile, IsCorrectedByItsNetworks) {
  const Model model =
      read_model(OCTET_SOURCE_DIR "/tests/data/checkpoints/v8.4.190-detect2-half-fused-ema.pt");
  CostTable table(origin_, {.inputs = 8, .outputs = 8});
  for (const Layer& layer : layers_of(small_network(), kSize)) {
    for (const Layer& point : table.points_of(layer)) table.add(point, 1e-3);
  }
  const double sum = table.predict(small_network(), kSize);
  table.add(NetworkTime{"m", kSize, 2, 3});
  write_cost_table(options_.source, table);
  const Pricing pricing(options_, "0.2.0");
  EXPECT_DOUBLE_EQ(pricing.predict(model, kSize), 1.5 * sum);
  EXPECT_EQ(pricing.engine(), "TensorFlow Lite 2.21.0");
}

TEST_F(PricingOfAFile, OfThisProcessorIsMeasuredFurther) {
  const std::string missing = error_of([] { (void)load_engine("tflite"); });
  if (!missing.empty()) GTEST_SKIP() << missing;
  origin_.processor = cpu_features().name;
  origin_.engine_version = "TensorFlow Lite 1";
  EXPECT_THAT(error_of([&] { (void)open(); }), HasSubstr("cannot be extended, since"))
      << "another version of the engine";
  origin_.engine_version = load_engine("tflite")->version();
  EXPECT_TRUE(open().measures());
}

TEST(Pricing, OfOperationsHasNoTimes) {
  Pricing pricing({.source = kFlopSource}, "0.2.0");
  EXPECT_EQ(pricing.cost().unit(), "GFLOPs");
  EXPECT_FALSE(pricing.measures());
}

TEST(Pricing, NamesAFileThatIsMissing) {
  EXPECT_THAT(error_of([] { (void)Pricing({.source = "no.json"}, "0.2.0"); }),
              HasSubstr("no.json: no such file"));
}

// What was measured is not measured again, and the file of this machine keeps it.
TEST(MachineTable, IsExtendedByWhatItLacks) {
  const std::string missing = error_of([] { (void)load_engine("tflite"); });
  if (!missing.empty()) GTEST_SKIP() << missing;
  const TemporaryFolder folder;
  const std::string file = (folder / "times.json").string();
  LayerTimer timer({.engine = "tflite", .threads = 1, .seconds = 0.01}, "0.2.0");
  size_t measured = 0;
  {
    MachineTable table(file, timer);
    table.extend({small_network()}, kSize);
    measured = table.table().times().size();
    EXPECT_GT(measured, 2U);
  }
  MachineTable again(file, timer);
  const auto before = again.table().times();
  again.extend({small_network()}, kSize);
  EXPECT_EQ(again.table().times(), before);
  EXPECT_GT(again.table().predict(small_network(), kSize), 0);
}

// Sets a variable, or none for null, until its end.
class Environment {
 public:
  Environment(const char* name, const char* value) : name_(name) {
    if (const char* before = std::getenv(name)) before_ = before;
    set(value);
  }
  ~Environment() { set(before_ ? before_->c_str() : nullptr); }
  Environment(const Environment&) = delete;
  Environment& operator=(const Environment&) = delete;

 private:
  void set(const char* value) const {
    value == nullptr ? ::unsetenv(name_) : ::setenv(name_, value, 1);
  }
  const char* name_;
  std::optional<std::string> before_;
};

TEST(MachineTable, InTheCacheIsMadeAgainWhereItIsDamaged) {
  const std::string missing = error_of([] { (void)load_engine("tflite"); });
  if (!missing.empty()) GTEST_SKIP() << missing;
  const TemporaryFolder folder;
  const Environment cache("XDG_CACHE_HOME", folder.path().c_str());
  LayerTimer timer({.engine = "tflite", .threads = 1, .seconds = 0.01}, "0.2.0");
  const auto file = cost_file_in(cache_folder(), timer.origin());
  make_folder(file.parent_path());
  write_text_file(file, R"({"octet_cost_table":99})");
  MachineTable table(kCostCache, timer);
  table.extend({small_network()}, kSize);
  EXPECT_EQ(read_cost_table(file).times(), table.table().times());
}

TEST(MachineTable, WithoutACacheLeavesNoFile) {
  const std::string missing = error_of([] { (void)load_engine("tflite"); });
  if (!missing.empty()) GTEST_SKIP() << missing;
  const TemporaryFolder folder;
  const auto before = std::filesystem::current_path();
  const Environment cache("XDG_CACHE_HOME", nullptr), home("HOME", nullptr);
  LayerTimer timer({.engine = "tflite", .threads = 1, .seconds = 0.01}, "0.2.0");
  std::filesystem::current_path(folder.path());
  MachineTable table(kCostCache, timer);
  table.extend({small_network()}, kSize);
  std::filesystem::current_path(before);
  EXPECT_GT(table.table().times().size(), 2U);
  EXPECT_TRUE(list_folder(folder.path()).empty());
}

}  // namespace
}  // namespace octet
