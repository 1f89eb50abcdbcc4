#include "detect/raw_network.h"

namespace octet {
namespace {

// In the order (C, H, W), as real numbers.
void append(const TensorView& t, std::vector<float>& to) {
  const auto count = static_cast<size_t>(element_count(t.shape));
  const auto cells = t.channels_last ? static_cast<size_t>(t.shape[2] * t.shape[3]) : 1;
  const auto channels = t.channels_last ? static_cast<size_t>(t.shape[1]) : 1;
  for (size_t i = 0; i < count; ++i) {
    const size_t at = t.channels_last ? i % cells * channels + i / cells : i;
    to.push_back(t.type == ElementType::kInt8
                     ? t.scale * static_cast<float>(t.integers()[at] - t.zero_point)
                     : t.floats()[at]);
  }
}

}  // namespace

RawNetwork::RawNetwork(Detector& detector)
    : request_(detector.network_->make_request()), input_(detector.input_size()) {
  for (const Port& port : detector.network_->outputs()) {
    Shape shape = port.shape;
    // The images need an axis of their own where the output's first axis counts something else.
    if (shape.empty() || shape[0] != 1) shape.insert(shape.begin(), 1);
    shape[0] = 0;
    arrays_.push_back({.name = port.name, .shape = shape, .values = {}});
  }
}

void RawNetwork::run(const RgbView& picture) {
  Letterbox(picture.size, input_).run(picture, request_->input());
  request_->start();
  request_->wait();
  for (size_t i = 0; i < arrays_.size(); ++i) {
    append(request_->outputs()[i], arrays_[i].values);
    ++arrays_[i].shape[0];
  }
}

}  // namespace octet
