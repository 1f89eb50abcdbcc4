#include "detect/raw_network.h"

#include <gtest/gtest.h>

#include "detect/test_pose_network.h"
#include "testing/testing.h"

namespace octet {
namespace {

Image picture_of(uint8_t red) {
  Image image{.width = 64, .height = 64, .rgb = std::vector<uint8_t>(64 * 64 * 3)};
  for (size_t i = 0; i < image.rgb.size(); i += 3) image.rgb[i] = red;
  return image;
}

// The heat map (1, 2, 16, 16) as an image, as one list, and as rows of two numbers.
TEST(RawNetwork, CountsImagesInAnAxisOfTheirOwn) {
  for (const Shape& shape : {Shape{}, Shape{1, 512}, Shape{256, 2}, Shape{512}}) {
    const TemporaryFolder folder;
    Model model = colour_pose_network();
    model.info.pose_head.reset();
    model.head_outputs.at(0).raw.shape = shape;
    write_model_file(folder / "m.safetensors", model, StorageKind::kF32);
    Detector detector({.model = folder / "m.safetensors", .raw = true});
    RawNetwork network(detector);
    for (const uint8_t red : {uint8_t{0}, uint8_t{200}, uint8_t{255}}) {
      const Image image = picture_of(red);
      network.run(view(image));
    }
    const NamedArray& array = network.arrays().at(0);
    Shape expected = shape.empty() ? Shape{1, 2, 16, 16} : shape;
    if (expected[0] != 1) expected.insert(expected.begin(), 1);
    expected[0] = 3;
    EXPECT_EQ(array.shape, expected);
    EXPECT_EQ(array.values.size(), static_cast<size_t>(element_count(expected)));
  }
}

}  // namespace
}  // namespace octet
