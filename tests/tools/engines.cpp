#include "engines.h"

#include <algorithm>
#include <random>
#include <utility>

#include "engine/registry.h"
#include "format/registry.h"
#include "quant/params.h"
#include "quant/placement.h"
#include "quant/scales.h"
#include "testing/testing.h"

namespace octet {

std::vector<uint8_t> noise_image(Size size) {
  std::mt19937 random(7);
  std::vector<uint8_t> bytes(static_cast<size_t>(size.width) * size.height * 3);
  for (uint8_t& b : bytes) b = static_cast<uint8_t>(random());
  return bytes;
}

FloatTensor as_fractions(const std::vector<uint8_t>& image, Size size) {
  const size_t pixels = image.size() / 3;
  FloatTensor x{.shape = {3, size.height, size.width}, .values = std::vector<float>(image.size())};
  for (size_t i = 0; i < pixels; ++i)
    for (size_t c = 0; c < 3; ++c)
      x.values[c * pixels + i] = static_cast<float>(image[i * 3 + c]) / 255;
  return x;
}

Model quantized(const Model& model, const std::map<std::string, FloatTensor>& seen, int bits) {
  const Placement placement = place_quantizers(model);
  Scales scales{.groups = {}, .weights = {}, .weight_grid = {.bits = bits}};
  for (const auto& group : placement.groups) {
    float low = 0;
    float high = 0;
    for (const std::string& value : group) {
      const auto [least, most] =
          std::minmax_element(seen.at(value).values.begin(), seen.at(value).values.end());
      low = std::min(low, *least);
      high = std::max(high, *most);
    }
    const auto fixed = placement.fixed.find(scales.groups.size());
    scales.groups.push_back(fixed != placement.fixed.end() ? fixed->second
                                                           : params_for_range(low, high));
  }
  for (const std::string& name : placement.convs)
    scales.weights[name] =
        weight_scales(std::get<Conv2d>(model.graph.find(name)->op).weight, scales.weight_grid);
  return quantize_model(model, placement, std::move(scales));
}

const std::vector<Runner>& runners() {
  static const std::vector<Runner> list{
      {"OpenVinoIr", "openvino", "openvino"},
      {"OpenVinoOnnx", "openvino", "onnx"},
      {"OnnxRuntime", "onnxruntime", "onnx"},
      {"TfliteXnnpack", "tflite", "tflite"},
      {"TfliteOwnKernels", "tflite", "tflite", {{"delegate", "none"}}, true},
      {"ArmNn", "armnn", "tflite", {}, true},
  };
  return list;
}

std::map<std::string, std::vector<float>> run_in_engine(const Runner& runner, const Model& model,
                                                        const std::vector<uint8_t>& image,
                                                        Size size) {
  const TemporaryFolder folder;
  const ExportFormat& format = export_format(runner.format);
  const std::filesystem::path file = folder / ("m" + std::string(format.extension));
  write_export(format, file, model, {.size = size, .layout = Layout::kRaw});
  return run_file_in_engine(runner, file, image, size);
}

std::map<std::string, std::vector<float>> run_file_in_engine(const Runner& runner,
                                                             const std::filesystem::path& file,
                                                             const std::vector<uint8_t>& image,
                                                             Size size) {
  const ExportFormat& format = export_format(runner.format);
  const auto engine = load_engine(runner.engine);
  const ExportContent content = read_export(format, file);
  const auto network =
      engine->compile(source_of(content, file.string()), size, {.settings = runner.settings});
  const auto request = network->make_request();
  std::copy(image.begin(), image.end(), request->input());
  request->start();
  request->wait();
  std::map<std::string, std::vector<float>> out;
  for (size_t i = 0; i < network->outputs().size(); ++i) {
    const TensorView& t = request->outputs()[i];
    std::vector<float>& values = out[network->outputs()[i].name];
    const auto count = static_cast<size_t>(element_count(t.shape));
    const auto cells = t.channels_last ? static_cast<size_t>(t.shape[2] * t.shape[3]) : 1;
    const auto channels = t.channels_last ? static_cast<size_t>(t.shape[1]) : 1;
    for (size_t k = 0; k < count; ++k) {
      const size_t at = t.channels_last ? k % cells * channels + k / cells : k;
      values.push_back(t.type == ElementType::kInt8
                           ? dequantize(t.integers()[at], {t.scale, t.zero_point})
                           : t.floats()[at]);
    }
  }
  return out;
}

}  // namespace octet
