#include <utility>

#include "core/error.h"
#include "model/blocks/blocks.h"
#include "model/families/detect_head.h"
#include "model/families/families.h"

namespace octet {
namespace {

// The values that a layer reads. "f" counts layers: -1 is the one before, a list joins several.
std::vector<std::string> sources_of(const Module& layer, const BlockPlace& image,
                                    const std::vector<std::string>& values,
                                    const std::string& path) {
  const auto found = layer.number_attributes.find("f");
  std::vector<std::string> names;
  for (const double from :
       found == layer.number_attributes.end() ? std::vector<double>{-1} : found->second) {
    const double at = from < 0 ? static_cast<double>(values.size()) + from : from;
    if (at == -1 && values.empty()) {
      names.push_back(image.inputs[0]);
      continue;
    }
    if (!(at >= 0) || at >= static_cast<double>(values.size()))
      fail("{} ({}): takes its input from layer {}, which is not before it", path, layer.type,
           from);
    names.push_back(values[static_cast<size_t>(at)]);
  }
  return names;
}

}  // namespace

Model build_network(const Module& root, ModelInfo info) {
  const Module& layers = child_of(root, "model", "checkpoint");
  if (layers.children.empty()) fail("the checkpoint's model has no layers");
  const Family& family = family_of(layers);
  Model model{.info = std::move(info), .graph = {}};
  model.info.family = family.name;
  NetworkBuilder net(model.graph);
  const BlockPlace image{.inputs = {model.graph.input}, .path = ""};
  std::vector<std::string> values;  // of each layer
  for (const Module& layer : layers.children) {
    const std::string path = fmt::format("model.{}", values.size());
    const bool last = &layer == &layers.children.back();
    const BlockPlace place{.inputs = sources_of(layer, image, values, path), .path = path};
    if (is_head(layer) != last)
      fail("{} ({}): a Detect or Pose head is expected last, and nowhere else", path, layer.type);
    if (last) {
      build_head(net, layer, place.inputs, path, model);
      break;
    }
    const BuildBlock build = find_block(layer.type);
    if (build == nullptr)
      fail("{}: a layer of type {} is not part of {}", path, layer.type, family.name);
    values.push_back(build(net, layer, place));
  }
  verify(model);
  return model;
}

}  // namespace octet
