// ONNX Runtime behind the Engine interface. Whatever a file takes (float NCHW as others export,
// uint8 NHWC as octet does), the network offered here takes uint8 NHWC RGB.
#include <dlfcn.h>
#include <stdlib.h>  // setenv()
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

#include "core/concurrency/worker.h"
#include "core/cpu.h"
#include "core/error.h"
#include "core/file.h"
#include "core/installation.h"
#include "engine/input_time.h"
#include "engine/module.h"
#include "engine/onnxruntime/node_times.h"
#include "engine/onnxruntime/ort_api.h"
#include "format/onnx/onnx.h"

namespace octet {
namespace {

class Api {
 public:
  Api() {
    std::string reason;
    // Without it, Microsoft's builds write an identifier of the machine into the user's cache, and send
    // events to Microsoft.
    ::setenv("ORT_DISABLE_TELEMETRY", "1", 0);
    // Beside this module first, then wherever the system keeps it.
    const std::string beside = (own_folder() / "libonnxruntime.so.1").string();
    for (const char* file : {beside.c_str(), "libonnxruntime.so.1", "libonnxruntime.so"}) {
      if (file[0] == '/' && !std::filesystem::exists(file)) continue;
      if (void* library = ::dlopen(file, RTLD_NOW | RTLD_LOCAL)) {
        open(library, file);
        return;
      }
      reason = ::dlerror();
    }
    fail(
        "engine onnxruntime: ONNX Runtime's library cannot be loaded ({}); run 'make engines' in "
        "octet's folder, which fetches it",
        reason);
  }

  template <typename Function, typename... Arguments>
  void call(Arguments... arguments) const {
    if (OrtStatus* status = Function::call(*table_, arguments...)) {
      const std::string message = ort::GetErrorMessage::call(*table_, status);
      ort::ReleaseStatus::call(*table_, status);
      fail("ONNX Runtime {}: {}", version_, message);
    }
  }
  // A handle that releases what `Make` makes from the arguments.
  template <typename Make, typename Release, typename T, typename... Arguments>
  std::shared_ptr<T> make(Arguments... arguments) const {
    T* made = nullptr;
    call<Make>(arguments..., &made);
    return own<Release>(made);
  }
  template <typename Release, typename T>
  std::shared_ptr<T> own(T* object) const {
    return std::shared_ptr<T>(object, [table = table_](T* t) { Release::call(*table, t); });
  }
  [[nodiscard]] const std::string& version() const { return version_; }

 private:
  void open(void* library, const char* file) {
    const auto base = reinterpret_cast<const OrtApiBase* (*)()>(::dlsym(library, "OrtGetApiBase"));
    if (base == nullptr) fail("engine onnxruntime: {} is not ONNX Runtime's library", file);
    version_ = base()->version();
    table_ = base()->get_api(kOrtApiVersion);
    if (table_ == nullptr)
      fail("engine onnxruntime: {} has version {}; 1.16 or later is needed", file, version_);
  }

  const OrtApiTable* table_ = nullptr;
  std::string version_;
};

std::pair<int, Shape> type_and_shape(const Api& api, const OrtTensorInfo* info) {
  int type = 0;
  size_t rank = 0;
  api.call<ort::ElementTypeOf>(info, &type);
  api.call<ort::DimensionCount>(info, &rank);
  Shape shape(rank);
  api.call<ort::Dimensions>(info, shape.data(), rank);
  return {type, shape};
}

ElementType element_type(int type, const std::string& name) {
  if (type == kOrtFloat) return ElementType::kFloat32;
  if (type == kOrtUint8) return ElementType::kUint8;
  if (type == kOrtInt8) return ElementType::kInt8;
  fail("the tensor '{}' has ONNX's element type {}, which is not supported", name, type);
}

// Text that a call allocates.
template <typename Function, typename... Arguments>
std::string text_from(const Api& api, Arguments... arguments) {
  OrtAllocator* allocator = nullptr;
  api.call<ort::DefaultAllocator>(&allocator);
  char* text = nullptr;
  api.call<Function>(arguments..., allocator, &text);
  std::string copy = text;
  api.call<ort::AllocatorFree>(allocator, static_cast<void*>(text));
  return copy;
}

struct Session {
  std::shared_ptr<ProfileFolder> profile;  // null: without one; outlives the handle
  std::map<std::string, double> products;  // with a profile: as parse_node_times() takes them
  std::shared_ptr<OrtSession> handle;
  Port input;  // as the file has it
  std::vector<Port> outputs;
};

template <typename TypeInfo, typename Name>
Port read_port(const Api& api, const OrtSession* session, size_t index) {
  Port port{.name = text_from<Name>(api, session, index)};
  const auto info = api.make<TypeInfo, ort::ReleaseTypeInfo, OrtTypeInfo>(session, index);
  const OrtTensorInfo* tensor = nullptr;
  api.call<ort::CastToTensorInfo>(static_cast<const OrtTypeInfo*>(info.get()), &tensor);
  if (tensor == nullptr) fail("'{}' is not a tensor", port.name);
  const auto [type, shape] = type_and_shape(api, tensor);
  port.type = element_type(type, port.name);
  port.shape = shape;
  return port;
}

Session read_session(const Api& api, std::shared_ptr<OrtSession> handle, const std::string& name) {
  Session s{.profile = {}, .products = {}, .handle = std::move(handle), .input = {}, .outputs = {}};
  size_t inputs = 0;
  size_t outputs = 0;
  api.call<ort::InputCount>(static_cast<const OrtSession*>(s.handle.get()), &inputs);
  api.call<ort::OutputCount>(static_cast<const OrtSession*>(s.handle.get()), &outputs);
  if (inputs != 1) fail("{}: has {} inputs; one is expected", name, inputs);
  s.input = read_port<ort::InputTypeInfo, ort::InputName>(api, s.handle.get(), 0);
  if (s.input.shape.size() != 4) fail("{}: its input is not an image", name);
  for (size_t i = 0; i < outputs; ++i)
    s.outputs.push_back(read_port<ort::OutputTypeInfo, ort::OutputName>(api, s.handle.get(), i));
  return s;
}

bool channels_last(const Port& input) { return input.shape[3] == 3; }

// (N, H, W, C); sides that the file leaves open are those of `size`.
Shape picture_shape(const Port& input, Size size) {
  Shape shape = input.shape;
  if (!channels_last(input)) std::rotate(shape.begin() + 1, shape.begin() + 2, shape.end());
  const Shape open{1, size.height, size.width, 3};
  for (size_t i = 0; i < shape.size(); ++i) {
    if (shape[i] < 0) shape[i] = open[i];
  }
  return shape;
}

class OrtRequest : public Request {
 public:
  OrtRequest(const Api& api, const Session& session, Size size)
      : api_(api),
        session_(session),
        memory_(api.make<ort::CreateCpuMemoryInfo, ort::ReleaseMemoryInfo, OrtMemoryInfo>(
            kOrtDeviceAllocator, kOrtMemoryDefault)),
        pixels_(static_cast<size_t>(size.width) * size.height),
        worker_([this] { run(); }) {
    bytes_.resize(pixels_ * 3);
    const bool rows = channels_last(session.input);
    const Shape shape =
        rows ? Shape{1, size.height, size.width, 3} : Shape{1, 3, size.height, size.width};
    const bool real = session.input.type == ElementType::kFloat32;
    if (real) planes_.resize(bytes_.size());
    void* data = real ? static_cast<void*>(planes_.data()) : bytes_.data();
    input_ = api.make<ort::CreateTensorWithData, ort::ReleaseValue, OrtValue>(
        static_cast<const OrtMemoryInfo*>(memory_.get()), data,
        real ? planes_.size() * sizeof(float) : bytes_.size(), shape.data(), shape.size(),
        real ? kOrtFloat : kOrtUint8);
    for (const Port& p : session.outputs) names_.push_back(p.name.c_str());
    outputs_.resize(names_.size(), nullptr);
    views_.resize(names_.size());
  }

  uint8_t* input() override { return bytes_.data(); }
  void start() override { worker_.start(); }
  void wait() override { worker_.wait(); }
  std::span<const TensorView> outputs() const override { return views_; }
  std::vector<LayerTime> layers() override {
    if (!session_.profile) return {};
    const std::string file = text_from<ort::EndProfiling>(api_, session_.handle.get());
    std::vector<LayerTime> layers = parse_node_times(read_text_file(file), session_.products);
    if (!planes_.empty()) layers.insert(layers.begin(), filling_.layer());
    return layers;
  }

 private:
  void run() {
    if (!planes_.empty()) {
      const auto timed = filling_.start();
      fill_floats();
    }
    const char* name = session_.input.name.c_str();
    const OrtValue* in = input_.get();
    api_.call<ort::Run>(session_.handle.get(), static_cast<const OrtRunOptions*>(nullptr), &name,
                        &in, size_t{1}, names_.data(), names_.size(), outputs_.data());
    if (values_.empty()) keep_outputs();
  }
  // What the first run made is filled again by those that follow.
  void keep_outputs() {
    for (size_t i = 0; i < outputs_.size(); ++i) {
      values_.push_back(api_.own<ort::ReleaseValue>(outputs_[i]));
      const auto info = api_.make<ort::TensorInfoOf, ort::ReleaseTensorInfo, OrtTensorInfo>(
          static_cast<const OrtValue*>(outputs_[i]));
      const auto [type, shape] = type_and_shape(api_, info.get());
      views_[i].type = element_type(type, session_.outputs[i].name);
      views_[i].shape = shape;
      api_.call<ort::GetTensorData>(outputs_[i], &views_[i].data);
    }
  }
  void fill_floats() {
    const bool rows = channels_last(session_.input);
    for (size_t i = 0; i < bytes_.size(); ++i) {
      const size_t to = rows ? i : i % 3 * pixels_ + i / 3;
      planes_[to] = static_cast<float>(bytes_[i]) / 255;
    }
  }

  const Api& api_;
  const Session& session_;
  std::shared_ptr<OrtMemoryInfo> memory_;
  size_t pixels_;
  std::vector<uint8_t> bytes_;
  std::vector<float> planes_;
  std::shared_ptr<OrtValue> input_;
  std::vector<const char*> names_;
  std::vector<OrtValue*> outputs_;
  std::vector<std::shared_ptr<OrtValue>> values_;  // own them
  std::vector<TensorView> views_;
  InputTime filling_;
  Worker worker_;  // the last member: it uses the others
};

class OrtNetwork : public Network {
 public:
  OrtNetwork(const Api& api, Session session, Size size, NetworkDescription description)
      : api_(api),
        session_(std::move(session)),
        size_(size),
        outputs_(session_.outputs),
        description_(std::move(description)) {
    input_ = {.name = session_.input.name,
              .type = ElementType::kUint8,
              .shape = picture_shape(session_.input, size)};
    // Sizes that the file leaves open are known after a run.
    const bool open = std::any_of(outputs_.begin(), outputs_.end(), [](const Port& p) {
      return std::any_of(p.shape.begin(), p.shape.end(), [](int64_t d) { return d < 0; });
    });
    if (!open) return;
    OrtRequest request(api_, session_, size_);
    request.start();
    request.wait();
    for (size_t i = 0; i < outputs_.size(); ++i) outputs_[i].shape = request.outputs()[i].shape;
  }
  const Port& input() const override { return input_; }
  const std::vector<Port>& outputs() const override { return outputs_; }
  const NetworkDescription& description() const override { return description_; }
  std::unique_ptr<Request> make_request() override {
    return std::make_unique<OrtRequest>(api_, session_, size_);
  }

 private:
  const Api& api_;
  Session session_;
  Size size_;
  Port input_;
  std::vector<Port> outputs_;
  NetworkDescription description_;
};

// Whether weights use all of int8, as octet says of its own files.
bool has_wide_weights(std::span<const std::byte> content, const std::string& name) {
  const auto entries = read_onnx_metadata(content, name);
  const auto own = entries.find("octet");
  if (own == entries.end()) return false;
  const auto json = nlohmann::json::parse(own->second, nullptr, false);
  const auto bits = json.is_object() ? json.value("weight_bits", nlohmann::json(0)) : json;
  return bits.is_number_integer() && can_saturate(bits.get<int>());
}

// A file in memory, for the optimized graph that ONNX Runtime writes out.
class MemoryFile {
 public:
  MemoryFile() : descriptor_(::memfd_create("octet-onnx", MFD_CLOEXEC)) {
    if (descriptor_ < 0) fail("no file in memory can be made; is the memory full?");
  }
  ~MemoryFile() { ::close(descriptor_); }
  MemoryFile(const MemoryFile&) = delete;
  MemoryFile& operator=(const MemoryFile&) = delete;
  [[nodiscard]] std::string path() const { return fmt::format("/proc/self/fd/{}", descriptor_); }

 private:
  int descriptor_;
};

class OrtEngine : public Engine {
 public:
  OrtEngine()
      : environment_(api_.make<ort::CreateEnv, ort::ReleaseEnv, OrtEnv>(kOrtLogErrors, "octet")) {}
  EngineAbilities abilities() const override {
    return {.int8_8_bits_is_slower = cpu_features().int8_products_saturate()};
  }

  std::string version() override { return "ONNX Runtime " + api_.version(); }

  Size fixed_size(const NetworkSource& source) override {
    const Session& session = open(source, {});
    const bool rows = channels_last(session.input);
    const int64_t height = session.input.shape[rows ? 1 : 2];
    const int64_t width = session.input.shape[rows ? 2 : 3];
    return height < 0 || width < 0 ? Size{}
                                   : Size{static_cast<int>(width), static_cast<int>(height)};
  }

  std::unique_ptr<Network> make_network(const NetworkSource& source, Size size,
                                        const EngineOptions& options) override {
    Session session = open(source, options);
    session_.reset();
    return std::make_unique<OrtNetwork>(
        api_, std::move(session), size,
        NetworkDescription{.engine = version(),
                           .device = "CPU: " + cpu_features().name,
                           .precision = precision_,
                           .threads = threads_or_all_cores(options.threads),
                           .parallel = options.parallel});
  }

 private:
  const Session& open(const NetworkSource& source, const EngineOptions& options) {
    const int threads = threads_or_all_cores(options.threads);
    if (session_ && threads_ == threads && !options.profile) return *session_;
    threads_ = threads;
    const std::string& name = source.name;
    const auto content = as_bytes(source.content);
    try {
      const bool quantized = count_onnx_operators(content, name).contains("DequantizeLinear");
      const auto settings =
          api_.make<ort::CreateSessionOptions, ort::ReleaseSessionOptions, OrtSessionOptions>();
      api_.call<ort::SetIntraOpThreads>(settings.get(), threads_);
      api_.call<ort::SetGraphOptimizationLevel>(settings.get(), kOrtOptimizeAll);
      // uint8 × uint8, whose products are added in 32 bits, where int8 × uint8 would saturate.
      if (quantized && cpu_features().int8_products_saturate() && has_wide_weights(content, name))
        api_.call<ort::AddSessionConfigEntry>(settings.get(), "session.x64quantprecision", "1");
      const auto profile = options.profile ? std::make_shared<ProfileFolder>() : nullptr;
      if (profile) api_.call<ort::EnableProfiling>(settings.get(), profile->prefix().c_str());
      const MemoryFile optimized;
      const std::string path = optimized.path();
      if (quantized) api_.call<ort::SetOptimizedModelFilePath>(settings.get(), path.c_str());
      session_ =
          read_session(api_,
                       api_.make<ort::CreateSessionFromArray, ort::ReleaseSession, OrtSession>(
                           static_cast<const OrtEnv*>(environment_.get()),
                           static_cast<const void*>(content.data()), content.size(),
                           static_cast<const OrtSessionOptions*>(settings.get())),
                       name);
      session_->profile = profile;
      if (profile) session_->products = onnx_products(content, name);
      precision_ = quantized ? executed_precision(path) : "fp32";
    } catch (const Error& e) {
      fail("{}: cannot be run: {}", name, e.what());
    }
    return *session_;
  }

  // From the graph that is really run: convolutions in integers have operators of their own.
  static std::string executed_precision(const std::string& path) {
    const auto counts = count_onnx_operators(read_file(path), "the optimized graph");
    int integer = 0;
    int real = 0;
    for (const auto& [type, count] : counts) {
      if (type == "QLinearConv" || type == "ConvInteger") integer += count;
      if (type == "Conv" || type == "FusedConv" || type == "NhwcFusedConv") real += count;
    }
    return real == 0 && integer > 0 ? "int8" : integer == 0 ? "fp32" : "mixed";
  }

  Api api_;
  std::shared_ptr<OrtEnv> environment_;
  std::optional<Session> session_;  // of the file that was looked at last
  int threads_ = 0;
  std::string precision_ = "fp32";
};

}  // namespace
}  // namespace octet

OCTET_ENGINE_MODULE(octet::OrtEngine)
