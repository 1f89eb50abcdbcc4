#include <map>
#include <utility>

#include "core/error.h"
#include "graph/passes/passes.h"
#include "model/blocks/builders.h"

namespace octet {
namespace {

std::string add_activation(NetworkBuilder& net, const Module& module, const BlockPlace& place,
                           const std::string& value) {
  const Module* act = module.child("act");
  const std::string type = act == nullptr ? "Identity" : act->type;
  if (type == "Identity") return value;
  static const std::map<std::string, ActivationKind> kinds = {
      {"SiLU", ActivationKind::kSilu},
      {"ReLU", ActivationKind::kRelu},
      {"ReLU6", ActivationKind::kRelu6},
      {"Hardswish", ActivationKind::kHardswish}};
  const auto kind = kinds.find(type);
  if (kind == kinds.end()) fail("{}: the activation {} is not supported", place.path, type);
  return net.add(place.path + ".act", Activation{kind->second}, {value});
}

// A Conv block without its activation as one convolution with a bias.
Conv2d folded(const Module& module, const std::string& path) {
  Conv2d conv = read_conv2d(child_of(module, "conv", path), path + ".conv");
  const Module* bn = module.child("bn");
  return bn == nullptr ? conv : fold(std::move(conv), read_batch_norm(*bn, path + ".bn"));
}

// Adds a kernel to the middle of a larger one.
void add_kernel(Conv2d& to, const Conv2d& from, const std::string& path) {
  const Shape& large = to.weight.shape;
  const Shape& small = from.weight.shape;
  const int64_t edge = (large[2] - small[2]) / 2;
  if (large[0] != small[0] || large[1] != small[1] || to.stride != from.stride ||
      to.groups != from.groups || (large[2] - small[2]) % 2 != 0 || edge < 0 ||
      !to.padding.even() || to.padding.top - from.padding.top != edge)
    fail("{} (RepConv): its two convolutions do not fit together", path);
  for (int64_t filter = 0; filter < small[0] * small[1]; ++filter) {
    for (int64_t y = 0; y < small[2]; ++y) {
      for (int64_t x = 0; x < small[3]; ++x) {
        const int64_t at = (filter * large[2] + y + edge) * large[3] + x + edge;
        to.weight.values[static_cast<size_t>(at)] +=
            from.weight.values[static_cast<size_t>((filter * small[2] + y) * small[3] + x)];
      }
    }
  }
  for (size_t c = 0; c < to.bias.values.size(); ++c) to.bias.values[c] += from.bias.values.at(c);
}

// A shortcut through a BatchNorm, as a convolution of kernel 1.
Conv2d identity(const BatchNorm& norm, const Conv2d& like) {
  Conv2d conv{.stride = like.stride, .groups = like.groups, .weight = {}, .bias = {}};
  const int64_t channels = like.weight.shape[0];
  const int64_t inputs = like.weight.shape[1];
  conv.weight = {{channels, inputs, 1, 1},
                 std::vector<float>(static_cast<size_t>(channels * inputs), 0.0F)};
  for (int64_t c = 0; c < channels; ++c)
    conv.weight.values[static_cast<size_t>(c * inputs + c % inputs)] = 1;
  return fold(std::move(conv), norm);
}

}  // namespace

Conv2d read_conv2d(const Module& module, const std::string& path) {
  if (module.type != "Conv2d") fail("{}: a Conv2d is expected, found {}", path, module.type);
  if (optional_number(module, "dilation", path).value_or(1) != 1)
    fail("{}: dilation is not supported", path);
  Conv2d op{.stride = number_of(module, "stride", path),
            .padding = number_of(module, "padding", path),
            .groups = optional_number(module, "groups", path).value_or(1),
            .weight = tensor_of(module, "weight", path),
            .bias = {}};
  if (const auto bias = module.tensors.find("bias"); bias != module.tensors.end())
    op.bias = bias->second;
  if (op.weight.shape.size() != 4) fail("{}: a weight of 4 dimensions is expected", path);
  if (!op.bias.empty() && op.bias.shape != Shape{op.weight.shape[0]})
    fail("{}: the bias does not fit the weight", path);
  return op;
}

BatchNorm read_batch_norm(const Module& module, const std::string& path) {
  const auto epsilon = module.number_attributes.find("eps");
  if (epsilon == module.number_attributes.end() || epsilon->second.size() != 1)
    fail("{}: has no number 'eps'", path);
  return {.epsilon = static_cast<float>(epsilon->second[0]),
          .gamma = tensor_of(module, "weight", path),
          .beta = tensor_of(module, "bias", path),
          .mean = tensor_of(module, "running_mean", path),
          .variance = tensor_of(module, "running_var", path)};
}

std::string build_conv(NetworkBuilder& net, const Module& module, const BlockPlace& place) {
  const std::string& path = place.path;
  std::string value =
      net.add(path + ".conv", read_conv2d(child_of(module, "conv", path), path + ".conv"),
              {only_input(module, place)});
  if (const Module* bn = module.child("bn"))
    value = net.add(path + ".bn", read_batch_norm(*bn, path + ".bn"), {value});
  return add_activation(net, module, place, value);
}

// Ding et al., "RepVGG", 2021: branches of 3×3, 1×1 and perhaps a shortcut add up to one
// convolution. A fused checkpoint has that one already.
std::string build_rep_conv(NetworkBuilder& net, const Module& module, const BlockPlace& place) {
  const std::string& path = place.path;
  Conv2d whole;
  if (module.child("conv") != nullptr) {
    whole = read_conv2d(child_of(module, "conv", path), path + ".conv");
  } else {
    whole = folded(child_of(module, "conv1", path), path + ".conv1");
    add_kernel(whole, folded(child_of(module, "conv2", path), path + ".conv2"), path);
    if (const Module* bn = module.child("bn"))
      add_kernel(whole, identity(read_batch_norm(*bn, path + ".bn"), whole), path);
  }
  return add_activation(net, module, place,
                        net.add(path + ".conv", std::move(whole), {only_input(module, place)}));
}

}  // namespace octet
