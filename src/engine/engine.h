// The interface of an inference engine. Each engine is a module "octet_engine_NAME.so", which
// engine/registry.h opens at run time. A module implements Engine and ends with the macro of
// engine/module.h.
//
// Ownership: an Engine makes Networks, and a Network makes Requests. Each has to outlive the
// objects that it made. Any thread may use an Engine and a Network, and one thread at a time a
// Request.
//
//   const auto engine = load_engine("tflite");
//   const auto network = engine->compile(source, {640, 640}, options);
//   const auto request = network->make_request();
//   fill(request->input());
//   request->start();
//   request->wait();
#pragma once

#include <cstddef>
#include <filesystem>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/size.h"
#include "core/tensor_view.h"

namespace octet {

// Of everything that a module and the program share: the classes of this header, TensorView, Size,
// EngineHost, Error. Raise it with any change of their layout or meaning; modules of another version
// are refused.
inline constexpr int kEngineAbi = 5;

enum class Precision {
  kF32,
  kAuto
};  // kAuto: the fastest, bf16 or fp16 where the processor has it

// Options of one engine by key. Its row (engine/registry.h) lists them. An empty value is not set.
using EngineSettings = std::map<std::string, std::string>;

struct EngineOptions {
  int threads = 0;   // in all; 0: one per core
  int parallel = 1;  // requests that run at the same time, sharing the threads
  Precision precision = Precision::kF32;
  std::filesystem::path cache;  // folder for compiled models; empty: none
  EngineSettings settings;
  bool profile = false;  // Request::layers() tells times; costs a little of each
};

// A network to compile: the bytes of a file, or of the .xml and .bin of an IR. They have to live as
// long as the Network. Engines open no file of a model.
struct NetworkSource {
  std::string name = "the model";  // in messages: the file
  std::string_view content;
  std::span<const std::byte> weights;
};

struct NetworkDescription {
  std::string engine;     // "OpenVINO 2026.4.1"
  std::string device;     // "CPU: AMD EPYC"
  std::string precision;  // real arithmetic of convolutions: fp32, fp16, bf16, int8 or mixed
  int threads = 0;
  int parallel = 1;
  bool from_cache = false;
};

// A part of a network that an engine computes at once.
struct LayerTime {
  std::string name;                    // as the engine calls it
  std::vector<std::string> operators;  // of the file, that it computes; empty: not known
  std::string type;                    // such as "Convolution", in the words of the engine
  std::string kernel;                  // such as "brgconv_avx512_vnni"
  std::string precision;               // of its arithmetic: fp32, fp16, bf16 or int8
  std::string fallback;        // the reason where it runs in slower kernels than the rest, if known
  double multiplications = 0;  // multiply-accumulates; 0: none, or not known
  double seconds = 0;          // mean of the inferences behind the first three
};

// One inference at a time: fill input(), start(), wait(), read outputs().
class Request {
 public:
  virtual ~Request() = default;
  [[nodiscard]] virtual uint8_t* input() = 0;  // (1, H, W, 3) bytes, RGB
  virtual void start() = 0;
  virtual void wait() = 0;  // throws when the inference failed
  [[nodiscard]] virtual std::span<const TensorView> outputs()
      const = 0;  // in the order of Network::outputs()
  // With EngineOptions::profile: the layers in the order in which they ran. Call it after the last
  // inference of the network. Empty where the engine tells no times.
  [[nodiscard]] virtual std::vector<LayerTime> layers() { return {}; }
};

class Network {
 public:
  virtual ~Network() = default;
  [[nodiscard]] virtual const Port& input()
      const = 0;  // uint8 (1, H, W, 3), for every input type of the file
  [[nodiscard]] virtual const std::vector<Port>& outputs() const = 0;
  [[nodiscard]] virtual const NetworkDescription& description() const = 0;
  [[nodiscard]] virtual std::unique_ptr<Request> make_request() = 0;
};

// The abilities of an engine on this processor.
struct EngineAbilities {
  // Without VNNI, 8-bit weights give wrong sums (products of int8 and uint8 are added in 16 bits),
  // or take longer than 7-bit weights.
  bool int8_saturates = false, int8_8_bits_is_slower = false;
  std::string float_auto = "fp32";  // what float models run in with Precision::kAuto
};

// A device of an engine that is present, by its name for --device.
struct EngineDevice {
  std::string name, title;              // "GPU", "Intel(R) Iris(R) Xe Graphics (iGPU)"
  std::vector<std::string> precisions;  // of: fp32, fp16, bf16, int8
};

struct EngineRow;  // engine/registry.h

class Engine {
 public:
  virtual ~Engine() = default;
  [[nodiscard]] const EngineRow& row() const { return *row_; }
  [[nodiscard]] virtual EngineAbilities abilities() const { return {}; }
  // Empty for an engine without a choice of devices.
  [[nodiscard]] virtual std::vector<EngineDevice> devices() { return {}; }
  [[nodiscard]] virtual std::string version() = 0;  // "OpenVINO 2026.4.1"
  // The fixed input size of a file; 0 × 0 when it takes any size.
  [[nodiscard]] virtual Size fixed_size(const NetworkSource& source) = 0;
  // Compiles a network whose ports and results are checked (engine/checked_network.h). Throws a
  // usage Error for a setting that the engine's row does not list.
  [[nodiscard]] std::unique_ptr<Network> compile(const NetworkSource& source, Size size,
                                                 const EngineOptions& options);

 private:
  friend std::unique_ptr<Engine> open_engine_module(const EngineRow& row,
                                                    const std::filesystem::path& file);
  [[nodiscard]] virtual std::unique_ptr<Network> make_network(const NetworkSource& source,
                                                              Size size,
                                                              const EngineOptions& options) = 0;

  const EngineRow* row_ = nullptr;  // set when the module is opened
};

}  // namespace octet
