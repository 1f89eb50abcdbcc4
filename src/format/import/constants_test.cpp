#include "format/import/constants.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

namespace octet {
namespace {

// The other sides of a constant without numbers can have any size: their product has no meaning.
TEST(Constants, WithoutNumbersAreTransposed) {
  Budget budget("test", 1 << 20);
  const int64_t most = std::numeric_limits<int64_t>::max();
  const Constant empty{{0, int64_t{1} << 32, most}, {}};
  const Constant turned = transposed(empty, {2, 0, 1}, budget);
  EXPECT_THAT(turned.shape, testing::ElementsAre(most, 0, int64_t{1} << 32));
  EXPECT_TRUE(turned.values.empty());
}

TEST(Constants, AreTransposed) {
  Budget budget("test", 1 << 20);
  const Constant turned = transposed({{2, 3}, {1, 2, 3, 4, 5, 6}}, {1, 0}, budget);
  EXPECT_THAT(turned.shape, testing::ElementsAre(3, 2));
  EXPECT_THAT(turned.values, testing::ElementsAre(1, 4, 2, 5, 3, 6));
}

}  // namespace
}  // namespace octet
