#include "adapt/output_distance.h"

#include <gtest/gtest.h>

#include <cmath>

#include "core/error.h"
#include "testing/testing.h"

namespace octet {
namespace {

// One class, one stride, two bins, two cells; with keypoints where wanted.
Model tiny(int keypoints) {
  Model model;
  model.info.names = {"cell"};
  model.info.head = {.strides = {8}, .bins = {0, 1}};
  model.add_output({"box", OutputRole::kBox, 8});
  model.add_output({"cls", OutputRole::kClass, 8});
  if (keypoints == 0) return model;
  model.info.task = Task::kPose;
  model.info.head.keypoints = keypoints;
  model.info.head.keypoint_dims = 3;
  model.add_output({"kpt", OutputRole::kKeypoint, 8});
  model.add_output({"vis", OutputRole::kVisibility, 8});
  return model;
}

OutputValues values(int keypoints) {
  OutputValues v{{"box_8", std::vector<float>(16, 0.5F)}, {"class_8", {2, -9}}};
  for (size_t i = 0; i < 16; ++i) v["box_8"][i] = static_cast<float>(i % 5);
  if (keypoints > 0) {
    v["keypoint_8"] = std::vector<float>(static_cast<size_t>(4 * keypoints), 0.25F);
    v["visibility_8"] = std::vector<float>(static_cast<size_t>(2 * keypoints), 1);
  }
  return v;
}

double distance(const Model& model, const OutputValues& found, const OutputValues& wanted) {
  OutputDistance distance(model);
  distance.add(found, wanted);
  return distance.value();
}

TEST(OutputDistance, OfEqualOutputsIsZero) {
  for (const int keypoints : {0, 3})
    EXPECT_EQ(distance(tiny(keypoints), values(keypoints), values(keypoints)), 0);
}

// A cell of probability 0.88 in the one network and 0.73 in the other.
TEST(OutputDistance, OfClassesIsTheirDivergence) {
  OutputValues found = values(0);
  found["class_8"] = {1, -8};
  const double p = 1 / (1 + std::exp(-2.0)), q = 1 / (1 + std::exp(-1.0));
  const double divergence = p * std::log(p / q) + (1 - p) * std::log((1 - p) / (1 - q));
  const double weight = p + 1 / (1 + std::exp(9.0));
  EXPECT_NEAR(distance(tiny(0), found, values(0)), divergence / weight, 1e-6)
      << "logits of -8 and -9 are both no detection";
}

TEST(OutputDistance, CountsBoxesWhereAnObjectIs) {
  OutputValues seen = values(0), unseen = values(0);
  seen["box_8"][0] += 1;    // of the first cell
  unseen["box_8"][1] += 1;  // of the second
  EXPECT_GT(distance(tiny(0), seen, values(0)), 100 * distance(tiny(0), unseen, values(0)));
}

TEST(OutputDistance, CountsKeypointsAndTheirVisibility) {
  for (const char* part : {"keypoint_8", "visibility_8"}) {
    OutputValues moved = values(3);
    moved[part][0] += 2;
    EXPECT_GT(distance(tiny(3), moved, values(3)), 0.01) << part;
  }
}

TEST(OutputDistance, NamesAnOutputThatIsMissing) {
  OutputValues found = values(0);
  found.erase("box_8");
  EXPECT_EQ(error_of([&] { (void)distance(tiny(0), found, values(0)); }),
            "'box_8': the output is missing");
}

}  // namespace
}  // namespace octet
