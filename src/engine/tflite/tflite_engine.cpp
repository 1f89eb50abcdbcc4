// TensorFlow Lite behind the Engine interface. Whatever a file takes (int8 as octet exports, float
// as others do), the network offered here takes uint8 NHWC RGB. Operators go to XNNPACK, with its
// int8 kernels switched on, or to the delegate library that was named.
#include <dlfcn.h>
#include <time.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdarg>
#include <cstdio>
#include <cstring>
#include <functional>
#include <optional>

#include "core/concurrency/worker.h"
#include "core/cpu.h"
#include "core/error.h"
#include "core/file.h"
#include "core/log.h"
#include "engine/crowding.h"
#include "engine/input_time.h"
#include "engine/module.h"
#include "engine/tflite/operator_times.h"
#include "engine/tflite/tensors.h"
#include "engine/tflite/tflite_api.h"
#include "format/tflite/channel_scales.h"
#include "format/tflite/summary.h"

namespace octet {
namespace {

constexpr std::string_view kNoDelegate = "none";

// Empty: XNNPACK; kNoDelegate: TensorFlow Lite's own kernels; else a library's file.
std::string delegate_of(const EngineSettings& settings) {
  const auto at = settings.find("delegate");
  return at == settings.end() ? "" : at->second;
}

template <typename T>
using Handle = std::unique_ptr<T, void (*)(T*)>;

// The library tells what is wrong by printing; the last line becomes part of the Error.
void keep_report(void* user, const char* format, va_list arguments) {
  std::array<char, 512> line{};
  std::vsnprintf(line.data(), line.size(), format, arguments);
  *static_cast<std::string*>(user) = line.data();
}

ElementType element_type(TfLiteType type, const char* name) {
  switch (type) {
    case kTfLiteFloat32:
      return ElementType::kFloat32;
    case kTfLiteUInt8:
      return ElementType::kUint8;
    case kTfLiteInt8:
      return ElementType::kInt8;
  }
  fail("the tensor '{}' has TensorFlow Lite's type {}, which is not supported", name,
       static_cast<int>(type));
}

// One interpreter with its delegate.
class Interpreter {
 public:
  struct Options {
    int threads = 1;
    std::string delegate;
    bool profile = false;
  };
  Interpreter(const TfliteApi& api, const TfLiteModel* model, const Options& options,
              const std::string& name)
      : api_(api),
        options_(api.options_create(), api.options_delete),
        delegate_(nullptr, api.external_delete),
        interpreter_(nullptr, api.interpreter_delete) {
    const std::string& delegate = options.delegate;
    api.options_set_threads(options_.get(), options.threads);
    api.options_set_reporter(options_.get(), keep_report, &report_);
    if (options.profile && api.options_set_profiler != nullptr)
      api.options_set_profiler(options_.get(), times_.emplace().profiler());
    if (delegate.empty()) add_xnnpack(options.threads);
    if (!delegate.empty() && delegate != kNoDelegate) add_external(delegate);
    if (delegate_) api.options_add_delegate(options_.get(), delegate_.get());
    interpreter_.reset(api.interpreter_create(model, options_.get()));
    if (!interpreter_ || api.allocate(interpreter_.get()) != kTfLiteOk)
      fail("{}: TensorFlow Lite {} cannot run it: {}", name, api.version(), report_);
    if (api.input_count(interpreter_.get()) != 1)
      fail("{}: has {} inputs; one is expected", name, api.input_count(interpreter_.get()));
  }
  Interpreter(const Interpreter&) = delete;
  Interpreter& operator=(const Interpreter&) = delete;
  ~Interpreter() {
    interpreter_.reset();  // before the delegate
  }

  void invoke() {
    if (times_) times_->begin_inference();
    if (api_.invoke(interpreter_.get()) != kTfLiteOk)
      fail("TensorFlow Lite: the inference failed: {}", report_);
    if (times_) times_->end_inference();
  }
  [[nodiscard]] const TfLiteTensor* input() const { return api_.input(interpreter_.get(), 0); }
  [[nodiscard]] std::vector<const TfLiteTensor*> outputs() const {
    std::vector<const TfLiteTensor*> list;
    for (int32_t i = 0; i < api_.output_count(interpreter_.get()); ++i)
      list.push_back(api_.output(interpreter_.get(), i));
    return list;
  }
  [[nodiscard]] bool uses_xnnpack() const { return xnnpack_; }
  // Its library; empty without one.
  [[nodiscard]] const std::string& external_delegate() const { return external_; }
  // Null without a profile.
  [[nodiscard]] const OperatorTimes* times() const { return times_ ? &*times_ : nullptr; }

 private:
  // Where the options keep their flags depends on the version: the delegate is asked what it
  // understood. Versions that cannot be asked keep them right behind the threads.
  void add_xnnpack(int threads) {
    if (api_.xnnpack_default == nullptr || api_.xnnpack_create == nullptr) return;
    for (size_t word = api_.xnnpack_flags == nullptr ? 0 : 1;; --word) {
      XnnpackOptions options = api_.xnnpack_default();
      options.threads = threads;
      options.words[word] |= kXnnpackSigned8 | kXnnpackUnsigned8;
      delegate_ = {api_.xnnpack_create(&options), api_.xnnpack_delete};
      xnnpack_ = delegate_ != nullptr;
      if (word == 0 || !delegate_) return;
      if ((api_.xnnpack_flags(delegate_.get()) & kXnnpackSigned8) != 0) return;
    }
  }
  void add_external(const std::string& library) {
    if (api_.external_default == nullptr || api_.external_create == nullptr)
      fail("--delegate {}: {} cannot load delegates", library, api_.library);
    // TensorFlow Lite itself takes a library that is none, and crashes when it is used.
    void* opened = ::dlopen(library.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (opened == nullptr) fail("--delegate {}: cannot be loaded: {}", library, ::dlerror());
    if (::dlsym(opened, "tflite_plugin_create_delegate") == nullptr)
      fail("--delegate {}: is not a TensorFlow Lite delegate", library);
    const ExternalDelegateOptions options = api_.external_default(library.c_str());
    delegate_ = {api_.external_create(&options), api_.external_delete};
    if (!delegate_) {
      fail("--delegate {}: it does not start; is the device there that it drives?", library);
    }
    external_ = library;
  }

  const TfliteApi& api_;
  std::string report_;
  bool xnnpack_ = false;
  std::string external_;
  std::optional<OperatorTimes> times_;
  Handle<TfLiteInterpreterOptions> options_;
  Handle<TfLiteDelegate> delegate_;
  Handle<TfLiteInterpreter> interpreter_;
};

Port make_port(const TfliteApi& api, const TfLiteTensor* t) {
  Port port{.name = api.tensor_name(t),
            .type = element_type(api.tensor_type(t), api.tensor_name(t))};
  for (int32_t i = 0; i < api.tensor_rank(t); ++i) port.shape.push_back(api.tensor_dim(t, i));
  const TfLiteQuantizationParams q = api.tensor_quantization(t);
  if (port.type != ElementType::kFloat32) {
    port.scale = q.scale;
    port.zero_point = q.zero_point;
  }
  return port;
}

// An interpreter and where its data lies.
struct Runner {
  Runner(const TfliteApi& api, std::unique_ptr<Interpreter> made)
      : interpreter(std::move(made)), data(api.tensor_data(interpreter->input())) {
    for (const TfLiteTensor* t : interpreter->outputs())
      outputs.add(make_port(api, t), api.tensor_data(t));
  }

  std::unique_ptr<Interpreter> interpreter;
  void* data;
  PictureOutputs outputs;
};

using Clock = std::chrono::steady_clock;

std::chrono::nanoseconds time_on_processor() {
  timespec t{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return std::chrono::seconds(t.tv_sec) + std::chrono::nanoseconds(t.tv_nsec);
}

class TfliteRequest : public Request {
 public:
  using MakeOne = std::function<std::unique_ptr<Interpreter>()>;

  // `make_one`: an interpreter of one thread, for when the cores are crowded; empty: never.
  TfliteRequest(const TfliteApi& api, const TfliteSummary& summary,
                std::unique_ptr<Interpreter> interpreter, MakeOne make_one)
      : api_(api),
        summary_(summary),
        make_one_(std::move(make_one)),
        together_(api, std::move(interpreter)),
        input_(make_port(api, together_.interpreter->input())),
        worker_([this] { run(); }) {}

  uint8_t* input() override { return input_.bytes(); }
  void start() override {
    runner_ = &choose();
    worker_.start();
  }
  void wait() override {
    worker_.wait();
    runner_->outputs.update();
  }
  std::span<const TensorView> outputs() const override { return runner_->outputs.views(); }
  std::vector<LayerTime> layers() override {
    const Interpreter& interpreter = *together_.interpreter;
    const OperatorTimes* times = interpreter.times();
    if (times == nullptr) return {};
    auto layers = name_layers(times->mean(), summary_, interpreter.uses_xnnpack());
    const std::string& delegate = interpreter.external_delegate();
    if (!delegate.empty()) add_delegate(delegate, times->mean_inference(), layers);
    if (layers.empty()) return {};
    layers.insert(layers.begin(), filling_.layer());
    return layers;
  }

 private:
  Runner& choose() {
    if (!crowding_.alone()) return together_;
    if (!alone_) {
      log_info(
          "notice: TensorFlow Lite: other programs take the cores; one thread is faster for now");
      alone_.emplace(api_, make_one_());
    }
    return *alone_;
  }
  void run() {
    {
      const auto timed = filling_.start();
      input_.copy_to(runner_->data);
    }
    const auto began = Clock::now();
    const auto busy = time_on_processor();
    runner_->interpreter->invoke();
    const auto ended = Clock::now();
    if (make_one_)
      crowding_.see(ended.time_since_epoch(), ended - began, time_on_processor() - busy);
  }

  const TfliteApi& api_;
  const TfliteSummary& summary_;
  MakeOne make_one_;
  Runner together_;
  std::optional<Runner> alone_;
  Runner* runner_ = &together_;  // of the last inference
  Crowding crowding_;
  PictureInput input_;
  InputTime filling_;
  Worker worker_;  // the last member: it uses the others
};

class TfliteNetwork : public Network {
 public:
  TfliteNetwork(const TfliteApi& api, const NetworkSource& source, const EngineOptions& options)
      : api_(api),
        name_(source.name),
        delegate_(delegate_of(options.settings)),
        profile_(options.profile),
        summary_(summarize_tflite(as_bytes(source.content), name_)),
        model_(nullptr, api.model_delete) {
    if (summary_.edge_tpu && (delegate_.empty() || delegate_ == kNoDelegate))
      fail("{}: was compiled for the Edge TPU; run it with --delegate libedgetpu.so.1", name_);
    if (delegate_.empty() && summary_.wrong_in_xnnpack) {
      log_info("{}: runs without XNNPACK, whose products of int8 tensors would be wrong", name_);
      delegate_ = kNoDelegate;
    }
    mended_ = with_channel_scales(source.content, name_);
    const std::string_view content = mended_.empty() ? source.content : mended_;
    model_.reset(api.model_create(content.data(), content.size()));
    if (!model_) fail("{}: TensorFlow Lite {} cannot read it", name_, api.version());
    threads_ = std::max(1, threads_or_all_cores(options.threads) / options.parallel);
    may_run_alone_ = options.threads == 0 && threads_ > 1 && !profile_ &&
                     (delegate_.empty() || delegate_ == kNoDelegate);
    first_ = make_interpreter(threads_);
    input_ = input_port(make_port(api_, first_->input()), name_);
    for (const TfLiteTensor* t : first_->outputs())
      outputs_.push_back(output_port(make_port(api_, t)));
    description_ = {.engine = fmt::format("TensorFlow Lite {}", api.version()),
                    .device = device(),
                    .precision = summary_.precision,
                    .threads = threads_,
                    .parallel = options.parallel};
  }
  const Port& input() const override { return input_; }
  const std::vector<Port>& outputs() const override { return outputs_; }
  const NetworkDescription& description() const override { return description_; }
  std::unique_ptr<Request> make_request() override {
    TfliteRequest::MakeOne make_one;
    if (may_run_alone_) make_one = [this] { return make_interpreter(1); };
    return std::make_unique<TfliteRequest>(api_, summary_,
                                           first_ ? std::move(first_) : make_interpreter(threads_),
                                           std::move(make_one));
  }

 private:
  std::unique_ptr<Interpreter> make_interpreter(int threads) const {
    const Interpreter::Options options{
        .threads = threads, .delegate = delegate_, .profile = profile_};
    return std::make_unique<Interpreter>(api_, model_.get(), options, name_);
  }
  std::string device() const {
    std::string cpu = "CPU: " + cpu_features().name;
    if (delegate_.empty()) return first_->uses_xnnpack() ? cpu + ", XNNPACK" : cpu;
    if (delegate_ == kNoDelegate) return cpu;
    if (delegate_.find("edgetpu") == std::string::npos || summary_.edge_tpu)
      return "delegate " + delegate_;
    log_warning(
        "{}: was not compiled for the Edge TPU, so all of it runs on the processor; compile it "
        "with 'edgetpu_compiler', or export with --format edgetpu",
        name_);
    return cpu;
  }

  const TfliteApi& api_;
  std::string name_, delegate_;
  bool profile_;
  TfliteSummary summary_;
  std::string mended_;  // the file's content where it could not be taken as it is
  Handle<TfLiteModel> model_;
  int threads_ = 1;
  bool may_run_alone_ = false;  // else the number of threads is as it was asked for
  std::unique_ptr<Interpreter> first_;
  Port input_;
  std::vector<Port> outputs_;
  NetworkDescription description_;
};

class TfliteEngine : public Engine {
 public:
  std::string version() override { return fmt::format("TensorFlow Lite {}", api_.version()); }
  Size fixed_size(const NetworkSource& source) override {
    return summarize_tflite(as_bytes(source.content), source.name).input;
  }
  std::unique_ptr<Network> make_network(const NetworkSource& source, Size,
                                        const EngineOptions& options) override {
    return std::make_unique<TfliteNetwork>(api_, source, options);
  }

 private:
  TfliteApi api_;
};

}  // namespace
}  // namespace octet

OCTET_ENGINE_MODULE(octet::TfliteEngine)
