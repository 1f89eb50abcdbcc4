#include "train/kernels/norm_silu.h"

#include <ATen/Parallel.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "train/kernels/norm_kernels.h"

namespace octet {
namespace {
using torch::autograd::AutogradContext;
using torch::autograd::Variable;
using torch::autograd::variable_list;

constexpr int64_t kRow = 256;        // of channels, repeated, at least
constexpr int64_t kBlock = 1 << 13;  // values, about: a few of them fit into the cache

// How a tensor is walked. Blocks do not depend on the number of threads, so sums are the same.
struct Walk {
  explicit Walk(const torch::Tensor& x)
      : values(x.numel()),
        channels(x.size(1)),
        row(channels * ((kRow + channels - 1) / channels)),
        block(row * std::max<int64_t>(1, kBlock / row)),
        blocks((values + block - 1) / block) {}

  // Calls visit(block, begin, end), in parallel.
  template <typename F>
  void operator()(F&& visit) const {
    at::parallel_for(0, blocks, 1, [&](int64_t first, int64_t last) {
      for (int64_t b = first; b < last; ++b) visit(b, b * block, std::min(values, (b + 1) * block));
    });
  }

  int64_t values, channels, row, block, blocks;
};

// A number per channel, repeated to a row.
std::vector<float> repeated(const Walk& walk, const std::vector<double>& by_channel) {
  std::vector<float> row(static_cast<size_t>(walk.row));
  for (size_t i = 0; i < row.size(); ++i)
    row[i] = static_cast<float>(by_channel[i % by_channel.size()]);
  return row;
}

// Rows of sums, one for each block.
class Sums {
 public:
  explicit Sums(const Walk& walk)
      : walk_(walk), rows_(static_cast<size_t>(walk.row * walk.blocks)) {}
  std::span<float> row(int64_t block) {
    return std::span(rows_).subspan(static_cast<size_t>(block * walk_.row),
                                    static_cast<size_t>(walk_.row));
  }
  [[nodiscard]] std::vector<double> by_channel() const {
    std::vector<double> sums(static_cast<size_t>(walk_.channels));
    for (size_t i = 0; i < rows_.size(); i += sums.size()) {
      for (size_t c = 0; c < sums.size(); ++c) sums[c] += static_cast<double>(rows_[i + c]);
    }
    return sums;
  }

 private:
  const Walk& walk_;
  std::vector<float> rows_;
};

// Part of a tensor as float32: in place, or of bfloat16 in a buffer of its own.
class Part {
 public:
  Part(const torch::Tensor& t, int64_t begin, int64_t end)
      : size_(static_cast<size_t>(end - begin)) {
    if (t.scalar_type() == torch::kBFloat16) {
      bits_ = reinterpret_cast<uint16_t*>(t.data_ptr<at::BFloat16>()) + begin;
      buffer_ = std::make_unique_for_overwrite<float[]>(size_);
    } else {
      values_ = t.data_ptr<float>() + begin;
    }
  }
  std::span<float> read() {
    if (bits_ != nullptr) widen({bits_, size_}, {buffer_.get(), size_});
    return values();
  }
  std::span<float> values() { return {bits_ != nullptr ? buffer_.get() : values_, size_}; }
  void written() {
    if (bits_ != nullptr) narrow({buffer_.get(), size_}, {bits_, size_});
  }

 private:
  size_t size_;
  float* values_ = nullptr;
  uint16_t* bits_ = nullptr;
  std::unique_ptr<float[]> buffer_;
};

std::vector<double> values_of(const torch::Tensor& t) {
  const torch::Tensor dense = t.detach().to(torch::kFloat).contiguous();
  const auto* v = dense.data_ptr<float>();
  return {v, v + dense.numel()};
}

struct Statistics {
  std::vector<double> mean, variance;  // of a batch, the variance divided by the count
};

// Around the first value of each channel, so that little is lost where the mean is large.
Statistics statistics_of(const torch::Tensor& x, const Walk& walk) {
  const std::vector<double> first = values_of(x.select(0, 0).select(1, 0).select(1, 0));
  const std::vector<float> shift = repeated(walk, first);
  Sums sum(walk), square(walk);
  walk([&](int64_t b, int64_t begin, int64_t end) {
    add_moments(Part(x, begin, end).read(), shift, sum.row(b), square.row(b));
  });
  Statistics s{sum.by_channel(), square.by_channel()};
  const auto count = static_cast<double>(walk.values / walk.channels);
  for (size_t c = 0; c < first.size(); ++c) {
    const double off = s.mean[c] / count;
    s.variance[c] = std::max(0.0, s.variance[c] / count - off * off);
    s.mean[c] = first[c] + off;
  }
  return s;
}

void update_running(const NormTensors& norm, const Statistics& s, double count) {
  auto* mean = norm.mean.data_ptr<float>();
  auto* variance = norm.variance.data_ptr<float>();
  const double unbiased = count / std::max(1.0, count - 1);
  const auto move = [&](float& value, double to) {
    value =
        static_cast<float>((1 - norm.momentum) * static_cast<double>(value) + norm.momentum * to);
  };
  for (size_t c = 0; c < s.mean.size(); ++c) {
    move(mean[c], s.mean[c]);
    move(variance[c], s.variance[c] * unbiased);
  }
}

// What normalization does to each channel: z = x · factor + offset.
struct Affine {
  Affine(const std::vector<double>& gamma, const std::vector<double>& beta, Statistics s,
         double epsilon)
      : mean(std::move(s.mean)), inverse(mean.size()), factor(mean.size()), offset(mean.size()) {
    for (size_t c = 0; c < mean.size(); ++c) {
      inverse[c] = 1 / std::sqrt(s.variance[c] + epsilon);
      factor[c] = gamma[c] * inverse[c];
      offset[c] = beta[c] - mean[c] * factor[c];
    }
  }
  std::vector<double> mean, inverse, factor, offset;
};

torch::Tensor to_tensor(const std::vector<double>& v) {
  return torch::tensor(v, torch::kDouble).to(torch::kFloat);
}

struct NormSilu : torch::autograd::Function<NormSilu> {
  static Variable forward(AutogradContext* ctx, const Variable& input, const Variable& gamma,
                          const Variable& beta, const NormTensors& norm) {
    const Variable x = input.contiguous(at::MemoryFormat::ChannelsLast);
    const Walk walk(x);
    const Statistics s = statistics_of(x, walk);
    update_running(norm, s, static_cast<double>(walk.values / walk.channels));
    ctx->save_for_backward({x, gamma, beta});
    ctx->saved_data["mean"] = s.mean;
    ctx->saved_data["variance"] = s.variance;
    ctx->saved_data["epsilon"] = norm.epsilon;
    const Affine a(values_of(gamma), values_of(beta), s, norm.epsilon);
    const auto factor = repeated(walk, a.factor), offset = repeated(walk, a.offset);
    Variable y = torch::empty_like(x);
    walk([&](int64_t, int64_t begin, int64_t end) {
      Part out(y, begin, end);
      scaled_silu(Part(x, begin, end).read(), out.values(), factor, offset);
      out.written();
    });
    return y;
  }

  static variable_list backward(AutogradContext* ctx, variable_list grads) {
    const variable_list saved = ctx->get_saved_variables();
    const Variable& x = saved[0];
    const Variable dy = grads[0].to(x.scalar_type()).contiguous(at::MemoryFormat::ChannelsLast);
    const Walk walk(x);
    const Affine a(
        values_of(saved[1]), values_of(saved[2]),
        {ctx->saved_data["mean"].toDoubleVector(), ctx->saved_data["variance"].toDoubleVector()},
        ctx->saved_data["epsilon"].toDouble());
    Variable dx = torch::empty_like(x);
    auto [dbeta, weighted] = through_silu(x, dy, dx, a, walk);
    through_norm(x, dx, a, {dbeta, weighted}, walk);
    for (size_t c = 0; c < weighted.size(); ++c) weighted[c] *= a.inverse[c];
    return {dx, to_tensor(weighted), to_tensor(dbeta), Variable()};
  }

  // The sums of dz and of dz · (x − mean).
  using SumPair = std::pair<std::vector<double>, std::vector<double>>;

  static SumPair through_silu(const Variable& x, const Variable& dy, Variable& dz, const Affine& a,
                              const Walk& walk) {
    const auto factor = repeated(walk, a.factor), offset = repeated(walk, a.offset),
               mean = repeated(walk, a.mean);
    Sums sum(walk), weighted(walk);
    walk([&](int64_t b, int64_t begin, int64_t end) {
      Part out(dz, begin, end);
      scaled_silu_backward(Part(x, begin, end).read(), Part(dy, begin, end).read(), out.values(),
                           {factor, offset, mean}, sum.row(b), weighted.row(b));
      out.written();
    });
    return {sum.by_channel(), weighted.by_channel()};
  }

  // dz becomes dx = factor · (dz − mean of dz − (x − mean) / σ² · mean of dz · (x − mean)).
  static void through_norm(const Variable& x, Variable& dz, const Affine& a, const SumPair& sums,
                           const Walk& walk) {
    const auto count = static_cast<double>(walk.values / walk.channels);
    std::vector<double> slope(a.mean.size()), offset(a.mean.size());
    for (size_t c = 0; c < slope.size(); ++c) {
      offset[c] = -a.factor[c] * sums.first[c] / count;
      slope[c] = -a.factor[c] * a.inverse[c] * a.inverse[c] * sums.second[c] / count;
    }
    const auto factors = repeated(walk, a.factor), slopes = repeated(walk, slope),
               means = repeated(walk, a.mean), offsets = repeated(walk, offset);
    walk([&](int64_t, int64_t begin, int64_t end) {
      Part part(dz, begin, end);
      const auto d = part.read();
      norm_backward(Part(x, begin, end).read(), d, {factors, slopes, means, offsets});
      part.written();
    });
  }
};

}  // namespace

torch::Tensor norm_silu(const torch::Tensor& x, const NormTensors& norm) {
  return NormSilu::apply(x, norm.gamma, norm.beta, norm);
}

}  // namespace octet
