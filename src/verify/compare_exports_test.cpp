#include "verify/compare_exports.h"

#include <gtest/gtest.h>

#include "core/file.h"
#include "format/model_file.h"
#include "format/registry.h"
#include "model/passes/passes.h"
#include "testing/testing.h"

namespace octet {
namespace {
namespace fs = std::filesystem;

constexpr Size kSize{64, 96};

Model sample() {
  Model m = read_model_file(OCTET_SOURCE_DIR "/samples/yolov8n-int8.safetensors");
  return fold_batch_norm(std::move(m));
}

// In every format: the parameters are those of the model, and as many.
TEST(CompareExport, FindsEveryParameterOfTheModel) {
  const TemporaryFolder folder;
  const Model model = sample();
  int64_t all = -1;
  for (const ExportFormat& format : export_formats()) {
    const fs::path file = folder / ("m" + std::string(format.extension));
    write_export(format, file, model, {.size = kSize});
    const ExportComparison c = compare_export(model, file);
    EXPECT_TRUE(c.mismatches.empty()) << format.name << ": " << c.mismatches[0].tensor;
    EXPECT_EQ(c.size, kSize);
    EXPECT_GT(c.parameters.compared, 3'000'000) << format.name;
    if (all < 0) all = c.parameters.compared + c.parameters.absent;
    EXPECT_EQ(c.parameters.compared + c.parameters.absent, all) << format.name;
  }
}

TEST(CompareExport, NamesTheScaleThatDiffers) {
  const TemporaryFolder folder;
  Model model = sample();
  const fs::path file = folder / "m.onnx";
  write_export(export_format("onnx"), file, model,
               {.size = kSize, .activations = ElementType::kInt8});
  EXPECT_TRUE(compare_export(model, file).mismatches.empty());
  auto& [name, conv] = *model.quantization.convs.begin();
  ++conv.bias.at(0);
  const auto mismatches = compare_export(model, file).mismatches;
  ASSERT_EQ(mismatches.size(), 1U);
  EXPECT_NE(mismatches[0].tensor.find(name), std::string::npos) << mismatches[0].tensor;
}

TEST(CompareExport, RefusesWhatIsNoExportOfOctets) {
  const TemporaryFolder folder;
  EXPECT_NE(error_of([&] { (void)compare_export(sample(), "m.pt"); }).find("is no export"),
            std::string::npos);
  write_text_file(folder / "m.xml", "<net name='x' version='11'><layers/><edges/></net>");
  EXPECT_NE(error_of([&] {
              (void)compare_export(sample(), folder / "m.xml");
            }).find("was not exported by octet"),
            std::string::npos);
}

}  // namespace
}  // namespace octet
