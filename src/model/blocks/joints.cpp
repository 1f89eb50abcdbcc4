// What joins the layers.
#include "core/error.h"
#include "model/blocks/builders.h"

namespace octet {

std::string build_concat(NetworkBuilder& net, const Module&, const BlockPlace& place) {
  return net.add(place.path, Concat{}, place.inputs);
}

std::string build_upsample(NetworkBuilder& net, const Module& module, const BlockPlace& place) {
  const auto mode = module.string_attributes.find("mode");
  if (mode != module.string_attributes.end() && mode->second != "nearest")
    fail("{} (Upsample): mode '{}' is not supported, only nearest", place.path, mode->second);
  return net.add(place.path, ResizeNearest{number_of(module, "scale_factor", place.path)},
                 {only_input(module, place)});
}

}  // namespace octet
