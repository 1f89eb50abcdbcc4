// YOLOv9's ways to halve the image. Each begins with means of 2×2 pixels, a stride of 1 apart.
#include "model/blocks/builders.h"

namespace octet {

std::string build_aconv(NetworkBuilder& net, const Module& module, const BlockPlace& place) {
  const std::string means = net.add(place.path + ".mean", AvgPool{}, {only_input(module, place)});
  return build_child(net, module, place, "cv1", means);
}

// Half of the channels go through a convolution, the other half through a max-pool.
std::string build_adown(NetworkBuilder& net, const Module& module, const BlockPlace& place) {
  const std::string& path = place.path;
  const std::string means = net.add(path + ".mean", AvgPool{}, {only_input(module, place)});
  const int half = net.channels(means) / 2;
  const std::string first = net.add(path + ".split.0", Slice{0, half}, {means});
  const std::string second = net.add(path + ".split.1", Slice{half, 2 * half}, {means});
  const std::string pooled =
      net.add(path + ".pool", MaxPool{.kernel = 3, .stride = 2, .padding = 1}, {second});
  return net.add(path + ".concat", Concat{},
                 {build_child(net, module, place, "cv1", first),
                  build_child(net, module, place, "cv2", pooled)});
}

}  // namespace octet
