#include "compress/work_key.h"

#include <gtest/gtest.h>

#include "measure/cost/cost_file.h"
#include "testing/testing.h"

namespace octet {
namespace {

class WorkKey : public testing::Test {
 protected:
  WorkKey() {
    o_.models = {"none.pt"};
    o_.pricing.source = (folder_ / "pi5.json").string();
    Sample sample{.image = "a.jpg"};
    sample.objects.push_back({.box = {1, 2, 3, 4}});
    data_.samples = {sample};
    table_.add({{.op = kImageLayer, .height = 32, .width = 64}, 3, 3}, 1e-3);
  }
  [[nodiscard]] std::string key() const {
    write_cost_table(o_.pricing.source, table_);
    return work_key(o_, {data_, data_}, Pricing(o_.pricing, "1"));
  }

  TemporaryFolder folder_;
  CompressOptions o_;
  Dataset data_;
  CostTable table_{
      {.engine = "tflite", .engine_version = "E 1", .processor = "P", .threads = 4, .octet = "1"},
      {}};
};

TEST_F(WorkKey, ChangesWithTheLabels) {
  const std::string before = key();
  EXPECT_EQ(key(), before);
  data_.samples[0].objects[0].box.x2 = 5;
  const std::string moved = key();
  EXPECT_NE(moved, before);
  data_.samples.push_back({.image = "b.jpg"});
  EXPECT_NE(key(), moved);
}

TEST_F(WorkKey, ChangesWithTheKeypointsOfMirroredImages) {
  data_.flip_index = {0, 1, 2};
  const std::string before = key();
  data_.flip_index = {1, 0, 2};
  EXPECT_NE(key(), before);
}

TEST_F(WorkKey, StaysWhereATableGrows) {
  const std::string before = key();
  table_.add({{.op = kImageLayer, .height = 64, .width = 64}, 3, 3}, 1e-3);
  EXPECT_EQ(key(), before);
}

TEST_F(WorkKey, ChangesWithTheMachineOfATable) {
  const std::string before = key();
  table_ = CostTable(
      {.engine = "tflite", .engine_version = "E 2", .processor = "P", .threads = 4, .octet = "1"},
      {});
  EXPECT_NE(key(), before);
}

}  // namespace
}  // namespace octet
