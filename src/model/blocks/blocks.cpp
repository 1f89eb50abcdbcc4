#include "model/blocks/blocks.h"

#include <algorithm>

#include "core/error.h"
#include "model/blocks/builders.h"

namespace octet {
namespace {

struct Row {
  std::string_view type;
  BuildBlock build;
};

constexpr Row kBlocks[] = {
    {"Conv", build_conv},
    {"RepConv", build_rep_conv},
    {"Bottleneck", build_bottleneck},
    {"RepBottleneck", build_bottleneck},
    {"C2f", build_c2f},
    {"C3", build_c3},
    {"RepCSP", build_c3},
    {"RepNCSPELAN4", build_elan},
    {"ELAN1", build_elan},
    {"SPPF", build_sppf},
    {"SPPELAN", build_sppelan},
    {"AConv", build_aconv},
    {"ADown", build_adown},
    {"Concat", build_concat},
    {"Upsample", build_upsample},
    {"Sequential", build_sequential},
};

}  // namespace

BuildBlock find_block(std::string_view type) {
  const auto* const found = std::find_if(std::begin(kBlocks), std::end(kBlocks),
                                         [&](const Row& row) { return row.type == type; });
  return found == std::end(kBlocks) ? nullptr : found->build;
}

namespace {

std::string build(NetworkBuilder& net, const Module& module, const BlockPlace& place) {
  const BuildBlock builder = find_block(module.type);
  if (builder == nullptr) fail("{}: a block {} is not known here", place.path, module.type);
  return builder(net, module, place);
}

}  // namespace

std::string build_child(NetworkBuilder& net, const Module& module, const BlockPlace& place,
                        const std::string& name, const std::string& input) {
  return build(net, child_of(module, name, place.path),
               {.inputs = {input}, .path = place.path + "." + name});
}

std::string build_sequence(NetworkBuilder& net, const Module& sequence, const std::string& input,
                           const std::string& path) {
  std::string value = input;
  for (const Module& part : sequence.children)
    value = build(net, part, {.inputs = {value}, .path = path + "." + part.name});
  return value;
}

std::string build_sequential(NetworkBuilder& net, const Module& module, const BlockPlace& place) {
  return build_sequence(net, module, only_input(module, place), place.path);
}

const std::string& only_input(const Module& module, const BlockPlace& place) {
  if (place.inputs.size() != 1) fail("{} ({}): takes one input", place.path, module.type);
  return place.inputs[0];
}

}  // namespace octet
