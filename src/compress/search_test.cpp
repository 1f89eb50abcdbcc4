#include "compress/search.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

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
  EXPECT_THAT(finalists({{.pruned = true, .met = false, .score = 0.5},
                         {.pruned = true, .score = 0.3},
                         {.pruned = false, .met = false, .score = 0.6}}),
              ElementsAre(1));
  EXPECT_THAT(finalists({{.pruned = true, .met = false, .score = 0.5}}), ElementsAre(0));
}

// After five epochs a pruned model was 0.09 below what it had at the end.
TEST(Hope, IsLargerForPrunedModels) {
  EXPECT_TRUE(hopeful({{.pruned = true, .score = 0.53}}, 0.62, 0.005));
  EXPECT_FALSE(hopeful({{.pruned = true, .score = 0.45}}, 0.62, 0.005));
  EXPECT_FALSE(hopeful({{.pruned = false, .score = 0.53}}, 0.62, 0.005));
  EXPECT_TRUE(hopeful({{.pruned = true, .score = 0.45}, {.score = 0.6}}, 0.62, 0.005));
  EXPECT_FALSE(hopeful({}, 0.62, 1));
}

TEST(LastThatHolds, IsFoundByHalves) {
  for (size_t count = 0; count <= 6; ++count) {
    for (size_t good = 0; good <= count; ++good) {
      size_t asked = 0;
      const auto last = last_that_holds(count, [&](size_t i) {
        ++asked;
        return i < good;
      });
      EXPECT_EQ(last, good > 0 ? std::optional(good - 1) : std::nullopt);
      EXPECT_LE(asked, most_asked(count));
    }
  }
  EXPECT_EQ(most_asked(6), 3U);
}

}  // namespace
}  // namespace octet
