// The devices of OpenVINO: those behind AUTO, HETERO and MULTI give what the CPU gives.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>

#include "core/folder.h"
#include "engine/registry.h"
#include "format/model_file.h"
#include "model/passes/passes.h"
#include "testing/testing.h"

namespace octet {
namespace {

using testing::HasSubstr;

namespace fs = std::filesystem;

constexpr Size kSize{96, 64};

class Devices : public testing::Test {
 protected:
  Devices() : engine_(load_engine("openvino")) {
    Model model = read_model_file(OCTET_SOURCE_DIR "/samples/yolov8n-int8.safetensors");
    content_ =
        make_export(export_format("openvino"), fold_batch_norm(std::move(model)), {.size = kSize});
  }
  std::unique_ptr<Network> compile(const std::string& device, const fs::path& cache = {}) {
    return engine_->compile(source_of(content_, "m.xml"), kSize,
                            {.threads = 1, .cache = cache, .settings = {{"device", device}}});
  }
  std::vector<std::byte> run(Network& network) {
    const auto request = network.make_request();
    for (int i = 0; i < kSize.width * kSize.height * 3; ++i)
      request->input()[i] = static_cast<uint8_t>(i * 7 + i / 97);
    request->start();
    request->wait();
    std::vector<std::byte> all;
    for (const TensorView& view : request->outputs()) {
      const auto* bytes = static_cast<const std::byte*>(view.data);
      all.insert(all.end(), bytes,
                 bytes + static_cast<size_t>(element_count(view.shape)) * element_size(view.type));
    }
    return all;
  }
  std::string error(const std::string& device) {
    return error_of([&] { (void)compile(device); });
  }

  std::unique_ptr<Engine> engine_;
  ExportContent content_;
};

TEST_F(Devices, SharedOnesGiveTheIntegersOfTheCpu) {
  const auto cpu = compile("");
  const std::vector<std::byte> expected = run(*cpu);
  EXPECT_THAT(cpu->description().device, testing::StartsWith("CPU: "));
  EXPECT_GT(std::count_if(expected.begin(), expected.end(),
                          [](std::byte b) { return b != std::byte{0}; }),
            1000);
  for (const std::string device : {"CPU", "AUTO", "AUTO:CPU", "HETERO:CPU", "MULTI:CPU"}) {
    if (device == "AUTO" && engine_->devices().size() > 1) continue;  // the device is another
    const auto network = compile(device);
    EXPECT_EQ(run(*network), expected) << device;
    EXPECT_THAT(network->description().device,
                HasSubstr(device == "CPU" ? "CPU: " : device + " on CPU: "));
    EXPECT_EQ(network->description().precision, cpu->description().precision) << device;
    EXPECT_EQ(network->description().threads, 1) << device;
  }
}

TEST_F(Devices, AreListedWithTheirPrecisions) {
  const auto list = engine_->devices();
  const auto cpu =
      std::find_if(list.begin(), list.end(), [](const EngineDevice& d) { return d.name == "CPU"; });
  ASSERT_NE(cpu, list.end());
  EXPECT_FALSE(cpu->title.empty());
  EXPECT_THAT(cpu->precisions, testing::IsSupersetOf({"fp32", "int8"}));
  EXPECT_TRUE(load_engine("tflite")->devices().empty());
}

TEST_F(Devices, AbsentOnesAreRefusedWithThosePresent) {
  EXPECT_THAT(error("MYRIAD"), HasSubstr("--device MYRIAD: MYRIAD is not present; OpenVINO finds "
                                         "here: CPU"));
  EXPECT_THAT(error("HETERO:MYRIAD,CPU"), HasSubstr("MYRIAD is not present"));
  EXPECT_THAT(error("AUTO:"), HasSubstr("names no device"));
  EXPECT_THAT(error("HETERO"), HasSubstr("HETERO needs a list, as in HETERO:GPU,CPU"));
  EXPECT_THAT(error("cpu"), HasSubstr("cpu is not present"));
  EXPECT_THAT(error("BATCH:CPU"), HasSubstr("BATCH:CPU is not present"));
}

// Only a device by itself writes files.
TEST_F(Devices, OneAloneIsKeptInTheCache) {
  const TemporaryFolder cache;
  (void)compile("AUTO:CPU", cache.path());
  EXPECT_TRUE(list_folder(cache.path()).empty());
  (void)compile("CPU", cache.path());
  EXPECT_EQ(list_folder(cache.path()).size(), 1U);
  EXPECT_TRUE(compile("", cache.path())->description().from_cache);
}

// An IR with fp16 weights, as devices of OpenVINO 2022.3 take it, in the newest runtime.
TEST_F(Devices, HalfWeightsGiveNearlyTheSameValues) {
  const Model model =
      fold_batch_norm(read_model_file(OCTET_SOURCE_DIR "/samples/yolov8n.safetensors"));
  const auto values = [&](bool half) {
    content_ = make_export(export_format("openvino"), model,
                           {.size = kSize, .half_weights = half, .opset = half ? 8 : 0});
    const auto network = compile("");
    const std::vector<std::byte> bytes = run(*network);
    std::vector<float> all(bytes.size() / sizeof(float));
    std::memcpy(all.data(), bytes.data(), bytes.size());
    return all;
  };
  const std::vector<float> whole = values(false);
  const std::vector<float> half = values(true);
  ASSERT_EQ(half.size(), whole.size());
  double sum = 0;
  double most = 0;
  for (size_t i = 0; i < half.size(); ++i) {
    const double apart = std::abs(static_cast<double>(half[i]) - whole[i]);
    sum += apart;
    most = std::max(most, apart);
  }
  EXPECT_LT(sum / static_cast<double>(half.size()), 0.01);
  EXPECT_LT(most, 0.5);
  EXPECT_GT(sum, 0) << "the weights were rounded";
}

}  // namespace
}  // namespace octet
