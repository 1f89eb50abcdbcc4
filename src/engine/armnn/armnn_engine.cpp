// Arm NN behind the Engine interface, through its TensorFlow Lite parser: CpuAcc (NEON) where it is
// installed, else CpuRef, the plain reference, which takes a minute for a picture of 640.
#include <armnn/ArmNN.hpp>
#include <armnnTfLiteParser/ITfLiteParser.hpp>
#include <array>
#include <memory>

#include "core/concurrency/worker.h"
#include "core/cpu.h"
#include "core/error.h"
#include "core/file.h"
#include "core/log.h"
#include "engine/module.h"
#include "engine/tflite/tensors.h"
#include "format/tflite/summary.h"

namespace octet {
namespace {

using Binding = armnn::BindingPointInfo;  // id and tensor

ElementType element_type(armnn::DataType type, const std::string& name) {
  switch (type) {
    case armnn::DataType::Float32:
      return ElementType::kFloat32;
    case armnn::DataType::QAsymmU8:
      return ElementType::kUint8;
    case armnn::DataType::QAsymmS8:
      return ElementType::kInt8;
    default:
      fail("the tensor '{}' has Arm NN's type {}, which is not supported", name,
           armnn::GetDataTypeName(type));
  }
}

Port make_port(const std::string& name, const armnn::TensorInfo& info) {
  Port port{.name = name, .type = element_type(info.GetDataType(), name)};
  for (unsigned i = 0; i < info.GetNumDimensions(); ++i) port.shape.push_back(info.GetShape()[i]);
  if (port.type != ElementType::kFloat32) {
    port.scale = info.GetQuantizationScale();
    port.zero_point = info.GetQuantizationOffset();
  }
  return port;
}

struct Tensor {
  std::string name;
  Binding binding;
  [[nodiscard]] Port port() const { return make_port(name, binding.second); }
};

// A file as Arm NN's parser understands it.
class Parsed {
 public:
  Parsed(std::span<const std::byte> bytes, const std::string& file) try
      : parser_(armnnTfLiteParser::ITfLiteParser::Create()),
        network_(parser_->CreateNetworkFromBinary(to_uint8(bytes))) {
    const auto inputs = parser_->GetSubgraphInputTensorNames(0);
    if (inputs.size() != 1) fail("has {} inputs; one is expected", inputs.size());
    input_ = {inputs[0], parser_->GetNetworkInputBindingInfo(0, inputs[0])};
    for (const std::string& name : parser_->GetSubgraphOutputTensorNames(0))
      outputs_.push_back({name, parser_->GetNetworkOutputBindingInfo(0, name)});
  } catch (const std::exception& e) {
    fail("{}: Arm NN cannot read it: {}", file, e.what());
  }

  [[nodiscard]] const armnn::INetwork& network() const { return *network_; }
  [[nodiscard]] const Tensor& input() const { return input_; }
  [[nodiscard]] const std::vector<Tensor>& outputs() const { return outputs_; }

 private:
  static std::vector<uint8_t> to_uint8(std::span<const std::byte> bytes) {
    const auto* begin = reinterpret_cast<const uint8_t*>(bytes.data());
    return {begin, begin + bytes.size()};
  }

  armnnTfLiteParser::ITfLiteParserPtr parser_;
  armnn::INetworkPtr network_;
  Tensor input_;
  std::vector<Tensor> outputs_;
};

// The library and the backend it will use.
class Runtime {
 public:
  Runtime() : runtime_(armnn::IRuntime::Create({})) {
    const auto& present = runtime_->GetDeviceSpec().GetSupportedBackends();
    for (const char* name : {"CpuAcc", "CpuRef"}) {
      if (present.count(armnn::BackendId(name)) > 0) backends_.emplace_back(name);
    }
    if (backends_.empty())
      fail(
          "engine armnn: no backend of Arm NN is installed; install libarmnn-cpuacc-backend22 "
          "(on Arm) or libarmnn-cpuref-backend22");
  }

  [[nodiscard]] std::string backend() const { return backends_.front().Get(); }
  [[nodiscard]] armnn::NetworkId load(const Parsed& parsed, const std::string& file) {
    try {
      std::vector<std::string> messages;
      auto optimized = armnn::Optimize(parsed.network(), backends_, runtime_->GetDeviceSpec(), {},
                                       armnn::Optional<std::vector<std::string>&>(messages));
      armnn::NetworkId id = 0;
      std::string message;
      if (runtime_->LoadNetwork(id, std::move(optimized), message) == armnn::Status::Success)
        return id;
      fail("{}", message);
    } catch (const std::exception& e) {
      fail("{}: Arm NN cannot run it: {}", file, e.what());
    }
  }
  void unload(armnn::NetworkId id) { runtime_->UnloadNetwork(id); }
  void run(armnn::NetworkId id, const armnn::InputTensors& in, const armnn::OutputTensors& out) {
    if (runtime_->EnqueueWorkload(id, in, out) != armnn::Status::Success)
      fail("Arm NN: the inference failed");
  }

 private:
  armnn::IRuntimePtr runtime_;
  std::vector<armnn::BackendId> backends_;  // in order of preference
};

// Throws an Error where Arm NN's answer would be wrong without a word.
std::string precision_of(const TfliteSummary& summary, const std::string& file) {
  if (!summary.wrong_in_armnn.empty())
    fail(
        "{}: '{}' is made by an operator that Arm NN's parser computes wrongly (a convolution in "
        "groups, a depthwise one with a stride, or a resizing with half-pixel centres); take "
        "--engine tflite",
        file, summary.wrong_in_armnn);
  return summary.precision;
}

// A network that the runtime holds.
class LoadedNetwork {
 public:
  LoadedNetwork(Runtime& runtime, const Parsed& parsed, const std::string& file)
      : runtime_(runtime), id_(runtime.load(parsed, file)) {}
  ~LoadedNetwork() { runtime_.unload(id_); }
  LoadedNetwork(const LoadedNetwork&) = delete;
  LoadedNetwork& operator=(const LoadedNetwork&) = delete;
  [[nodiscard]] armnn::NetworkId id() const { return id_; }

 private:
  Runtime& runtime_;
  armnn::NetworkId id_;
};

class ArmnnRequest : public Request {
 public:
  ArmnnRequest(Runtime& runtime, const Parsed& parsed, const std::string& file)
      : runtime_(runtime),
        loaded_(runtime, parsed, file),
        input_(parsed.input().port()),
        input_memory_(parsed.input().binding.second.GetNumBytes()),
        worker_([this] { run(); }) {
    const auto& [id, info] = parsed.input().binding;
    inputs_.emplace_back(id, armnn::ConstTensor(info, input_memory_.data()));
    for (const Tensor& t : parsed.outputs()) {
      auto& memory = output_memory_.emplace_back(t.binding.second.GetNumBytes());
      outputs_.emplace_back(t.binding.first, armnn::Tensor(t.binding.second, memory.data()));
      views_.add(t.port(), memory.data());
    }
  }
  uint8_t* input() override { return input_.bytes(); }
  void start() override { worker_.start(); }
  void wait() override {
    worker_.wait();
    views_.update();
  }
  std::span<const TensorView> outputs() const override { return views_.views(); }

 private:
  void run() {
    input_.copy_to(input_memory_.data());
    runtime_.run(loaded_.id(), inputs_, outputs_);
  }

  Runtime& runtime_;
  LoadedNetwork loaded_;
  PictureInput input_;
  std::vector<std::byte> input_memory_;
  std::vector<std::vector<std::byte>> output_memory_;
  armnn::InputTensors inputs_;
  armnn::OutputTensors outputs_;
  PictureOutputs views_;
  Worker worker_;  // the last member: it uses the others
};

class ArmnnNetwork : public Network {
 public:
  ArmnnNetwork(Runtime& runtime, std::span<const std::byte> bytes, const std::string& file,
               const std::string& version, int parallel)
      : runtime_(runtime),
        file_(file),
        precision_(precision_of(summarize_tflite(bytes, file), file)),
        parsed_(bytes, file),
        input_(input_port(parsed_.input().port(), file)) {
    for (const Tensor& t : parsed_.outputs()) outputs_.push_back(output_port(t.port()));
    if (runtime.backend() == "CpuRef")
      log_warning("Arm NN has its reference backend only, which takes a minute for an image");
    description_ = {.engine = version,
                    .device = "CPU: " + cpu_features().name + ", " + runtime.backend(),
                    .precision = precision_,
                    .threads = 1,
                    .parallel = parallel};
  }
  const Port& input() const override { return input_; }
  const std::vector<Port>& outputs() const override { return outputs_; }
  const NetworkDescription& description() const override { return description_; }
  std::unique_ptr<Request> make_request() override {
    return std::make_unique<ArmnnRequest>(runtime_, parsed_, file_);
  }

 private:
  Runtime& runtime_;
  std::string file_;
  std::string precision_;  // before the parser: it checks the file
  Parsed parsed_;
  Port input_;
  std::vector<Port> outputs_;
  NetworkDescription description_;
};

class ArmnnEngine : public Engine {
 public:
  std::string version() override { return "Arm NN " ARMNN_VERSION; }
  Size fixed_size(const NetworkSource& source) override {
    return summarize_tflite(as_bytes(source.content), source.name).input;
  }
  std::unique_ptr<Network> make_network(const NetworkSource& source, Size,
                                        const EngineOptions& options) override {
    return std::make_unique<ArmnnNetwork>(runtime_, as_bytes(source.content), source.name,
                                          version(), options.parallel);
  }

 private:
  Runtime runtime_;
};

}  // namespace
}  // namespace octet

OCTET_ENGINE_MODULE(octet::ArmnnEngine)
