// What a frame costs outside inference, on one thread: letterbox of a 768 × 432 frame, decoding and
// suppression at 640.
#include <benchmark/benchmark.h>

#include <random>

#include "vision/decode.h"
#include "vision/letterbox.h"

namespace octet {
namespace {

constexpr Size kSource{768, 432};

std::vector<uint8_t> random_bytes(size_t count) {
  std::mt19937 random(1);
  std::vector<uint8_t> bytes(count);
  for (uint8_t& b : bytes) b = static_cast<uint8_t>(random());
  return bytes;
}

void letterbox_yuv(benchmark::State& state) {
  const Size input{640, static_cast<int>(state.range(0))};
  std::vector<uint8_t> planes[3];
  YuvView yuv{.size = kSource};
  for (int p = 0; p < 3; ++p) {
    const int shrink = p == 0 ? 1 : 2;
    planes[p] =
        random_bytes(static_cast<size_t>(kSource.width / shrink) * (kSource.height / shrink));
    yuv.planes[p] = planes[p].data();
    yuv.strides_bytes[p] = kSource.width / shrink;
  }
  Letterbox letterbox(kSource, input);
  std::vector<uint8_t> out(static_cast<size_t>(input.width) * input.height * 3);
  for ([[maybe_unused]] auto _ : state) {
    letterbox.run(yuv, out.data());
    benchmark::DoNotOptimize(out.data());
  }
}
BENCHMARK(letterbox_yuv)->Arg(384)->Arg(640)->Unit(benchmark::kMillisecond);

void letterbox_rgb(benchmark::State& state) {
  const Image image{.width = kSource.width,
                    .height = kSource.height,
                    .rgb = random_bytes(static_cast<size_t>(kSource.width) * kSource.height * 3)};
  const Size input{640, static_cast<int>(state.range(0))};
  Letterbox letterbox(kSource, input);
  std::vector<uint8_t> out(static_cast<size_t>(input.width) * input.height * 3);
  for ([[maybe_unused]] auto _ : state) {
    letterbox.run(view(image), out.data());
    benchmark::DoNotOptimize(out.data());
  }
}
BENCHMARK(letterbox_rgb)->Arg(384)->Arg(640)->Unit(benchmark::kMillisecond);

// Eighty classes at 640 square; `busy` cells are above the threshold, in clusters as objects make
// them.
void decode_and_nms(benchmark::State& state) {
  ModelInfo info;
  info.names.resize(80, "class");
  info.head.strides = {8, 16, 32};
  for (int i = 0; i < 16; ++i) info.head.bins.push_back(static_cast<float>(i));
  std::mt19937 random(2);
  std::normal_distribution<float> noise(0, 1);
  std::vector<std::vector<float>> data;
  std::vector<TensorView> outputs;
  std::vector<Port> ports;
  for (const int stride : info.head.strides) {
    const int side = 640 / stride;
    for (const OutputRole role : info.head.roles()) {
      ports.push_back({.name = Output{.value = "", .role = role, .stride = stride}.name(),
                       .shape = {1, info.head.channels(role, info.names.size()), side, side}});
      auto& values = data.emplace_back(static_cast<size_t>(element_count(ports.back().shape)));
      for (float& v : values) v = role == OutputRole::kClass ? -8 + noise(random) : noise(random);
      if (role == OutputRole::kClass) {
        for (int i = 0; i < state.range(0) / 3; ++i)
          values[random() % 5 * values.size() / 80 + random() % (side * 4)] =
              1 + noise(random) * 0.3F;
      }
    }
  }
  for (size_t i = 0; i < data.size(); ++i)
    outputs.push_back({.data = data[i].data(), .shape = ports[i].shape});
  Decoder decoder({info, Layout::kRaw, {640, 640}, ports}, Voting::kMean);
  Detections found;
  for ([[maybe_unused]] auto _ : state) {
    decoder.decode(outputs, letterbox_geometry(kSource, {640, 640}), {}, found);
    benchmark::DoNotOptimize(found.items.data());
  }
  state.counters["kept"] = static_cast<double>(found.items.size());
}
BENCHMARK(decode_and_nms)->Arg(0)->Arg(60)->Arg(600)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace octet
