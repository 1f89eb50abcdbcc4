#include "engine/checked_network.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "testing/testing.h"

namespace octet {
namespace {

using testing::HasSubstr;

constexpr Size kSize{64, 32};

// Gives what it is told to, whatever its ports say.
class LyingNetwork : public Network {
 public:
  Port in{.name = "image", .type = ElementType::kUint8, .shape = {1, 32, 64, 3}};
  std::vector<Port> out{{.name = "box_8", .shape = {1, 4, 4, 8}}};
  TensorView given{.data = nullptr, .shape = {1, 4, 4, 8}};

  const Port& input() const override { return in; }
  const std::vector<Port>& outputs() const override { return out; }
  const NetworkDescription& description() const override { return description_; }
  std::unique_ptr<Request> make_request() override { return std::make_unique<Answer>(*this); }

 private:
  class Answer : public Request {
   public:
    explicit Answer(LyingNetwork& network) : network_(network) {}
    uint8_t* input() override { return nullptr; }
    void start() override {}
    void wait() override {}
    std::span<const TensorView> outputs() const override { return {&network_.given, 1}; }

   private:
    LyingNetwork& network_;
  };
  NetworkDescription description_;
};

std::string refusal(const std::function<void(LyingNetwork&)>& lie) {
  auto network = std::make_unique<LyingNetwork>();
  lie(*network);
  return error_of([&] { (void)check_network(std::move(network), kSize, "m.onnx"); });
}

TEST(CheckedNetwork, RefusesInputsThatAreNoPictureOfTheSize) {
  EXPECT_EQ(refusal([](LyingNetwork&) {}), "");
  EXPECT_THAT(refusal([](LyingNetwork& n) {
                n.in.shape = {1, 320, 640, 3};
              }),
              HasSubstr("m.onnx: its input is 640 × 320 pixels, 64 × 32 are expected"));
  EXPECT_THAT(refusal([](LyingNetwork& n) {
                n.in.shape = {4, 32, 64, 3};
              }),
              HasSubstr("takes 4 images at a time"));
  for (const Shape& shape : {Shape{1, 32, 64, 1}, Shape{1, 32, 64, 4}})
    EXPECT_THAT(refusal([&](LyingNetwork& n) { n.in.shape = shape; }),
                HasSubstr("is not an image of 3 channels"));
  for (const Shape& shape : {Shape{0, 32, 64, 3}, Shape{1, -32, 64, 3}, Shape{32, 64, 3}, Shape{}})
    EXPECT_THAT(refusal([&](LyingNetwork& n) { n.in.shape = shape; }), HasSubstr("m.onnx: "));
  EXPECT_THAT(refusal([](LyingNetwork& n) { n.in.type = ElementType::kFloat32; }),
              HasSubstr("bytes"));
}

TEST(CheckedNetwork, RefusesOutputsOfNoSize) {
  for (const Shape& shape :
       {Shape{1, 0, 4, 8}, Shape{1, -1, 4, 8}, Shape{1, std::numeric_limits<int64_t>::max(), 4, 8},
        Shape{1 << 20, 1 << 20, 1 << 20, 1 << 20}})
    EXPECT_THAT(refusal([&](LyingNetwork& n) { n.out[0].shape = shape; }), HasSubstr("'box_8'"));
  EXPECT_THAT(refusal([](LyingNetwork& n) { n.out.clear(); }), HasSubstr("0 outputs"));
  EXPECT_THAT(refusal([](LyingNetwork& n) { n.out[0].type = ElementType::kUint8; }),
              HasSubstr("uint8"));
  const auto rows = [](LyingNetwork& n, float scale) {
    n.out[0].type = ElementType::kInt8;
    n.out[0].channels_last = true;
    n.out[0].scale = scale;
  };
  EXPECT_EQ(refusal([&](LyingNetwork& n) { rows(n, 0.5F); }), "");
  for (const float scale : {0.0F, -1.0F, std::numeric_limits<float>::quiet_NaN()})
    EXPECT_THAT(refusal([&](LyingNetwork& n) { rows(n, scale); }), HasSubstr("scale"));
}

TEST(CheckedNetwork, ComparesEachResultWithItsPort) {
  float values[128] = {};
  const auto result = [&](const std::function<void(TensorView&)>& lie) {
    auto network = std::make_unique<LyingNetwork>();
    network->given.data = values;
    lie(network->given);
    const auto checked = check_network(std::move(network), kSize, "m.onnx");
    const auto request = checked->make_request();
    return error_of([&] { request->wait(); });
  };
  EXPECT_EQ(result([](TensorView&) {}), "");
  EXPECT_THAT(result([](TensorView& v) { v.shape = {1, 4, 4, 4}; }), HasSubstr("'box_8'"));
  EXPECT_THAT(result([](TensorView& v) { v.data = nullptr; }), HasSubstr("'box_8'"));
  EXPECT_THAT(result([](TensorView& v) { v.type = ElementType::kInt8; }), HasSubstr("int8"));
}

}  // namespace
}  // namespace octet
