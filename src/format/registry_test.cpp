#include "format/registry.h"

#include <gtest/gtest.h>

#include <set>

#include "format/listing.h"
#include "format/model_file.h"
#include "format/tflite/targets.h"
#include "graph/passes/passes.h"
#include "testing/testing.h"

namespace octet {
namespace {
namespace fs = std::filesystem;

constexpr Size kSize{64, 64};

Model tiny() {
  Model m = read_model(OCTET_SOURCE_DIR "/tests/data/checkpoints/v8.4.190-detect3.pt");
  m.graph = fold_batch_norm(std::move(m.graph));
  return m;
}

TEST(Registry, NamesAreUniqueAndFound) {
  std::set<std::string_view> names;
  for (const ExportFormat& format : export_formats()) {
    EXPECT_TRUE(names.insert(format.name).second) << format.name;
    EXPECT_EQ(&export_format(format.name), &format);
    const ExportFormat* by_extension = export_format_of("m" + std::string(format.extension));
    ASSERT_NE(by_extension, nullptr);
    EXPECT_EQ(by_extension->extension, format.extension);
  }
  EXPECT_EQ(export_format_of("m.safetensors"), nullptr);
  EXPECT_EQ(export_format_of("m"), nullptr);
  EXPECT_EQ(export_format_of("m.tflite")->name, "tflite") << "not what another makes of it";
  EXPECT_EQ(error_of([] { (void)export_format("caffe"); }),
            "--format caffe: is not known; there are: onnx, openvino, tflite, edgetpu, "
            "saved_model");
}

// Each format's writer, reader of metadata and listing understand each other.
TEST(Registry, EveryFormatReadsWhatItWrites) {
  const Model model = tiny();
  for (const ExportFormat& format : export_formats()) {
    if (format.int8_only) {
      const std::string said = error_of([&] { (void)make_export(format, model, {.size = kSize}); });
      EXPECT_NE(said.find("octet quantize"), std::string::npos) << said;
      continue;
    }
    const TemporaryFolder folder;
    const fs::path file = folder / ("m" + std::string(format.extension));
    write_export(format, file, model, {.size = kSize});
    EXPECT_EQ(files_of_export(file).size(), format.weights_extension.empty() ? 1U : 2U);
    const ExportContent written = read_export(format, file);
    EXPECT_TRUE(format.read_metadata(written, file.string()).contains("octet")) << format.name;
    const ExportContent made = make_export(format, model, {.size = kSize});
    EXPECT_EQ(written.main, made.main) << format.name;
    EXPECT_EQ(written.weights, made.weights) << format.name;
    EXPECT_GT(format.list(written, file.string()).tensors.size(), 10U) << format.name;
  }
}

TEST(Registry, TargetsAreAskedThroughTheRow) {
  const Model model = tiny();
  const ExportFormat& format = export_format("tflite");
  ASSERT_NE(format.check_target, nullptr);
  const ExportContent content = make_export(format, model, {.size = kSize});
  const TargetReport report = format.check_target(content, "m.tflite", "edgetpu");
  EXPECT_GT(report.operators, 10U);
  EXPECT_EQ(report.fallbacks.size(), report.operators) << "all computes in float";
  EXPECT_EQ(export_format("onnx").check_target, nullptr);
}

}  // namespace
}  // namespace octet
