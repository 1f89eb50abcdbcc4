// Computes a model naively. Exports in their engines are compared with the result.
#pragma once

#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/tensor_view.h"
#include "model/model.h"
#include "quant/reference/integer_reference.h"

namespace octet {

// The outputs, in the graph's order.
struct ReferenceOutputs {
  std::vector<std::string> names;
  std::vector<IntegerTensor> integers;
  std::vector<std::vector<float>> real;
  std::vector<Shape> shapes;
  // Of a quantized model: every value of the graph.
  std::map<std::string, IntegerTensor> values;

  [[nodiscard]] std::vector<Port> ports() const;
  [[nodiscard]] std::vector<TensorView> views();
  [[nodiscard]] const IntegerTensor& named(const std::string& name) const;
};

// The reference of a model that is quantized throughout or not at all. The model has to outlive it.
// Outputs of a float model are given in steps too, each 1/255 of the range of that output for that
// image.
class Reference {
 public:
  explicit Reference(const Model& model);

  // `image`: RGB bytes (H, W, 3).
  [[nodiscard]] ReferenceOutputs run(std::span<const uint8_t> image, Size size) const;
  // Null where the model is in float.
  [[nodiscard]] const IntegerReference* integer() const { return integer_ ? &*integer_ : nullptr; }

 private:
  [[nodiscard]] ReferenceOutputs run_in_steps(std::span<const uint8_t> image, Size size) const;
  [[nodiscard]] ReferenceOutputs run_float(std::span<const uint8_t> image, Size size) const;

  const Model& model_;
  std::optional<IntegerReference> integer_;
};

}  // namespace octet
