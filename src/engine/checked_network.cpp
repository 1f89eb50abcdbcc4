#include "engine/checked_network.h"

#include <fmt/ranges.h>

#include <cmath>
#include <utility>

#include "core/error.h"

namespace octet {
namespace {

constexpr size_t kMaxOutputs = 10'000;
constexpr int64_t kMaxElements = int64_t{1} << 28;  // of an output

// Never more than kMaxElements + 1; 0 where a side is none.
int64_t bounded_count(const Shape& shape) {
  int64_t count = 1;
  for (const int64_t side : shape) {
    if (side < 1) return 0;
    if (side > kMaxElements / count) return kMaxElements + 1;
    count *= side;
  }
  return count;
}

void check_input(const Port& port, Size size) {
  const Shape& s = port.shape;
  if (s.size() != 4 || s[3] != 3)
    fail("its input ({}) is not an image of 3 channels", fmt::join(s, ", "));
  if (s[0] != 1) fail("takes {} images at a time; export it again with a batch of 1", s[0]);
  if (s[1] != size.height || s[2] != size.width)
    fail("its input is {} × {} pixels, {} × {} are expected", s[2], s[1], size.width, size.height);
  if (port.type != ElementType::kUint8) fail("the engine offers no input of bytes");
}

void check_output(const Port& port) {
  const int64_t count = bounded_count(port.shape);
  if (count == 0 || count > kMaxElements)
    fail("the output '{}' has the shape ({}), which is no size", port.name,
         fmt::join(port.shape, ", "));
  if (port.type == ElementType::kFloat32) return;
  const bool rows = port.channels_last && port.shape.size() == 4;
  if (port.type != ElementType::kInt8 || !rows)
    fail("the output '{}' is {}; float32 is expected", port.name, element_type_name(port.type));
  if (!std::isnormal(port.scale) || port.scale < 0 || port.zero_point < -128 ||
      port.zero_point > 127)
    fail("the output '{}' has the scale {} and the zero point {}, which are none of int8",
         port.name, port.scale, port.zero_point);
}

bool fits(const TensorView& view, const Port& port) {
  return view.data != nullptr && view.type == port.type && view.shape == port.shape &&
         view.channels_last == port.channels_last && view.scale == port.scale &&
         view.zero_point == port.zero_point;
}

class CheckedRequest : public Request {
 public:
  CheckedRequest(std::unique_ptr<Request> request, const std::vector<Port>& outputs)
      : request_(std::move(request)), outputs_(outputs) {}

  uint8_t* input() override { return request_->input(); }
  void start() override { request_->start(); }
  void wait() override {
    request_->wait();
    const auto views = request_->outputs();
    if (views.size() != outputs_.size())
      fail("the inference gave {} outputs, the network has {}", views.size(), outputs_.size());
    for (size_t i = 0; i < views.size(); ++i) {
      if (fits(views[i], outputs_[i])) continue;
      fail("the inference gave '{}' as {} ({}), the file says {} ({})", outputs_[i].name,
           element_type_name(views[i].type), fmt::join(views[i].shape, ", "),
           element_type_name(outputs_[i].type), fmt::join(outputs_[i].shape, ", "));
    }
  }
  std::span<const TensorView> outputs() const override { return request_->outputs(); }
  std::vector<LayerTime> layers() override { return request_->layers(); }

 private:
  std::unique_ptr<Request> request_;
  const std::vector<Port>& outputs_;
};

class CheckedNetwork : public Network {
 public:
  explicit CheckedNetwork(std::unique_ptr<Network> network) : network_(std::move(network)) {}

  const Port& input() const override { return network_->input(); }
  const std::vector<Port>& outputs() const override { return network_->outputs(); }
  const NetworkDescription& description() const override { return network_->description(); }
  std::unique_ptr<Request> make_request() override {
    return std::make_unique<CheckedRequest>(network_->make_request(), network_->outputs());
  }

 private:
  std::unique_ptr<Network> network_;
};

}  // namespace

std::unique_ptr<Network> check_network(std::unique_ptr<Network> network, Size size,
                                       const std::string& name) {
  try {
    check_input(network->input(), size);
    if (network->outputs().empty() || network->outputs().size() > kMaxOutputs)
      fail("has {} outputs", network->outputs().size());
    for (const Port& port : network->outputs()) check_output(port);
  } catch (const Error& e) {
    fail("{}: {}", name, e.what());
  }
  return std::make_unique<CheckedNetwork>(std::move(network));
}

}  // namespace octet
