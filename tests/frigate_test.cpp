// The frigate layout, decoded as Frigate's Edge TPU detector is documented to decode it. The boxes
// are octet's.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "core/folder.h"
#include "detect/detector.h"
#include "engine/registry.h"
#include "format/listing.h"
#include "format/model_file.h"
#include "media/image/image_io.h"
#include "model/passes/passes.h"
#include "testing/testing.h"
#include "verify/compare_exports.h"
#include "vision/box.h"

namespace octet {
namespace {

using testing::HasSubstr;

namespace fs = std::filesystem;

constexpr Size kSize{320, 320};
constexpr float kLeastScore = 0.4F;  // of Frigate
constexpr float kLeastOverlap = 0.4F;

Model shipped_model() {
  return fold_batch_norm(read_model_file(OCTET_SOURCE_DIR "/samples/yolov8n-int8.safetensors"));
}

// The integers of an output, and what the file says of them.
struct Rows {
  std::vector<int8_t> values;  // (cells, columns)
  size_t columns = 0;
  float scale = 0;
  int zero_point = 0;

  [[nodiscard]] float real(size_t i) const {
    return scale * static_cast<float>(values[i] - zero_point);
  }
};

// The engine gives such outputs as real numbers.
Rows rows_of(const TensorView& view, const Port& port) {
  Rows rows{.columns = static_cast<size_t>(view.shape.at(2)),
            .scale = port.scale,
            .zero_point = port.zero_point};
  for (int64_t i = 0; i < element_count(view.shape); ++i)
    rows.values.push_back(
        static_cast<int8_t>(std::lround(view.floats()[i] / port.scale) + port.zero_point));
  return rows;
}

struct Outputs {
  Rows classes, boxes;
};

// As Frigate tells them apart: boxes have 64 columns.
Outputs run(const fs::path& file, const RgbView& picture) {
  const auto engine = load_engine("tflite");
  const ExportContent content = read_export(*export_format_of(file), file);
  const auto network = engine->compile(source_of(content, file.string()), kSize, {});
  const auto request = network->make_request();
  Letterbox(picture.size, kSize).run(picture, request->input());
  request->start();
  request->wait();
  Outputs out;
  EXPECT_EQ(network->outputs().size(), 2U);
  for (size_t i = 0; i < network->outputs().size(); ++i) {
    const Port& port = network->outputs()[i];
    EXPECT_EQ(port.shape.at(1), 40 * 40 + 20 * 20 + 10 * 10);
    (port.shape.at(2) == 64 ? out.boxes : out.classes) = rows_of(request->outputs()[i], port);
  }
  return out;
}

// Anchor points are the middles of cells, row by row, stride after stride.
struct Anchor {
  float x, y, stride;
};
std::vector<Anchor> anchors() {
  std::vector<Anchor> all;
  for (const int stride : {8, 16, 32}) {
    for (int row = 0; row < kSize.height / stride; ++row) {
      for (int column = 0; column < kSize.width / stride; ++column)
        all.push_back({static_cast<float>(column) + 0.5F, static_cast<float>(row) + 0.5F,
                       static_cast<float>(stride)});
    }
  }
  return all;
}

PixelBox box_at(const Rows& boxes, size_t cell, const Anchor& anchor) {
  std::array<float, 4> sides{};
  for (size_t side = 0; side < 4; ++side) {
    float sum = 0;
    for (size_t bin = 0; bin < 16; ++bin) {
      const float e = std::exp(boxes.real(cell * 64 + side * 16 + bin));
      sum += e;
      sides[side] += e * static_cast<float>(bin);
    }
    sides[side] /= sum;
  }
  return {(anchor.x - sides[0]) * anchor.stride, (anchor.y - sides[1]) * anchor.stride,
          (anchor.x + sides[2]) * anchor.stride, (anchor.y + sides[3]) * anchor.stride};
}

bool overlaps(const std::vector<Detection>& kept, const PixelBox& box) {
  return std::any_of(kept.begin(), kept.end(), [&](const Detection& d) {
    return intersection_over_union(d.box, box) > kLeastOverlap;
  });
}

// In pixels of the input. The zero point is subtracted in 8 bits, as NumPy subtracts a number from
// an array of int8.
std::vector<Detection> decoded(const Outputs& out) {
  const std::vector<Anchor> at = anchors();
  std::vector<Detection> found;
  for (size_t cell = 0; cell < at.size(); ++cell) {
    const int8_t* row = &out.classes.values[cell * out.classes.columns];
    const int8_t* best = std::max_element(row, row + out.classes.columns);
    const auto least =
        static_cast<int>(std::log(kLeastScore / (1 - kLeastScore)) / out.classes.scale +
                         static_cast<float>(out.classes.zero_point));
    if (*best < least) continue;
    const auto steps = static_cast<int8_t>(*best - out.classes.zero_point);
    found.push_back({.box = box_at(out.boxes, cell, at[cell]),
                     .class_index = static_cast<int>(best - row),
                     .confidence = 1 / (1 + std::exp(-out.classes.scale * steps))});
  }
  std::stable_sort(found.begin(), found.end(), [](const Detection& a, const Detection& b) {
    return a.confidence > b.confidence;
  });
  std::vector<Detection> kept;
  for (const Detection& d : found)
    if (!overlaps(kept, d.box)) kept.push_back(d);
  return kept;
}

// octet's, in pixels of the input, without those that overlap others. The best cell gives the box, as
// in Frigate; octet's own programs take the mean of several (Voting).
std::vector<Detection> own(const fs::path& file, const RgbView& picture, float threshold) {
  const Artifact artifact = open_artifact(file);
  const auto engine = load_engine("tflite");
  const auto network = engine->compile(source_of(artifact.content, file.string()), kSize, {});
  const auto request = network->make_request();
  Letterbox(picture.size, kSize).run(picture, request->input());
  request->start();
  request->wait();
  Decoder decoder({artifact.info, artifact.layout, kSize, network->outputs()}, Voting::kNone);
  Detections found;
  decoder.decode(request->outputs(), letterbox_geometry(kSize, kSize),
                 {.score_threshold = threshold}, found);
  std::vector<Detection> kept;
  for (const Detection& d : found.items)
    if (!overlaps(kept, d.box)) kept.push_back(d);
  return kept;
}

// Boxes end with the picture in octet.
PixelBox within(const PixelBox& box) {
  const auto x = [](float v) { return std::clamp(v, 0.0F, static_cast<float>(kSize.width)); };
  const auto y = [](float v) { return std::clamp(v, 0.0F, static_cast<float>(kSize.height)); };
  return {x(box.x1), y(box.y1), x(box.x2), y(box.y2)};
}

class Frigate : public testing::Test {
 protected:
  fs::path write(const Model& model, Layout layout, const std::string& name) {
    write_export(export_format("edgetpu"), folder_ / name, model,
                 {.size = kSize, .layout = layout});
    return folder_ / name;
  }

  TemporaryFolder folder_;
};

// The best overlap with a detection of the same class and nearly the same score; 0: there is none.
float best_overlap(const std::vector<Detection>& list, const Detection& wanted) {
  float best = 0;
  for (const Detection& d : list) {
    if (d.class_index == wanted.class_index && std::abs(d.confidence - wanted.confidence) < 0.05F)
      best = std::max(best, intersection_over_union(within(d.box), wanted.box));
  }
  return best;
}

// Of two cells with the same score either may give the box. The scales of a raw export are finer.
TEST_F(Frigate, DecodesToOctetsBoxes) {
  const Model model = shipped_model();
  const fs::path raw = write(model, Layout::kRaw, "raw.tflite");
  const fs::path file = write(model, Layout::kFrigate, "frigate.tflite");
  int compared = 0;
  int equal = 0;
  int equal_to_raw = 0;
  for (const fs::path& path : list_folder(OCTET_SOURCE_DIR "/samples/coco/images/val")) {
    const Image image = read_image(path);
    const auto theirs = decoded(run(file, view(image)));
    for (const Detection& d : own(file, view(image), 0.45F)) {
      ++compared;
      const float overlap = best_overlap(theirs, d);
      equal += overlap >= 0.95F ? 1 : 0;
      EXPECT_GE(overlap, 0.8F) << path << " class " << d.class_index << " score " << d.confidence;
    }
    for (const Detection& d : own(raw, view(image), 0.45F))
      equal_to_raw += best_overlap(theirs, d) >= 0.95F ? 1 : 0;
  }
  RecordProperty("boxes", compared);
  RecordProperty("equal", equal);
  RecordProperty("equal_to_raw", equal_to_raw);
  EXPECT_GE(compared, 25);
  EXPECT_GE(equal, compared * 95 / 100);
  EXPECT_GE(equal_to_raw, compared * 85 / 100);
}

TEST_F(Frigate, OctetRunsItToo) {
  const Model model = shipped_model();
  const fs::path raw = write(model, Layout::kRaw, "raw.tflite");
  const fs::path file = write(model, Layout::kFrigate, "frigate.tflite");
  const Image image = read_image(OCTET_SOURCE_DIR "/samples/coco/images/val/000000000785.jpg");
  const auto find = [&](const fs::path& path) {
    Detector detector({.model = path, .trusted = true});
    const auto job = detector.make_job();
    Detections found;
    job->submit(view(image));
    job->finish({.score_threshold = 0.3F}, found);
    return found.items;
  };
  const auto expected = find(raw);
  const auto found = find(file);
  ASSERT_FALSE(expected.empty());
  ASSERT_EQ(found.size(), expected.size());
  for (size_t i = 0; i < found.size(); ++i) {
    EXPECT_EQ(found[i].class_index, expected[i].class_index);
    EXPECT_GE(intersection_over_union(found[i].box, expected[i].box), 0.95F);
  }
  const ExportComparison e = compare_export(model, file);
  EXPECT_EQ(e.layout, Layout::kFrigate);
  EXPECT_TRUE(e.mismatches.empty());
}

// The classes of a model, cut down to the first few.
Model with_classes(Model model, size_t count) {
  for (const Output& o : model.outputs()) {
    if (o.role != OutputRole::kClass) continue;
    const auto node = std::find_if(model.graph.nodes.begin(), model.graph.nodes.end(),
                                   [&](const Node& n) { return n.name == o.value; });
    auto& conv = std::get<Conv2d>(node->op);
    auto& q = model.quantization.convs.at(o.value);
    const size_t weights = q.weight.size() / q.scales.size();
    conv.weight.shape[0] = static_cast<int64_t>(count);
    conv.weight.values.resize(count * weights);
    conv.bias.shape[0] = static_cast<int64_t>(count);
    conv.bias.values.resize(count);
    q.scales.resize(count);
    q.weight.resize(count * weights);
    q.bias.resize(count);
  }
  model.info.names.resize(count);
  return model;
}

// One column would not be taken for classes, and 64 would be taken for boxes.
TEST_F(Frigate, OneClassAnd64GetAnotherThatIsNeverFound) {
  const Image image = read_image(OCTET_SOURCE_DIR "/samples/coco/images/val/000000000785.jpg");
  for (const size_t count : {1, 64}) {
    const Model model = with_classes(shipped_model(), count);
    const fs::path file = write(model, Layout::kFrigate, "few.tflite");
    const Outputs out = run(file, view(image));
    ASSERT_EQ(out.classes.columns, count + 1);
    for (size_t i = count; i < out.classes.values.size(); i += count + 1)
      ASSERT_EQ(out.classes.values[i], -128) << i;
    const auto found = decoded(out);
    ASSERT_FALSE(found.empty()) << count;
    EXPECT_EQ(found[0].class_index, 0);
    EXPECT_EQ(open_artifact(file).info.names.back(), "unused");
    EXPECT_TRUE(compare_export(model, file).mismatches.empty());
  }
}

TEST_F(Frigate, ScoresDoNotWrapAround) {
  Model model = shipped_model();
  for (const Output& o : model.outputs())
    if (o.role == OutputRole::kClass) model.quantization.values[o.value].zero_point = -60;
  const fs::path file = write(model, Layout::kFrigate, "high.tflite");
  const ExportFormat& format = *export_format_of(file);
  const ExportListing listing = format.list(read_export(format, file), "high.tflite");
  const auto& bytes = listing.tensors.at("class.zero_point").bytes;
  EXPECT_GE(static_cast<int8_t>(bytes[0]), 0);
}

TEST_F(Frigate, RefusesWhatFrigateCannotRead) {
  const auto error = [&](const char* format, const Model& model) {
    return error_of([&] {
      (void)make_export(export_format(format), model, {kSize, Layout::kFrigate});
    });
  };
  Model model = shipped_model();
  EXPECT_THAT(error("onnx", model), HasSubstr("is for --format tflite and edgetpu, not for onnx"));
  model.info.head.bins[15] = 16;
  EXPECT_THAT(error("tflite", model), HasSubstr("the bins 0 to 15"));
  model = shipped_model();
  model.quantization.convs.erase(model.outputs()[0].value);
  EXPECT_THAT(error("tflite", model), HasSubstr("is not the end of an int8 convolution"));
  model.quantization = {};
  EXPECT_THAT(error("tflite", model), HasSubstr("takes int8 models only"));
}

}  // namespace
}  // namespace octet
