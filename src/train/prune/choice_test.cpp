#include "train/prune/choice.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "format/model_file.h"
#include "model/passes/passes.h"
#include "testing/testing.h"

namespace octet {
namespace {

using testing::HasSubstr;

const ChoiceOptions kSmall{.size = {96, 96}, .side = 96, .images = 4};

const Dataset& pictures() {
  static const Dataset data = read_dataset(OCTET_SOURCE_DIR "/samples/coco/data.yaml", {});
  return data;
}

const Model& real() {
  static const Model model = read_model(OCTET_SOURCE_DIR "/samples/yolov8n.safetensors");
  return model;
}

double whole() { return FlopCost().predict(fold_batch_norm(real()).graph, kSmall.size); }

Choice choose(double share, Levers levers) {
  ChoiceOptions options = kSmall;
  options.levers = levers;
  return choose_removals(real(), pictures(), FlopCost(), share * whole(), options);
}

TEST(Choice, ReachesItsCostByEachLever) {
  for (const Levers levers :
       {Levers{}, Levers{.scales = false, .blocks = false}, Levers{.channels = false}}) {
    const Choice choice = choose(0.8, levers);
    EXPECT_LE(choice.cost, 0.8 * whole());
    EXPECT_DOUBLE_EQ(FlopCost().predict(choice.model.graph, kSmall.size), choice.cost);
    double saved = 0;
    for (const Removal& r : choice.removals) {
      EXPECT_GT(r.loss, 0);
      saved += r.saved;
      const bool allowed = r.kind == RemovalKind::kChannels ? levers.channels : levers.scales;
      EXPECT_TRUE(allowed) << removal_name(r.kind);
    }
    EXPECT_NEAR(whole() - saved, choice.cost, 1e-9);
    EXPECT_EQ(choice.model.info.names, real().info.names);
  }
}

// With every lever there is no dearer choice than with channels alone.
TEST(Choice, TakesPartsWhereTheyAreCheaper) {
  const auto loss_of = [](const Choice& choice) {
    double sum = 0;
    for (const Removal& r : choice.removals) sum += r.loss;
    return sum;
  };
  const Choice channels = choose(0.5, {.scales = false, .blocks = false});
  const Choice all = choose(0.5, {});
  EXPECT_LE(loss_of(all), 1.2 * loss_of(channels));
}

// Without an image nothing could be measured.
TEST(Choice, IsMadeAgainFromAMemo) {
  ChoiceMemo memo;
  ChoiceOptions options = kSmall;
  options.memo = &memo;
  const auto again = [&](const Dataset& data) {
    return choose_removals(real(), data, FlopCost(), 0.8 * whole(), options);
  };
  const Choice first = again(pictures());
  EXPECT_FALSE(memo.losses.empty());
  const Choice second = again({});
  EXPECT_EQ(second.cost, first.cost);
  EXPECT_EQ(second.agreement, first.agreement);
  EXPECT_EQ(second.removals.size(), first.removals.size());
}

// The whole detector of small objects, in one part.
TEST(Choice, MayTakeABranchWithItsScale) {
  ChoiceMemo memo;
  ChoiceOptions options = kSmall;
  options.levers = {.blocks = false};
  options.memo = &memo;
  (void)choose_removals(real(), pictures(), FlopCost(), 0.9 * whole(), options);
  EXPECT_TRUE(memo.losses.contains("branch stride 8 and its branch"));
  EXPECT_FALSE(memo.losses.contains("branch stride 16 and its branch"));
  EXPECT_EQ(parse_removal(removal_name(RemovalKind::kBranch)), RemovalKind::kBranch);
}

TEST(Choice, SaysTheLeastCost) {
  EXPECT_THAT(error_of([&] { (void)choose(0.01, {.scales = false, .blocks = false}); }),
              HasSubstr("the model cannot be made so small"));
  EXPECT_THAT(error_of([&] { (void)choose(0.1, {.scales = false, .channels = false}); }),
              HasSubstr("is the least"));
}

TEST(Choice, RefusesAnInt8Model) {
  Model model = fold_batch_norm(real());
  model.quantization.values["image"] = {};
  EXPECT_THAT(error_of([&] { (void)choose_removals(model, pictures(), FlopCost(), 0.1, kSmall); }),
              HasSubstr("is int8 already"));
}

}  // namespace
}  // namespace octet
