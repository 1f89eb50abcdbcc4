// Networks of other programs in integers: each is imported, quantized to the ranges of one picture,
// exported and run. Every file holds the model's parameters, and every engine gives the integers of
// the reference, node by node.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "core/error.h"
#include "engine/registry.h"
#include "format/import_network.h"
#include "format/registry.h"
#include "media/image/image_io.h"
#include "model/passes/passes.h"
#include "quant/reference/float_reference.h"
#include "testing/testing.h"
#include "tools/engines.h"
#include "verify/compare_engines.h"
#include "verify/compare_exports.h"
#include "vision/letterbox.h"

namespace octet {
namespace {
namespace fs = std::filesystem;

constexpr const char* kPicture = OCTET_SOURCE_DIR "/samples/coco/images/val/000000000785.jpg";

struct Case {
  const char* name;
  const char* file;
};
constexpr Case kCases[] = {{"MoveNet", "movenet-lightning.onnx"},
                           {"PoseNet", "posenet.onnx"},
                           {"BlazePose", "pose_landmark_lite.tflite"}};

class ImportedInt8 : public testing::TestWithParam<Case> {
 protected:
  void SetUp() override {
    const fs::path file =
        fs::path(OCTET_SOURCE_DIR).parent_path() / "shared/data/generic" / GetParam().file;
    if (!fs::exists(file)) GTEST_SKIP() << "no " << file;
    model_ = split_transposed(import_network(file, {}).model);
    size_ = model_.usual_size();
    const Image image = read_image(kPicture);
    std::vector<uint8_t> bytes(static_cast<size_t>(size_.width) * size_.height * 3);
    Letterbox(image.size(), size_).run(view(image), bytes.data());
    model_ = quantized(model_, run_in_float(model_.graph, as_fractions(bytes, size_)), bits());
  }

  // For the engines of this machine.
  static int bits() {
    for (const char* engine : {"openvino", "onnxruntime", "tflite"}) {
      try {
        if (load_engine(engine)->abilities().int8_saturates) return 7;
      } catch (const Error&) {
      }
    }
    return 8;
  }

  Model model_;
  Size size_;
};

TEST_P(ImportedInt8, IsTheReferenceInEveryEngine) {
  const TemporaryFolder folder;
  std::vector<fs::path> files;
  for (const char* name : {"onnx", "tflite", "openvino", "saved_model"}) {
    const ExportFormat& format = export_format(name);
    const fs::path file = folder / ("m" + std::string(format.extension));
    write_export(format, file, model_, {.size = size_});
    const ExportComparison e = compare_export(model_, file);
    EXPECT_GT(e.parameters.compared, 100000);
    EXPECT_TRUE(e.mismatches.empty())
        << file << ": " << e.mismatches[0].tensor << " " << e.mismatches[0].field;
    files.push_back(file);
  }
  Dataset data;
  data.samples.push_back({.image = kPicture, .relative = true, .objects = {}});
  const auto results =
      compare_engines(model_, size_, files, data, {"openvino", "onnxruntime", "tflite"});
  if (results.empty()) GTEST_SKIP() << "no engine is installed";
  for (const EngineComparison& c : results) {
    SCOPED_TRACE(c.engine + " " + c.device + " " + c.file);
    EXPECT_TRUE(c.agrees());
    EXPECT_EQ(c.precision, "int8");
    const auto share = [](int64_t part, const Shares& of) {
      return static_cast<double>(part) / static_cast<double>(of.values);
    };
    for (const auto& [node, s] : c.nodes.nodes) {
      EXPECT_GE(share(s.within_1, s), 0.999) << node;
      if (share(s.equal, s) < 0.999)
        RecordProperty(fmt::format("{} {} {}", c.engine, c.device, node),
                       fmt::format("{:.4f} equal", share(s.equal, s)));
    }
    // Single steps grow over the layers.
    for (const auto& [output, s] : c.outputs) EXPECT_GE(share(s.within_4, s), 0.7) << output;
  }
}

INSTANTIATE_TEST_SUITE_P(All, ImportedInt8, testing::ValuesIn(kCases),
                         [](const auto& one) { return std::string(one.param.name); });

}  // namespace
}  // namespace octet
