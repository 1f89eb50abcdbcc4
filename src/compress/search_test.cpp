#include "compress/search.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

namespace octet {
namespace {

using testing::ElementsAre;

TEST(Finalists, AreTheBestPrunedAndTheBestUnpruned) {
  EXPECT_THAT(finalists({{.pruned = false, .score = 0.5},
                         {.pruned = true, .score = 0.3},
                         {.pruned = true, .score = 0.4},
                         {.pruned = false, .score = 0.45}}),
              ElementsAre(2, 0));
  EXPECT_THAT(finalists({{.pruned = true, .score = 0.3}}), ElementsAre(0));
  EXPECT_TRUE(finalists({}).empty());
}

TEST(Finalists, AreFastEnoughWhereOneIs) {
  EXPECT_THAT(finalists({{.pruned = true, .near = false, .score = 0.5},
                         {.pruned = true, .score = 0.3},
                         {.pruned = false, .near = false, .score = 0.6}}),
              ElementsAre(1));
  EXPECT_THAT(finalists({{.pruned = true, .near = false, .score = 0.5}}), ElementsAre(0));
}

// It has its whole training, and another model only a short one yet.
TEST(Finalists, TheFirstModelTakesNoPlaceOfAnother) {
  EXPECT_THAT(finalists({{.first = true, .score = 0.6},
                         {.pruned = false, .score = 0.5},
                         {.pruned = true, .score = 0.4}}),
              ElementsAre(2, 1, 0));
  EXPECT_THAT(finalists({{.first = true, .score = 0.6}}), ElementsAre(0));
}

// After five epochs a pruned model was 0.09 below what it had at the end.
TEST(Hope, IsLargerForPrunedModels) {
  EXPECT_TRUE(hopeful({{.pruned = true, .score = 0.53}}, 0.62, 0.005));
  EXPECT_FALSE(hopeful({{.pruned = true, .score = 0.45}}, 0.62, 0.005));
  EXPECT_FALSE(hopeful({{.pruned = false, .score = 0.53}}, 0.62, 0.005));
  EXPECT_TRUE(hopeful({{.pruned = true, .score = 0.45}, {.score = 0.6}}, 0.62, 0.005));
  EXPECT_FALSE(hopeful({}, 0.62, 1));
}

TEST(Climb, FindsTheLastThatHoldsByHalves) {
  for (size_t count = 0; count <= 6; ++count) {
    for (size_t good = 0; good <= count; ++good) {
      size_t asked = 0;
      const auto last = climb(count, {.may_hold = [](size_t) { return true; },
                                      .holds =
                                          [&](size_t i) {
                                            ++asked;
                                            return i < good;
                                          }});
      EXPECT_EQ(last, good > 0 ? std::optional(good - 1) : std::nullopt);
      EXPECT_LE(asked, most_asked(count));
    }
  }
  EXPECT_EQ(most_asked(6), 3U);
}

// A whole training takes hours: none for a step without hope, or for one behind it.
TEST(Climb, TrainsNoHopelessStep) {
  for (size_t hopeful = 0; hopeful <= 4; ++hopeful) {
    std::vector<size_t> looked;
    const auto last = climb(4, {.may_hold =
                                    [&](size_t i) {
                                      looked.push_back(i);
                                      return i < hopeful;
                                    },
                                .holds =
                                    [&](size_t i) {
                                      EXPECT_LT(i, hopeful);
                                      return true;
                                    }});
    EXPECT_EQ(last, hopeful > 0 ? std::optional(hopeful - 1) : std::nullopt);
    EXPECT_EQ(looked.size(), std::min<size_t>(hopeful + 1, 4));
  }
}

}  // namespace
}  // namespace octet
