#include "format/emit/decoded_head.h"

#include <fmt/format.h>

#include <utility>

namespace octet {
namespace {

using Ref = Emitter::Ref;

class DecodedHead {
 public:
  DecodedHead(const ModelInfo& info, Size size, Emitter& emitter, std::vector<HeadPart> parts)
      : info_(info), size_(size), out_(emitter), parts_(std::move(parts)) {}

  Ref rows() {
    make_cells();
    std::vector<Ref> rows{boxes(), classes()};
    if (info_.task == Task::kPose) rows.push_back(keypoints());
    return out_.concat("decoded", rows, 1);
  }

 private:
  // Centres of the cells in units of their stride, (1, 2, cells), and the strides, (1, 1, cells).
  void make_cells() {
    std::vector<float> x;
    std::vector<float> y;
    std::vector<float> s;
    for (const int stride : info_.head.strides) {
      for (int row = 0; row < size_.height / stride; ++row) {
        for (int column = 0; column < size_.width / stride; ++column) {
          x.push_back(static_cast<float>(column) + 0.5F);
          y.push_back(static_cast<float>(row) + 0.5F);
          s.push_back(static_cast<float>(stride));
        }
      }
    }
    cells_ = static_cast<int64_t>(x.size());
    strides_ = out_.constant("cells.stride", {.shape = {1, 1, cells_}, .values = std::move(s)});
    x.insert(x.end(), y.begin(), y.end());
    centres_ = out_.constant("cells.centre", {.shape = {1, 2, cells_}, .values = std::move(x)});
  }

  // All outputs of one role side by side: (1, channels, cells).
  Ref joined(OutputRole role) {
    std::vector<Ref> parts;
    for (const int stride : info_.head.strides) {
      const std::vector<Ref> here = flat(role, stride);
      parts.insert(parts.end(), here.begin(), here.end());
    }
    return out_.concat(fmt::format("{}.all", role_name(role)), parts, 2);
  }

  // The outputs of a role at a stride, (1, channels, cells): one, or none.
  std::vector<Ref> flat(OutputRole role, int stride) {
    std::vector<Ref> list;
    for (const HeadPart& part : parts_) {
      const Output& o = part.output;
      if (o.role != role || o.stride != stride) continue;
      const Ref x = part.value;
      const Shape shape = out_.shape(x);
      list.push_back(out_.reshape(o.name() + ".flat", x, {1, shape[1], shape[2] * shape[3]}));
    }
    return list;
  }

  // Distances to the four sides are the means of distributions over bins (Li et al., "Generalized
  // Focal Loss", 2020).
  Ref boxes() {
    const auto bins = static_cast<int64_t>(info_.head.bins.size());
    const Ref logits = out_.reshape("box.bins", joined(OutputRole::kBox), {1, 4, bins, cells_});
    const Tensor steps{.shape = {1, 1, bins, 1}, .values = info_.head.bins};
    const Ref weighted =
        out_.binary("box.weighted", BinaryKind::kMultiply, out_.softmax("box.softmax", logits, 2),
                    out_.constant("box.steps", steps));
    const Ref sides = out_.reduce_sum("box.sides", weighted, 2);
    const Ref first = out_.binary("box.first", BinaryKind::kSubtract, centres_,
                                  out_.slice("box.lt", sides, 1, 0, 2));
    const Ref second =
        out_.binary("box.second", BinaryKind::kAdd, centres_, out_.slice("box.rb", sides, 1, 2, 4));
    const Ref half = out_.constant("box.half", {.shape = {1, 1, 1}, .values = {0.5F}});
    const Ref centre = out_.binary("box.centre", BinaryKind::kMultiply,
                                   out_.binary("box.sum", BinaryKind::kAdd, first, second), half);
    const Ref extent = out_.binary("box.extent", BinaryKind::kSubtract, second, first);
    const Ref pixels = out_.binary("box.pixels", BinaryKind::kMultiply,
                                   out_.concat("box.cells", {centre, extent}, 1), strides_);
    return as_fractions("box", pixels, {1, 4, 1});
  }

  // Rows (or pairs of them) of x and y, as fractions of the input's sides where the format wants
  // it.
  Ref as_fractions(const std::string& name, Ref pixels, const Shape& shape) {
    if (!out_.traits().fractions) return pixels;
    Tensor sides{.shape = shape, .values = {}};
    for (int64_t i = 0; i < element_count(shape); ++i)
      sides.values.push_back(1.0F / static_cast<float>(i % 2 == 0 ? size_.width : size_.height));
    return out_.binary(name + ".fractions", BinaryKind::kMultiply, pixels,
                       out_.constant(name + ".sizes", sides));
  }

  Ref classes() {
    return out_.apply("class.probability", joined(OutputRole::kClass),
                      Activation{ActivationKind::kSigmoid});
  }

  // At a stride with fine keypoints the mean of all three. (1, 2 · keypoints, cells)
  Ref offsets_of_keypoints() {
    std::vector<Ref> parts;
    for (const int stride : info_.head.strides) {
      std::vector<Ref> same = flat(OutputRole::kKeypoint, stride);
      const std::vector<Ref> fine = flat(OutputRole::kFineKeypoint, stride);
      same.insert(same.end(), fine.begin(), fine.end());
      parts.push_back(fine.empty() ? same.at(0)
                                   : mean_of_three(fmt::format("keypoint_{}", stride), same));
    }
    return out_.concat("keypoint.all", parts, 2);
  }

  // (1, n, cells) and (1, 2n, cells).
  Ref mean_of_three(const std::string& name, const std::vector<Ref>& parts) {
    const Shape shape = out_.shape(parts.at(0));
    const Ref all = out_.reshape(name + ".three", out_.concat(name + ".thrice", parts, 1),
                                 {1, 3, shape[1], shape[2]});
    const Ref third = out_.constant(name + ".third", {.shape = {1, 1, 1}, .values = {1.0F / 3}});
    return out_.binary(name + ".mean", BinaryKind::kMultiply,
                       out_.reduce_sum(name + ".sum", all, 1), third);
  }

  // x = (2·offset + column) · stride: the offset counts from the cell's corner.
  Ref keypoints() {
    const int64_t count = info_.head.keypoints;
    const Ref offsets =
        out_.reshape("keypoint.pairs", offsets_of_keypoints(), {1, count, 2, cells_});
    const Ref two = out_.constant("keypoint.two", {.shape = {1, 1, 1, 1}, .values = {2.0F}});
    const Ref half = out_.constant("keypoint.half", {.shape = {1, 1, 1}, .values = {0.5F}});
    const Ref corner = out_.reshape(
        "keypoint.corner", out_.binary("keypoint.corners", BinaryKind::kSubtract, centres_, half),
        {1, 1, 2, cells_});
    const Ref doubled = out_.binary("keypoint.doubled", BinaryKind::kMultiply, offsets, two);
    const Ref moved = out_.binary("keypoint.moved", BinaryKind::kAdd, doubled, corner);
    Ref points = out_.binary("keypoint.pixels", BinaryKind::kMultiply, moved,
                             out_.reshape("keypoint.strides", strides_, {1, 1, 1, cells_}));
    points = as_fractions("keypoint", points, {1, 1, 2, 1});
    if (info_.head.keypoint_dims == 3) {
      const Ref visible = out_.apply("visibility.probability", joined(OutputRole::kVisibility),
                                     Activation{ActivationKind::kSigmoid});
      points = out_.concat(
          "keypoint.triples",
          {points, out_.reshape("visibility.column", visible, {1, count, 1, cells_})}, 2);
    }
    return out_.reshape("keypoint.rows", points, {1, count * info_.head.keypoint_dims, cells_});
  }

  const ModelInfo& info_;
  Size size_;
  Emitter& out_;
  std::vector<HeadPart> parts_;
  int64_t cells_ = 0;
  Ref centres_ = 0;
  Ref strides_ = 0;
};

}  // namespace

Ref emit_decoded_head(const ModelInfo& info, Size size, Emitter& emitter,
                      std::vector<HeadPart> parts) {
  return DecodedHead(info, size, emitter, std::move(parts)).rows();
}

}  // namespace octet
