#include "train/network/operators.h"

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

torch::Tensor compute(const Add&, TorchInputs in) { return in[0] + in[1]; }

torch::Tensor compute(const Concat&, TorchInputs in) {
  return torch::cat(torch::TensorList(in.data(), in.size()), 1);
}

torch::Tensor compute(const Slice& op, TorchInputs in) { return in[0].slice(1, op.begin, op.end); }

torch::Tensor compute(const MaxPool& op, TorchInputs in) {
  return torch::max_pool2d(in[0], op.kernel, op.stride, op.padding);
}

torch::Tensor compute(const AvgPool& op, TorchInputs in) {
  return torch::avg_pool2d(in[0], op.kernel, op.stride);
}

torch::Tensor compute(const ResizeNearest& op, TorchInputs in) {
  return torch::upsample_nearest2d(in[0], {in[0].size(2) * op.factor, in[0].size(3) * op.factor});
}

torch::Tensor compute(const Conv2d& op, const torch::Tensor& x, const torch::Tensor& weight,
                      const torch::Tensor& bias) {
  return torch::conv2d(x, weight, bias, op.stride, op.padding, 1, op.groups);
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
