// Operators of other networks in TensorFlow: transposed convolutions, PReLU, padding, global pooling,
// bilinear resizing, channel shuffle.
#include <limits>

#include "format/savedmodel/saved_model_emitter.h"
#include "format/tflite/weight_layout.h"

namespace octet {

// The whole image, then without its sides.
void SavedModelEmitter::emit(Ref out, const std::string& name, Ref x, const TransposedConv2d& op) {
  const Shape& w = op.weight.shape;  // (I, O, H, W); the file has (H, W, O, I)
  const int64_t positions = w[2] * w[3];
  std::vector<float> turned;
  turned.reserve(op.weight.values.size());
  for (int64_t p = 0; p < positions; ++p)
    for (int64_t o = 0; o < w[1]; ++o)
      for (int64_t i = 0; i < w[0]; ++i)
        turned.push_back(op.weight.values[static_cast<size_t>((i * w[1] + o) * positions + p)]);
  const Padding& p = op.padding;
  const Shape to = channels_last(shape(out));
  const Shape whole{1, to[1] + p.top + p.bottom, to[2] + p.left + p.right, to[3]};
  const bool biased = !op.bias.empty();
  const bool cut = whole != to;
  std::string y = graph_
                      .add_float("Conv2DBackpropInput", biased || cut ? name + ".conv" : name,
                                 {graph_.integers(name + ".size", whole),
                                  graph_.floats(name + ".weight", {w[2], w[3], w[1], w[0]}, turned),
                                  value(x).name})
                      .integers("strides", {1, op.stride, op.stride, 1})
                      .text("padding", "VALID")
                      .name();
  if (biased) {
    const std::string bias = graph_.floats(name + ".bias", op.bias.shape, op.bias.values);
    y = graph_.add_float("BiasAdd", cut ? name + ".whole" : name, {y, bias}).name();
  }
  if (cut)
    y = sliced(name, y,
               {.begin = {0, p.top, p.left, 0},
                .end = {1, p.top + to[1], p.left + to[2], to[3]},
                .step = {1, 1, 1, 1}});
  define(out, {.name = y, .picture = true});
}

// As TensorFlow Lite's converter recognises it: relu(x) − slope · relu(−x).
void SavedModelEmitter::emit(Ref out, const std::string& name, Ref x, const Prelu& op) {
  const std::string in = value(x).name;
  std::vector<float> slope = op.slope.values;
  for (float& s : slope) s = -s;
  const std::string factors = graph_.floats(name + ".slope", op.slope.shape, slope);
  const std::string above = graph_.add_float("Relu", name + ".above", {in}).name();
  const std::string turned = graph_.add_float("Neg", name + ".turned", {in}).name();
  const std::string below = graph_.add_float("Relu", name + ".below", {turned}).name();
  const std::string scaled = graph_.add_float("Mul", name + ".scaled", {below, factors}).name();
  define(out, {.name = graph_.add_float("AddV2", name, {above, scaled}).name(), .picture = true});
}

void SavedModelEmitter::emit(Ref out, const std::string& name, Ref x, const Pad& op) {
  const Padding& p = op.padding;
  define(out, {.name = padded(name, value(x).name,
                              {0, 0, p.top, p.bottom, p.left, p.right, 0, op.channels}, op.value),
               .picture = true});
}

void SavedModelEmitter::emit(Ref out, const std::string& name, Ref x, const GlobalAvgPool&) {
  const std::string axes = graph_.integers(name + ".axes", {1, 2});
  define(out, {.name = graph_.add_float("Mean", name, {value(x).name, axes})
                           .type("Tidx", tf::DT_INT32)
                           .flag("keep_dims", true)
                           .name(),
               .picture = true});
}

void SavedModelEmitter::emit(Ref out, const std::string& name, Ref x, const ResizeBilinear& op) {
  const std::string size = graph_.integers(name + ".size", {shape(out)[2], shape(out)[3]});
  define(out, {.name = graph_.add_float("ResizeBilinear", name, {value(x).name, size})
                           .flag("align_corners", op.grid == PixelGrid::kAlignCorners)
                           .flag("half_pixel_centers", op.grid == PixelGrid::kHalfPixel)
                           .name(),
               .picture = true});
}

void SavedModelEmitter::emit(Ref out, const std::string& name, Ref x, const ChannelShuffle& op) {
  const Shape& s = shape(out);
  const std::string split =
      reshaped(name + ".groups", value(x).name, {1, s[2] * s[3], op.groups, s[1] / op.groups});
  const std::string turned = transposed(name + ".turned", split, {0, 1, 3, 2});
  define(out, {.name = reshaped(name, turned, channels_last(s)), .picture = true});
}

}  // namespace octet
