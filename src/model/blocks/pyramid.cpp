// Spatial pyramid pooling: the same max-pool applied again and again, all results joined.
#include "core/error.h"
#include "model/blocks/builders.h"

namespace octet {
namespace {

MaxPool read_max_pool(const Module& module, const std::string& path) {
  if (module.type != "MaxPool2d") fail("{}: a MaxPool2d is expected, found {}", path, module.type);
  return {.kernel = number_of(module, "kernel_size", path),
          .stride = number_of(module, "stride", path),
          .padding = number_of(module, "padding", path)};
}

}  // namespace

std::string build_sppf(NetworkBuilder& net, const Module& module, const BlockPlace& place) {
  const std::string& path = place.path;
  const std::string& input = only_input(module, place);
  const MaxPool pool = read_max_pool(child_of(module, "m", path), path + ".m");
  std::vector<std::string> parts{build_child(net, module, place, "cv1", input)};
  const int repeats = optional_number(module, "n", path).value_or(3);
  for (int i = 0; i < repeats; ++i)
    parts.push_back(net.add(fmt::format("{}.m.{}", path, i), pool, {parts.back()}));
  const std::string joined = net.add(path + ".concat", Concat{}, parts);
  const std::string out = build_child(net, module, place, "cv2", joined);
  return optional_number(module, "add", path).value_or(0) != 0
             ? net.add(path + ".add", Add{}, {input, out})
             : out;
}

std::string build_sppelan(NetworkBuilder& net, const Module& module, const BlockPlace& place) {
  const std::string& path = place.path;
  std::vector<std::string> parts{build_child(net, module, place, "cv1", only_input(module, place))};
  for (const char* name : {"cv2", "cv3", "cv4"}) {
    const std::string pool = path + "." + name;
    parts.push_back(
        net.add(pool, read_max_pool(child_of(module, name, path), pool), {parts.back()}));
  }
  return build_child(net, module, place, "cv5", net.add(path + ".concat", Concat{}, parts));
}

}  // namespace octet
