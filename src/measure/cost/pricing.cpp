#include "measure/cost/pricing.h"

#include <filesystem>

#include "core/cpu.h"
#include "core/error.h"
#include "core/log.h"
#include "measure/cost/cost_file.h"
#include "measure/cost/sample_network.h"
#include "model/passes/passes.h"

namespace octet {
namespace {

std::string origin_text(const CostOrigin& origin) {
  return fmt::format("{}, {} {}, {}", origin.engine_version, origin.threads,
                     origin.threads == 1 ? "thread" : "threads", origin.processor);
}

// The network that 'octet quantize' makes of a float model.
Model as_quantized(const Model& model) { return add_fine_keypoints(fold_batch_norm(model)); }

// A table of another device, as it is.
std::unique_ptr<CostTable> foreign_table(const PricingOptions& options, const std::string& octet) {
  auto table = std::make_unique<CostTable>(read_cost_table(options.source));
  const CostOrigin& origin = table->origin();
  if (options.engine != "auto" && options.engine != origin.engine)
    fail_usage("--cost {}: has times of {}, and --engine wants {}", options.source, origin.engine,
               options.engine);
  if (options.threads != 0 && options.threads != origin.threads)
    fail_usage("--cost {}: has times of {} threads, and --engine-threads wants {}", options.source,
               origin.threads, options.threads);
  if (origin.octet != octet)
    log_warning("{}: was made by octet {}, and this is {}; another version may export other layers",
                options.source, origin.octet, octet);
  return table;
}

}  // namespace

Pricing::Pricing(const PricingOptions& options, std::string octet)
    : weight_bits_(options.weight_bits > 0                   ? options.weight_bits
                   : cpu_features().int8_products_saturate() ? 7
                                                             : 8) {
  if (options.source == kFlopSource) {
    origin_ = "operations";
    return;
  }
  const bool cached = options.source == kCostCache;
  if (!cached && !std::filesystem::exists(options.source))
    fail("--cost {}: no such file; 'octet bench --cost-table {}' makes it on the device",
         options.source, options.source);
  TimerOptions timer{.engine = options.engine,
                     .threads = threads_or_all_cores(options.threads),
                     .weight_bits = weight_bits_};
  if (!cached) {
    const CostOrigin origin = read_cost_table(options.source).origin();
    if (timer.engine == "auto") timer.engine = origin.engine;
    if (options.threads == 0) timer.threads = origin.threads;
    if (options.weight_bits == 0) timer.weight_bits = weight_bits_ = origin.weight_bits;
    if (!same_processor(origin.processor, cpu_features().name) || timer.engine != origin.engine) {
      foreign_ = foreign_table(options, octet);
      origin_ = origin_text(origin);
      weight_bits_ = origin.weight_bits;
      return;
    }
  }
  timer.engine = cost_engine(timer.engine, timer.weight_bits);
  timer_ = std::make_unique<LayerTimer>(timer, std::move(octet));
  machine_ = std::make_unique<MachineTable>(options.source, *timer_);
  origin_ = origin_text(timer_->origin());
}

const CostModel& Pricing::cost() const {
  if (machine_) return machine_->table();
  return foreign_ ? static_cast<const CostModel&>(*foreign_) : operations_;
}

std::string Pricing::engine() const {
  if (machine_) return machine_->table().origin().engine_version;
  return foreign_ ? foreign_->origin().engine_version : "";
}

std::string Pricing::origin() const { return origin_; }

void Pricing::prepare(const std::vector<Graph>& graphs, Size size) {
  if (machine_) machine_->extend(graphs, size);
}

std::optional<double> Pricing::measure(const Model& model, Size size) {
  if (!timer_) return std::nullopt;
  return timer_->time(roughly_quantized(as_quantized(model), weight_bits_), size);
}

double Pricing::usual_factor(const Model& model, Size size) {
  if (!timer_) return 1;
  return timer_->times(roughly_quantized(as_quantized(model), weight_bits_), size).usual_factor();
}

double Pricing::predict(const Model& model, Size size) const {
  const double sum = cost().predict(as_quantized(model).graph, size);
  return foreign_ ? sum * foreign_->correction(size) : sum;
}

}  // namespace octet
