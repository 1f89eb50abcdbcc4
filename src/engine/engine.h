// The interface of an inference engine. Each engine is a module "octet_engine_NAME.so", which
// engine/registry.h opens at run time. A module implements Engine and ends with the macro of
// engine/module.h.
//
// Ownership: Engine → Network → Request; each has to outlive what it made. An Engine and a Network
// may be used from any thread, a Request from one at a time.
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
inline constexpr int kEngineAbi = 3;

enum class Precision {
  kF32,
  kAuto
};  // kAuto: whatever is fastest, bf16 or fp16 where the processor has it

// Options of one engine by key, as its row (engine/registry.h) lists them. Empty value: not given.
using EngineSettings = std::map<std::string, std::string>;

struct EngineOptions {
  int threads = 0;   // in all; 0: one per core
  int parallel = 1;  // requests that run at the same time, sharing the threads
  Precision precision = Precision::kF32;
  std::filesystem::path cache;  // folder for compiled models; empty: none
  EngineSettings settings;
};

// A network to compile: the bytes of a file (of an IR, of the .xml and of the .bin), which have to
// live as long as the Network. Engines open no file of a model.
struct NetworkSource {
  std::string name = "the model";  // in messages: the file
  std::string_view content;
  std::span<const std::byte> weights;
};

struct NetworkDescription {
  std::string engine;     // "OpenVINO 2026.4.1"
  std::string device;     // "CPU: AMD EPYC"
  std::string precision;  // fp32, fp16, bf16, int8 or mixed: what the convolutions really run in
  int threads = 0;
  int parallel = 1;
  bool from_cache = false;
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
};

class Network {
 public:
  virtual ~Network() = default;
  [[nodiscard]] virtual const Port& input()
      const = 0;  // uint8 (1, H, W, 3), whatever the file itself takes
  [[nodiscard]] virtual const std::vector<Port>& outputs() const = 0;
  [[nodiscard]] virtual const NetworkDescription& description() const = 0;
  [[nodiscard]] virtual std::unique_ptr<Request> make_request() = 0;
};

// On this processor.
struct EngineAbilities {
  // Without VNNI, weights that use all of 8 bits give wrong sums (products of int8 and uint8 are
  // added in 16 bits), or take longer than those of 7.
  bool int8_saturates = false, int8_8_bits_is_slower = false;
  std::string float_auto = "fp32";  // what float models run in with Precision::kAuto
};

struct EngineRow;  // engine/registry.h

class Engine {
 public:
  virtual ~Engine() = default;
  [[nodiscard]] const EngineRow& row() const { return *row_; }
  [[nodiscard]] virtual EngineAbilities abilities() const { return {}; }
  [[nodiscard]] virtual std::string version() = 0;  // "OpenVINO 2026.4.1"
  // The size a file's input is fixed to; 0 × 0 when it takes any.
  [[nodiscard]] virtual Size fixed_size(const NetworkSource& source) = 0;
  // Its ports and results are checked (engine/checked_network.h). Throws an Error of usage for a
  // setting that the engine's row does not list.
  [[nodiscard]] std::unique_ptr<Network> compile(const NetworkSource& source, Size size,
                                                 const EngineOptions& options);

 private:
  friend std::unique_ptr<Engine> open_engine_module(const EngineRow& row,
                                                    const std::filesystem::path& file);
  [[nodiscard]] virtual std::unique_ptr<Network> make_network(const NetworkSource& source,
                                                              Size size,
                                                              const EngineOptions& options) = 0;

  const EngineRow* row_ = nullptr;  // set by who opens the module
};

}  // namespace octet
