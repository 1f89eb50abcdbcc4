#include "engine/openvino/integer_outputs.h"

#include <cstdint>
#include <istream>
#include <ostream>

#include "core/error.h"
#include "engine/openvino/fake_quantize.h"

namespace octet {
namespace {

constexpr size_t kMostOutputs = 1000;

}  // namespace

std::vector<QuantParams> keep_integers(ov::Model& model) {
  std::vector<QuantParams> outputs;
  for (const auto& result : model.get_results()) {
    outputs.push_back({.scale = 0, .zero_point = 0});
    const ov::Output<ov::Node> real = result->input_value(0);
    const QuantParams found = rounded_to(*real.get_node());
    if (found.scale == 0 || real.get_target_inputs().size() != 1 ||
        real.get_partial_shape().size() != 4)
      continue;
    const ov::Node& fake = *real.get_node();
    const auto integers =
        steps_of(fake.input_value(0), {fake.input_value(1), fake.input_value(2)}, ov::element::i8);
    const ov::Output<ov::Node> rows = channels_last(integers);
    rows.get_node()->output(0).set_names(real.get_names());
    result->input(0).replace_source_output(rows);
    outputs.back() = found;
  }
  model.validate_nodes_and_infer_types();
  return outputs;
}

void write_outputs(std::ostream& stream, const std::vector<QuantParams>& outputs) {
  const uint64_t count = outputs.size();
  stream.write(reinterpret_cast<const char*>(&count), sizeof(count));
  stream.write(reinterpret_cast<const char*>(outputs.data()),
               static_cast<std::streamsize>(count * sizeof(QuantParams)));
}

std::vector<QuantParams> read_outputs(std::istream& stream) {
  uint64_t count = 0;
  stream.read(reinterpret_cast<char*>(&count), sizeof(count));
  if (!stream || count > kMostOutputs) fail("has no list of outputs");
  std::vector<QuantParams> outputs(count);
  stream.read(reinterpret_cast<char*>(outputs.data()),
              static_cast<std::streamsize>(count * sizeof(QuantParams)));
  if (!stream) fail("its list of outputs is cut short");
  return outputs;
}

}  // namespace octet
