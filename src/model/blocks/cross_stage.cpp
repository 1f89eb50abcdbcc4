// Cross-stage partial blocks (Wang et al., "CSPNet", 2019) and their relatives.
#include "core/error.h"
#include "model/blocks/builders.h"

namespace octet {
namespace {

// Both halves of a value's channels.
std::vector<std::string> halves(NetworkBuilder& net, const std::string& value,
                                const std::string& path) {
  const int half = net.channels(value) / 2;
  return {net.add(path + ".split.0", Slice{0, half}, {value}),
          net.add(path + ".split.1", Slice{half, 2 * half}, {value})};
}

std::string join(NetworkBuilder& net, const std::vector<std::string>& parts,
                 const std::string& path) {
  return net.add(path + ".concat", Concat{}, parts);
}

}  // namespace

std::string build_bottleneck(NetworkBuilder& net, const Module& module, const BlockPlace& place) {
  const std::string& input = only_input(module, place);
  const std::string inner = build_child(net, module, place, "cv1", input);
  const std::string outer = build_child(net, module, place, "cv2", inner);
  return number_of(module, "add", place.path) != 0
             ? net.add(place.path + ".add", Add{}, {input, outer})
             : outer;
}

// Half of cv1's channels pass through a chain of bottlenecks, every intermediate result is joined,
// cv2 mixes.
std::string build_c2f(NetworkBuilder& net, const Module& module, const BlockPlace& place) {
  const std::string both = build_child(net, module, place, "cv1", only_input(module, place));
  std::vector<std::string> parts = halves(net, both, place.path);
  const Module& chain = child_of(module, "m", place.path);
  for (const Module& block : chain.children) {
    const BlockPlace here{.inputs = {parts.back()}, .path = place.path + ".m"};
    parts.push_back(build_child(net, chain, here, block.name, parts.back()));
  }
  return build_child(net, module, place, "cv2", join(net, parts, place.path));
}

// cv1 and a chain of bottlenecks beside cv2, joined; cv3 mixes.
std::string build_c3(NetworkBuilder& net, const Module& module, const BlockPlace& place) {
  const std::string& input = only_input(module, place);
  const std::string first = build_child(net, module, place, "cv1", input);
  const std::string deep =
      build_sequence(net, child_of(module, "m", place.path), first, place.path + ".m");
  const std::string flat = build_child(net, module, place, "cv2", input);
  return build_child(net, module, place, "cv3", join(net, {deep, flat}, place.path));
}

// Wang et al., "YOLOv9", 2024: halves of cv1, then cv2 and cv3 one after the other; cv4 mixes.
std::string build_elan(NetworkBuilder& net, const Module& module, const BlockPlace& place) {
  const std::string both = build_child(net, module, place, "cv1", only_input(module, place));
  std::vector<std::string> parts = halves(net, both, place.path);
  for (const char* stage : {"cv2", "cv3"})
    parts.push_back(build_child(net, module, place, stage, parts.back()));
  return build_child(net, module, place, "cv4", join(net, parts, place.path));
}

}  // namespace octet
