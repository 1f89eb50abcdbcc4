// OpenVINO behind the Engine interface. Whatever a file takes (float NCHW as Ultralytics exports,
// uint8 NHWC as octet does), the network offered here takes uint8 NHWC RGB; the conversion runs
// inside OpenVINO. On the CPU int8 networks give integers (integer_outputs.h); other devices compute
// them as OpenVINO does. Compiled networks are kept in a cache folder, keyed by the file's content,
// the options, the device and OpenVINO's version.
#include <algorithm>
#include <openvino/openvino.hpp>
#include <optional>
#include <set>

#include "core/cpu.h"
#include "core/error.h"
#include "core/file.h"
#include "core/hash.h"
#include "core/log.h"
#include "core/process.h"
#include "engine/cold_inferences.h"
#include "engine/module.h"
#include "engine/openvino/compiled_cache.h"
#include "engine/openvino/devices.h"
#include "engine/openvino/integer_outputs.h"
#include "engine/openvino/integer_steps.h"
#include "engine/openvino/layer_times.h"
#include "engine/openvino/table_look_up.h"

namespace octet {
namespace {

ElementType element_type(const ov::element::Type& type, const std::string& where) {
  if (type == ov::element::f32) return ElementType::kFloat32;
  if (type == ov::element::u8) return ElementType::kUint8;
  if (type == ov::element::i8) return ElementType::kInt8;
  fail("{}: the element type {} is not supported", where, type.get_type_name());
}

// A value may have collected several names on its way; an output's own is that of its Result.
std::string port_name(const ov::Output<const ov::Node>& node) {
  const std::string& friendly = node.get_node()->get_friendly_name();
  const std::string own = friendly.substr(0, friendly.find("/sink_port"));
  return node.get_names().empty() || node.get_names().contains(own) ? own : node.get_any_name();
}

Port make_port(const ov::Output<const ov::Node>& node) {
  const std::string name = port_name(node);
  const ov::Shape& shape = node.get_shape();
  return {.name = name,
          .type = element_type(node.get_element_type(), name),
          .shape = Shape(shape.begin(), shape.end())};
}

Port make_output_port(const ov::Output<const ov::Node>& node, const QuantParams& kept) {
  Port port = make_port(node);
  if (kept.scale == 0) return port;
  const Shape rows = port.shape;
  port.shape = {rows[0], rows[3], rows[1], rows[2]};
  port.scale = kept.scale;
  port.zero_point = kept.zero_point;
  port.channels_last = true;
  return port;
}

std::string openvino_version() {
  const std::string build = ov::get_openvino_version().buildNumber;
  return "OpenVINO " + build.substr(0, build.find('-'));
}

class OpenVinoRequest : public Request {
 public:
  // `multiplications`: null without a profile.
  OpenVinoRequest(ov::CompiledModel& model, const std::vector<Port>& outputs,
                  const Multiplications* multiplications)
      : model_(model), multiplications_(multiplications), request_(model.create_infer_request()) {
    for (const Port& port : outputs) {
      views_.push_back({.data = request_.get_output_tensor(views_.size()).data(),
                        .type = port.type,
                        .shape = port.shape,
                        .scale = port.scale,
                        .zero_point = port.zero_point,
                        .channels_last = port.channels_last});
    }
  }
  uint8_t* input() override { return request_.get_input_tensor().data<uint8_t>(); }
  void start() override { request_.start_async(); }
  void wait() override {
    try {
      request_.wait();
    } catch (const std::exception& e) {
      fail("OpenVINO: the inference failed: {}", e.what());
    }
    for (size_t i = 0; i < views_.size(); ++i)
      views_[i].data = request_.get_output_tensor(i).data();
    if (multiplications_ != nullptr && ++count_ == kColdInferences)
      cold_ = layer_times(model_, request_, *multiplications_);
  }
  std::span<const TensorView> outputs() const override { return views_; }
  std::vector<LayerTime> layers() override {
    if (multiplications_ == nullptr) return {};
    return without_cold(layer_times(model_, request_, *multiplications_), count_, cold_);
  }

 private:
  ov::CompiledModel& model_;
  const Multiplications* multiplications_;
  ov::InferRequest request_;
  std::vector<TensorView> views_;
  int64_t count_ = 0;            // of inferences, with a profile
  std::vector<LayerTime> cold_;  // means over the cold ones
};

// What the layers that compute products run in.
std::string executed_precision(const ov::CompiledModel& model) {
  std::set<std::string> found;
  for (const auto& op : model.get_runtime_model()->get_ops()) {
    const auto& info = op->get_rt_info();
    const auto type = info.find("layerType");
    const auto precision = info.find("runtimePrecision");
    if (type == info.end() || precision == info.end() ||
        !multiplies(type->second.as<std::string>()))
      continue;
    found.insert(arithmetic_of(precision->second.as<std::string>()));
  }
  return found.size() == 1 ? *found.begin() : found.empty() ? "fp32" : "mixed";
}

// How a network is compiled.
struct Compilation {
  const EngineOptions& options;
  const DeviceChoice& choice;
  bool from_cache = false;
};

class OpenVinoNetwork : public Network {
 public:
  OpenVinoNetwork(const ov::Core& core, ov::CompiledModel model,
                  const std::vector<QuantParams>& kept, const Compilation& how)
      : model_(std::move(model)) {
    input_ = make_port(model_.input());
    for (size_t i = 0; i < model_.outputs().size(); ++i)
      outputs_.push_back(make_output_port(model_.output(i), kept.at(i)));
    description_ = {
        .engine = openvino_version(),
        .device = device_name(core, how.choice, model_),
        .precision = executed_precision(model_),
        .threads = get_or(ov::inference_num_threads, threads_or_all_cores(how.options.threads)),
        .parallel = get_or(ov::num_streams, ov::streams::Num(how.options.parallel)),
        .from_cache = how.from_cache};
  }
  const Port& input() const override { return input_; }
  const std::vector<Port>& outputs() const override { return outputs_; }
  const NetworkDescription& description() const override { return description_; }
  std::unique_ptr<Request> make_request() override {
    return std::make_unique<OpenVinoRequest>(model_, outputs_,
                                             multiplications_ ? &*multiplications_ : nullptr);
  }
  // Its requests tell the times of layers. It was compiled for that.
  void profile(Multiplications multiplications) { multiplications_ = std::move(multiplications); }

 private:
  // What the device says of itself; `otherwise` where it does not tell.
  template <typename T, ov::PropertyMutability M>
  T get_or(const ov::Property<T, M>& property, const T& otherwise) const {
    try {
      return model_.get_property(property);
    } catch (const std::exception&) {
      return otherwise;
    }
  }

  ov::CompiledModel model_;
  Port input_;
  std::vector<Port> outputs_;
  NetworkDescription description_;
  std::optional<Multiplications> multiplications_;
};

class OpenVinoEngine : public Engine {
 public:
  // Of models out of the cache.
  OpenVinoEngine() { core_.add_extension(std::make_shared<TableLookUpExtension>()); }

  std::string version() override { return openvino_version(); }
  std::vector<EngineDevice> devices() override { return list_devices(core_); }
  EngineAbilities abilities() const override {
    const CpuFeatures cpu = cpu_features();
    const bool bf16 = cpu.has("avx512_bf16") || cpu.has("amx_bf16");
    return {.int8_saturates = cpu.int8_products_saturate(),
            .float_auto = bf16              ? "bf16"
                          : cpu.has("fphp") ? "fp16"
                                            : "fp32"};
  }

  Size fixed_size(const NetworkSource& source) override {
    const ov::PartialShape shape = read(source)->input().get_partial_shape();
    const bool nhwc = shape[3].is_static() && shape[3].get_length() == 3;
    const ov::Dimension& height = shape[nhwc ? 1 : 2];
    const ov::Dimension& width = shape[nhwc ? 2 : 3];
    if (height.is_dynamic() || width.is_dynamic()) return {};
    return {static_cast<int>(width.get_length()), static_cast<int>(height.get_length())};
  }

  std::unique_ptr<Network> make_network(const NetworkSource& source, Size size,
                                        const EngineOptions& options) override {
    const auto asked = options.settings.find("device");
    const DeviceChoice choice =
        choose_devices(core_, asked == options.settings.end() ? "" : asked->second);
    // A compiled network does not tell the products of its operators.
    const bool keeps = !options.profile && keeps_compiled(core_, choice);
    const CompiledCache cache(keeps ? options.cache : std::filesystem::path());
    const CacheKey key = cache.keeps() ? cache_key(source, size, {options, choice}) : 0;
    try {
      if (auto network = import_cached(cache, key, {options, choice, true})) return network;
      const auto model = read(source);
      model_.reset();
      take_bytes(*model, size);
      std::vector<QuantParams> kept(model->outputs().size(), QuantParams{.scale = 0});
      if (choice.only_cpu()) {
        compute_in_steps(*model, source.name);
        kept = keep_integers(*model);
      }
      const auto compile_now = [&] {
        return core_.compile_model(with_byte_input(model), choice.name,
                                   properties({options, choice}, kept));
      };
      // Compiling takes memory that OpenVINO would keep; a child gives it back.
      if (cache.keeps() && choice.only_cpu() &&
          run_in_child([&] { export_cached(compile_now(), kept, cache, key); })) {
        if (auto network = import_cached(cache, key, {options, choice})) return network;
      }
      ov::CompiledModel compiled = compile_now();
      if (cache.keeps()) export_cached(compiled, kept, cache, key);
      auto network = std::make_unique<OpenVinoNetwork>(core_, std::move(compiled), kept,
                                                       Compilation{options, choice});
      if (options.profile) network->profile(count_multiplications(*model));
      return network;
    } catch (const ov::Exception& e) {
      fail("{}: OpenVINO cannot run it: {}", source.name, e.what());
    }
  }

 private:
  std::shared_ptr<ov::Model> read(const NetworkSource& source) {
    if (model_) return model_;
    try {
      ov::Tensor weights;
      if (!source.weights.empty())
        weights = {ov::element::u8,
                   {source.weights.size()},
                   const_cast<std::byte*>(source.weights.data())};
      auto model = core_.read_model(std::string(source.content), weights);
      require_picture(*model);
      return model_ = std::move(model);
    } catch (const std::exception& e) {
      fail("{}: OpenVINO cannot read it: {}", source.name, e.what());
    }
  }

  // OpenVINO itself crashes at inputs of no size.
  static void require_picture(const ov::Model& model) {
    if (model.inputs().size() != 1)
      fail("it has {} inputs; one is expected", model.inputs().size());
    const ov::PartialShape shape = model.input().get_partial_shape();
    const bool sized = shape.rank().is_static() && shape.size() == 4 &&
                       std::none_of(shape.begin(), shape.end(), [](const ov::Dimension& side) {
                         return side.is_static() && side.get_length() < 1;
                       });
    if (!sized) fail("its input ({}) is not an image", shape.to_string());
  }

  // Fixes the input to the size wanted.
  static void take_bytes(ov::Model& model, Size size) {
    const ov::PartialShape shape = model.input().get_partial_shape();
    const bool nhwc = shape[3].is_static() && shape[3].get_length() == 3;
    if (shape.is_static()) return;
    if (nhwc) {
      model.reshape(ov::PartialShape{1, size.height, size.width, 3});
    } else {
      model.reshape(ov::PartialShape{1, 3, size.height, size.width});
    }
  }

  static std::shared_ptr<ov::Model> with_byte_input(const std::shared_ptr<ov::Model>& model) {
    if (model->input().get_element_type() == ov::element::u8) return model;
    ov::preprocess::PrePostProcessor steps(model);
    auto& input = steps.input();
    input.tensor().set_element_type(ov::element::u8).set_layout("NHWC");
    input.model().set_layout("NCHW");
    input.preprocess().convert_element_type(ov::element::f32).scale(255.0F);
    return steps.build();
  }

  // Between an int8 network's integers there is little to gain from 16 bits, and sums would be off.
  ov::AnyMap properties(const Compilation& how, const std::vector<QuantParams>& kept) const {
    const bool int8 = std::any_of(kept.begin(), kept.end(),
                                  [](const QuantParams& output) { return output.scale != 0; });
    ov::AnyMap map{ov::num_streams(how.options.parallel),
                   ov::inference_num_threads(threads_or_all_cores(how.options.threads))};
    if (how.options.profile) map.insert(ov::enable_profiling(true));
    if (int8 || how.options.precision == Precision::kF32)
      map.insert(ov::hint::inference_precision(ov::element::f32));
    return device_properties(core_, how.choice, map);
  }

  // Of what compute_in_steps() makes. Another number makes what is in the cache useless.
  static constexpr int kRewriting = 2;

  CacheKey cache_key(const NetworkSource& source, Size size, const Compilation& how) {
    ContentHash hash;
    hash.add(fmt::format("{}|{}|{}|{}|{}|{}|{}|{}|", kRewriting, how.choice.name,
                         core_.get_property(how.choice.name, ov::device::full_name),
                         ov::get_openvino_version().buildNumber, to_string(size),
                         how.options.threads, how.options.parallel,
                         static_cast<int>(how.options.precision)));
    hash.add(source.content);
    hash.add(source.weights);
    return hash.value();
  }

  std::unique_ptr<Network> import_cached(const CompiledCache& cache, CacheKey key,
                                         const Compilation& how) {
    auto stream = cache.open(key);
    if (!stream) return nullptr;
    try {
      const std::vector<QuantParams> kept = read_outputs(*stream);
      return std::make_unique<OpenVinoNetwork>(
          core_, core_.import_model(*stream, how.choice.name, properties(how, kept)), kept, how);
    } catch (const std::exception&) {
      log_warning("OpenVINO refuses a compiled model of its own; it is made again");
      return nullptr;
    }
  }

  static void export_cached(ov::CompiledModel model, const std::vector<QuantParams>& kept,
                            const CompiledCache& cache, CacheKey key) {
    cache.keep(key, [&](std::ostream& stream) {
      write_outputs(stream, kept);
      model.export_model(stream);
    });
  }

  ov::Core core_;
  std::shared_ptr<ov::Model> model_;
};

}  // namespace
}  // namespace octet

OCTET_ENGINE_MODULE(octet::OpenVinoEngine)
