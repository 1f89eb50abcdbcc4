#include "engine/tflite/operator_times.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <string_view>

#include "engine/cold_inferences.h"
#include "engine/cut_times.h"

namespace octet {
namespace {

// The names that XNNPACK gives to what it makes of an operator.
struct Kinds {
  std::string_view code;
  std::vector<std::string_view> beginnings;
  bool may_vanish = false;  // becomes a part of another, or nothing
  bool copies = false;      // becomes one for each of its inputs
};

const std::vector<Kinds>& kinds() {
  static const std::vector<Kinds> list{{"ADD", {"Add"}},
                                       {"AVERAGE_POOL_2D", {"Average Pooling"}},
                                       {"BATCH_MATMUL", {"Batch Matrix"}},
                                       {"CONCATENATION", {"Copy"}, false, true},
                                       {"CONV_2D", {"Convolution", "Fully Connected"}},
                                       {"DEPTHWISE_CONV_2D", {"Convolution"}},
                                       {"DEQUANTIZE", {"Convert"}, true},
                                       {"FULLY_CONNECTED", {"Fully Connected"}},
                                       {"HARD_SWISH", {"HardSwish"}},
                                       {"LOGISTIC", {"Sigmoid"}},
                                       {"MAX_POOL_2D", {"Max Pooling"}},
                                       {"MEAN", {"Mean"}},
                                       {"MUL", {"Multiply", "Square"}},
                                       {"PAD", {"Constant Pad"}, true},
                                       {"QUANTIZE", {"Convert"}, true},
                                       {"RELU", {"Clamp"}, true},
                                       {"RELU6", {"Clamp"}, true},
                                       {"RESHAPE", {"Static Reshape", "Copy"}, true},
                                       {"RESIZE_BILINEAR", {"Resize Bilinear"}},
                                       {"SLICE", {"Slice"}},
                                       {"SOFTMAX", {"Softmax"}},
                                       {"STRIDED_SLICE", {"Slice"}},
                                       {"SUB", {"Subtract"}},
                                       {"SUM", {"Sum"}},
                                       {"TRANSPOSE", {"Transpose"}}};
  return list;
}

const Kinds* kinds_of(const std::string& code) {
  const auto at =
      std::find_if(kinds().begin(), kinds().end(), [&](const Kinds& k) { return k.code == code; });
  return at == kinds().end() ? nullptr : &*at;
}

bool fits(const Kinds* kinds, const std::string& name) {
  return kinds != nullptr &&
         std::any_of(kinds->beginnings.begin(), kinds->beginnings.end(),
                     [&](std::string_view beginning) { return name.starts_with(beginning); });
}

// What may run for an operator of the file.
struct Expected {
  const Kinds* kinds;
  int place;  // of the operator
  int price;  // where nothing ran for it
};
constexpr int kMissing = 3, kMissingCopy = 1, kLeftOver = 5;

// XNNPACK joins values by a copy of each.
void expect(const TfliteOperator& op, int place, std::vector<Expected>& out) {
  const Kinds* kinds = kinds_of(op.code);
  const bool may_vanish = kinds != nullptr && kinds->may_vanish;
  out.push_back({kinds, place, may_vanish ? 0 : kMissing});
  const int copies = kinds != nullptr && kinds->copies ? op.inputs - 1 : 0;
  for (int i = 0; i < copies; ++i) out.push_back({kinds, place, kMissingCopy});
}

// Finds for each operator that ran the one that was expected. Both are in the same order. Of all
// ways it is that with the least that is left over on both sides.
class Alignment {
 public:
  static constexpr size_t kMost = 16'000'000;  // pairs

  Alignment(const std::vector<Expected>& expected, const std::vector<std::string>& ran)
      : expected_(expected), ran_(ran), costs_((expected.size() + 1) * (ran.size() + 1)) {
    for (size_t i = expected.size() + 1; i-- > 0;) {
      for (size_t j = ran.size() + 1; j-- > 0;) costs_[place(i, j)] = least(i, j);
    }
  }

  // Places in the file, or -1.
  [[nodiscard]] std::vector<int> find() const {
    std::vector<int> found(ran_.size(), -1);
    size_t i = 0;
    for (size_t j = 0; j < ran_.size();) {
      if (takes(i, j) && cost(i, j) == cost(i + 1, j + 1)) {
        found[j++] = expected_[i++].place;
      } else if (i < expected_.size() && cost(i, j) == cost(i + 1, j) + expected_[i].price) {
        ++i;
      } else {
        ++j;
      }
    }
    return found;
  }

 private:
  [[nodiscard]] size_t place(size_t i, size_t j) const { return i * (ran_.size() + 1) + j; }
  [[nodiscard]] int cost(size_t i, size_t j) const { return costs_[place(i, j)]; }
  [[nodiscard]] bool takes(size_t i, size_t j) const {
    return i < expected_.size() && j < ran_.size() && fits(expected_[i].kinds, ran_[j]);
  }
  // The cost of what is expected from i on with what ran from j on.
  [[nodiscard]] int least(size_t i, size_t j) const {
    if (i == expected_.size()) return static_cast<int>(ran_.size() - j) * kLeftOver;
    int best = cost(i + 1, j) + expected_[i].price;
    if (j < ran_.size()) best = std::min(best, cost(i, j + 1) + kLeftOver);
    return takes(i, j) ? std::min(best, cost(i + 1, j + 1)) : best;
  }

  const std::vector<Expected>& expected_;
  const std::vector<std::string>& ran_;
  std::vector<int> costs_;
};

// The index in the file of each operator that ran; -1: not known. XNNPACK counts from 0 in each
// part of a network that it takes. Where it took several, their operators are not told apart.
std::vector<int> places_in(const TfliteSummary& file, const std::vector<OperatorTime>& times) {
  std::vector<int> places(times.size(), -1);
  std::set<int64_t> own;
  int parts = 0;
  for (size_t i = 0; i < times.size(); ++i) {
    const OperatorTime& t = times[i];
    if (t.delegated) parts += t.index == 0 ? 1 : 0;
    if (t.delegated || t.index < 0 || t.index >= static_cast<int64_t>(file.operators.size()))
      continue;
    places[i] = static_cast<int>(t.index);
    own.insert(t.index);
  }
  std::vector<Expected> expected;
  for (size_t i = 0; i < file.operators.size(); ++i)
    if (!own.contains(static_cast<int64_t>(i)))
      expect(file.operators[i], static_cast<int>(i), expected);
  std::vector<std::string> ran;
  std::vector<size_t> ran_at;
  for (size_t i = 0; i < times.size(); ++i) {
    if (!times[i].delegated) continue;
    ran.push_back(times[i].name);
    ran_at.push_back(i);
  }
  if (parts != 1 || (expected.size() + 1) * (ran.size() + 1) > Alignment::kMost) return places;
  const std::vector<int> found = Alignment(expected, ran).find();
  for (size_t i = 0; i < found.size(); ++i) places[ran_at[i]] = found[i];
  return places;
}

bool has(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

std::string precision_of(const TfliteOperator& op, const std::string& kernel) {
  if (op.type == "i8" || op.type == "u8") return "int8";
  if (op.type != "f32") return op.type;
  if (has(kernel, "QD8") || has(kernel, "QDU8")) return "int8";
  return has(kernel, "F16") ? "fp16" : "fp32";
}

LayerTime layer_of(const TfliteOperator& op, const OperatorTime& time, bool xnnpack) {
  LayerTime layer{.name = op.output,
                  .operators = {op.output},
                  .type = op.code,
                  .kernel = time.name,
                  .precision = precision_of(op, time.name),
                  .fallback = {},
                  .multiplications = op.multiplications};
  if (!xnnpack || time.delegated) return layer;
  layer.kernel = "TensorFlow Lite " + op.code;
  layer.fallback = fmt::format("XNNPACK does not take this {} of {}", op.code, op.type);
  return layer;
}

}  // namespace

OperatorTimes::OperatorTimes() {
  profiler_.data = this;
  profiler_.event = [](TfLiteTelemetryProfiler*, const char*, uint64_t) {};
  profiler_.operator_event = [](TfLiteTelemetryProfiler*, const char*, int64_t, int64_t, uint64_t) {
  };
  profiler_.settings = [](TfLiteTelemetryProfiler*, const char*, const void*) {};
  profiler_.begin = [](TfLiteTelemetryProfiler* p, const char* name, int64_t index, int64_t) {
    OperatorTimes& self = *static_cast<OperatorTimes*>(p->data);
    (void)self.next(name, false, index);
    self.began_ = std::chrono::steady_clock::now();
    return static_cast<uint32_t>(self.at_ - 1);
  };
  profiler_.end = [](TfLiteTelemetryProfiler* p, uint32_t handle) {
    OperatorTimes& self = *static_cast<OperatorTimes*>(p->data);
    const auto took = std::chrono::steady_clock::now() - self.began_;
    if (handle < self.operators_.size())
      self.operators_[handle].seconds += std::chrono::duration<double>(took).count();
  };
  profiler_.done = [](TfLiteTelemetryProfiler* p, const char* name, uint64_t us, int64_t index,
                      int64_t) {
    OperatorTimes& self = *static_cast<OperatorTimes*>(p->data);
    self.next(name, true, index).seconds += seconds_before_cuts(static_cast<double>(us));
  };
}

// Every inference runs the same operators in the same order.
OperatorTime& OperatorTimes::next(const char* name, bool delegated, int64_t index) {
  if (at_ == operators_.size())
    operators_.push_back(
        {.name = name == nullptr ? "" : name, .delegated = delegated, .index = index});
  return operators_[at_++];
}

void OperatorTimes::begin_inference() {
  at_ = 0;
  if (inferences_++ == kColdInferences) {
    for (OperatorTime& t : operators_) t.seconds = 0;
    whole_ = {};
  }
  inference_began_ = std::chrono::steady_clock::now();
}

void OperatorTimes::end_inference() {
  whole_ += std::chrono::steady_clock::now() - inference_began_;
}

double OperatorTimes::counted() const {
  const int64_t cold = inferences_ > kColdInferences ? kColdInferences : 0;
  return static_cast<double>(std::max<int64_t>(1, inferences_ - cold));
}

std::vector<OperatorTime> OperatorTimes::mean() const {
  std::vector<OperatorTime> out = operators_;
  for (OperatorTime& t : out) t.seconds /= counted();
  return out;
}

double OperatorTimes::mean_inference() const { return whole_.count() / counted(); }

std::vector<LayerTime> name_layers(const std::vector<OperatorTime>& times,
                                   const TfliteSummary& file, bool xnnpack) {
  const std::vector<int> places = places_in(file, times);
  std::vector<LayerTime> layers;
  int last = -1;
  for (size_t i = 0; i < times.size(); ++i) {
    const OperatorTime& time = times[i];
    const bool goes_on = places[i] >= 0 && places[i] == last;
    last = places[i];
    if (!goes_on && places[i] >= 0)
      layers.push_back(layer_of(file.operators[static_cast<size_t>(places[i])], time, xnnpack));
    if (!goes_on && places[i] < 0)
      layers.push_back({.name = time.name,
                        .operators = {},
                        .type = time.name.substr(0, time.name.find(" (")),
                        .kernel = time.name,
                        .precision = {},
                        .fallback = {}});
    layers.back().seconds += time.seconds;
  }
  return layers;
}

void add_delegate(const std::string& delegate, double inference_s, std::vector<LayerTime>& layers) {
  for (const LayerTime& layer : layers) inference_s -= layer.seconds;
  if (inference_s <= 0) return;
  layers.push_back({.name = "delegate",
                    .operators = {},
                    .type = "Delegate",
                    .kernel = delegate,
                    .precision = {},
                    .fallback = {},
                    .seconds = inference_s});
}

}  // namespace octet
