#include "train/network/operators.h"

#include <limits>

#include "core/error.h"

namespace octet {

torch::Tensor compute(const Activation& op, TorchInputs in) {
  const torch::Tensor& x = in[0];
  switch (op.kind) {
    case ActivationKind::kSilu:
      return torch::silu(x);
    case ActivationKind::kRelu:
      return torch::relu(x);
    case ActivationKind::kRelu6:
      return torch::clamp(x, 0, 6);
    case ActivationKind::kHardswish:
      return torch::hardswish(x);
    case ActivationKind::kSigmoid:
      return torch::sigmoid(x);
  }
  fail("an activation that the trainer does not know");
}

torch::Tensor compute(const TransposedConv2d& op, TorchInputs in) {
  const Padding& p = op.padding;
  const auto bias = op.bias.empty() ? torch::Tensor() : to_torch(op.bias).to(in[0].options());
  const torch::Tensor whole =
      torch::conv_transpose2d(in[0], to_torch(op.weight).to(in[0].options()), bias, op.stride);
  return whole.slice(2, p.top, whole.size(2) - p.bottom).slice(3, p.left, whole.size(3) - p.right);
}

torch::Tensor compute(const Prelu& op, TorchInputs in) {
  return torch::prelu(in[0], to_torch(op.slope).to(in[0].options()));
}

torch::Tensor compute(const Add&, TorchInputs in) { return in[0] + in[1]; }

torch::Tensor compute(const Mul&, TorchInputs in) { return in[0] * in[1]; }

torch::Tensor compute(const Concat&, TorchInputs in) {
  return torch::cat(torch::TensorList(in.data(), in.size()), 1);
}

torch::Tensor compute(const Slice& op, TorchInputs in) { return in[0].slice(1, op.begin, op.end); }

torch::Tensor compute(const Pad& op, TorchInputs in) {
  const Padding& p = op.padding;
  return torch::constant_pad_nd(in[0], {p.left, p.right, p.top, p.bottom, 0, op.channels},
                                op.value);
}

torch::Tensor compute(const MaxPool& op, TorchInputs in) {
  const Padding& p = op.padding;
  if (p.even()) return torch::max_pool2d(in[0], op.kernel, op.stride, p.top);
  const torch::Tensor wide = torch::constant_pad_nd(in[0], {p.left, p.right, p.top, p.bottom},
                                                    -std::numeric_limits<float>::infinity());
  return torch::max_pool2d(wide, op.kernel, op.stride);
}

torch::Tensor compute(const AvgPool& op, TorchInputs in) {
  return torch::avg_pool2d(in[0], op.kernel, op.stride);
}

torch::Tensor compute(const GlobalAvgPool&, TorchInputs in) { return in[0].mean({2, 3}, true); }

torch::Tensor compute(const ResizeBilinear& op, TorchInputs in) {
  const torch::Tensor& x = in[0];
  const auto side = [&](int64_t length, int64_t axis, const torch::Tensor& values) {
    std::vector<int64_t> first, second;
    std::vector<double> share;
    const int64_t parts = op.parts(length);
    for (int64_t i = 0; i < length * op.factor; ++i) {
      const int64_t place = op.place(i, length);
      first.push_back(place / parts);
      second.push_back(std::min(first.back() + 1, length - 1));
      share.push_back(static_cast<double>(place % parts) / static_cast<double>(parts));
    }
    const auto picked = [&](const std::vector<int64_t>& indices) {
      return values.index_select(axis, torch::tensor(indices).to(values.device()));
    };
    std::vector<int64_t> broadcast(4, 1);
    broadcast[static_cast<size_t>(axis)] = length * op.factor;
    return torch::lerp(picked(first), picked(second),
                       torch::tensor(share).to(values.options()).view(broadcast));
  };
  return side(x.size(3), 3, side(x.size(2), 2, x));
}

double quarter_part(const ResizeBilinear& op, const torch::Tensor& x) {
  return 0.25 / static_cast<double>(op.parts(x.size(2)) * op.parts(x.size(3)));
}

torch::Tensor compute(const ResizeNearest& op, TorchInputs in) {
  return torch::upsample_nearest2d(in[0], {in[0].size(2) * op.factor, in[0].size(3) * op.factor});
}

torch::Tensor compute(const ChannelShuffle& op, TorchInputs in) {
  return torch::channel_shuffle(in[0], op.groups);
}

torch::Tensor compute(const Crop& op, TorchInputs in) {
  const torch::Tensor& x = in[0];
  const Padding& s = op.sides;
  return x.slice(2, s.top, x.size(2) - s.bottom).slice(3, s.left, x.size(3) - s.right);
}

torch::Tensor compute(const DepthToSpace& op, TorchInputs in) {
  const torch::Tensor& x = in[0];
  const int64_t f = op.factor;
  const int64_t channels = x.size(1) / (f * f);
  return x.reshape({x.size(0), f, f, channels, x.size(2), x.size(3)})
      .permute({0, 3, 4, 1, 5, 2})
      .reshape({x.size(0), channels, x.size(2) * f, x.size(3) * f});
}

torch::Tensor compute(const Conv2d& op, const torch::Tensor& x, const torch::Tensor& weight,
                      const torch::Tensor& bias) {
  const Padding& p = op.padding;
  if (p.even()) return torch::conv2d(x, weight, bias, op.stride, p.top, op.dilation, op.groups);
  constexpr int none = 0;
  const torch::Tensor wide = torch::constant_pad_nd(x, {p.left, p.right, p.top, p.bottom});
  return torch::conv2d(wide, weight, bias, op.stride, none, op.dilation, op.groups);
}

torch::Tensor apply_plain(const Node& node, TorchInputs in) {
  return std::visit(
      [&](const auto& op) -> torch::Tensor {
        if constexpr (requires { compute(op, in); }) {
          return compute(op, in);
        } else {
          fail("[{}] has parameters", node.name);
        }
      },
      node.op);
}

torch::Tensor to_torch(const Tensor& tensor) {
  return torch::from_blob(const_cast<float*>(tensor.values.data()), tensor.shape).clone();
}

}  // namespace octet
