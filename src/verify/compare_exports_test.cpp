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

TEST(CompareExport, KnowsHalfWeights) {
  const TemporaryFolder folder;
  Model model = fold_batch_norm(read_model_file(OCTET_SOURCE_DIR "/samples/yolov8n.safetensors"));
  const fs::path file = folder / "m.xml";
  write_export(export_format("openvino"), file, model, {.size = kSize, .half_weights = true});
  EXPECT_TRUE(compare_export(model, file).mismatches.empty());
  for (Node& node : model.graph.nodes) {
    auto* conv = std::get_if<Conv2d>(&node.op);
    if (conv == nullptr) continue;
    conv->weight.values.at(7) += 0.5F;
    const auto mismatches = compare_export(model, file).mismatches;
    ASSERT_EQ(mismatches.size(), 1U);
    EXPECT_EQ(mismatches[0].tensor, node.name + ".weight");
    return;
  }
}

// Weights alone are not the model: what its outputs mean has to be the same.
TEST(CompareExport, NamesTheMetadataThatDiffer) {
  const TemporaryFolder folder;
  const Model model = sample();
  Model other = model;
  std::swap(other.info.names.at(0), other.info.names.at(1));
  for (float& bin : other.info.head.bins) bin *= 2;
  for (const ExportFormat& format : export_formats()) {
    const fs::path file = folder / ("m" + std::string(format.extension));
    write_export(format, file, other, {.size = kSize});
    const auto mismatches = compare_export(model, file).mismatches;
    ASSERT_EQ(mismatches.size(), 2U) << format.name;
    EXPECT_EQ(mismatches[0].tensor, "metadata");
    EXPECT_EQ(mismatches[0].field, "bins");
    EXPECT_EQ(mismatches[1].field, "names");
  }
}

// Its text says what an engine reads: a port of another size is another network.
TEST(CompareExport, NamesThePortsOfAnIrThatDiffer) {
  const TemporaryFolder folder;
  const Model model = sample();
  write_export(export_format("openvino"), folder / "m.xml", model, {.size = kSize});
  std::string xml = read_text_file(folder / "m.xml");
  const size_t at = xml.find("<dim>", xml.size() / 2);
  xml.replace(at, 6, "<dim>9");
  write_text_file(folder / "m.xml", xml);
  EXPECT_FALSE(compare_export(model, folder / "m.xml").mismatches.empty());
}

TEST(CompareExport, RefusesWhatIsNoExportOfOctets) {
  const TemporaryFolder folder;
  EXPECT_NE(error_of([&] { (void)compare_export(sample(), "m.pt"); }).find("is no export"),
            std::string::npos);
  write_text_file(folder / "m.xml", "<net name='x' version='11'><layers/><edges/></net>");
  write_text_file(folder / "m.bin", "");
  EXPECT_NE(error_of([&] {
              (void)compare_export(sample(), folder / "m.xml");
            }).find("was not exported by octet"),
            std::string::npos);
}

// A few hundred kilobytes of brackets: JSON that is gone through level by level has no stack left.
TEST(CompareExport, RefusesMetadataNestedWithoutEnd) {
  const TemporaryFolder folder;
  const std::string deep = std::string(200'000, '[') + std::string(200'000, ']');
  const std::string entry =
      R"(<octet value="{&quot;imgsz&quot;:[64,96],&quot;layout&quot;:&quot;raw&quot;,)"
      R"(&quot;info&quot;:{&quot;x&quot;:)" +
      deep + R"(}}"/>)";
  write_text_file(folder / "m.xml", "<net name='x' version='11'><layers/><edges/><rt_info>" +
                                        entry + "</rt_info></net>");
  write_text_file(folder / "m.bin", "");
  EXPECT_NE(error_of([&] {
              (void)compare_export(sample(), folder / "m.xml");
            }).find("m.xml: is nested deeper than 100 levels"),
            std::string::npos);
}

}  // namespace
}  // namespace octet
