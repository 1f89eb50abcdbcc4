// SavedModels as 'verify' and 'inspect' read them. Mutations change the unpacked message: as bytes
// most would end at its lengths.
#include <algorithm>
#include <cstdint>
#include <cstring>
#include <random>
#include <string>

#include "core/error.h"
#include "format/savedmodel/saved_model.h"
#include "format/savedmodel/tensorflow_graph.h"

extern "C" size_t LLVMFuzzerMutate(uint8_t* data, size_t size, size_t max_size);

namespace {

namespace tf = octet::tf;
using Random = std::minstd_rand;

constexpr size_t kMaxText = 64;

std::string mutated(std::string text) {
  const size_t size = std::min(text.size(), kMaxText);
  text.resize(kMaxText);
  text.resize(LLVMFuzzerMutate(reinterpret_cast<uint8_t*>(text.data()), size, kMaxText));
  return text;
}

// A graph with everything that octet writes.
std::string small_model() {
  octet::TensorflowGraph graph;
  const std::string image = graph.input("image", tf::DT_UINT8, {1, 32, 32, 3});
  const std::string real = graph.add("Cast", "real", {image})
                               .type("SrcT", tf::DT_UINT8)
                               .type("DstT", tf::DT_FLOAT)
                               .name();
  const std::string weight = graph.floats("w", {1, 1, 3, 1}, {1, 2, 3});
  graph.add_float("Conv2D", "y", {real, weight})
      .integers("strides", {1, 1, 1, 1})
      .text("padding", "SAME");
  graph.output("y", "y", {1, 32, 32, 1});
  graph.metadata("octet", "{}");
  return graph.serialize();
}

void mutate_node(tf::NodeDef& node, Random& random) {
  switch (random() % 5) {
    case 0:
      node.set_name(mutated(node.name()));
      return;
    case 1:
      node.set_op(random() % 2 == 0 ? "Const" : mutated(node.op()));
      return;
    case 2:
      node.mutable_experimental_debug_info()->add_original_node_names(mutated(node.name()));
      return;
    case 3:
      if (node.attr_size() > 0) node.mutable_attr()->RemoveLast();
      return;
    default:
      if (node.attr_size() == 0) return;
      auto& value =
          *node.mutable_attr(static_cast<int>(random() % node.attr_size()))->mutable_value();
      (void)value.ParseFromString(mutated(value.SerializeAsString()));
  }
}

void mutate(tf::SavedModel& model, Random& random) {
  if (model.meta_graphs_size() == 0 || random() % 50 == 0) model.add_meta_graphs();
  auto& meta = *model.mutable_meta_graphs(0);
  auto& graph = *meta.mutable_graph_def();
  switch (random() % 4) {
    case 0:
      if (graph.node_size() > 0)
        *graph.add_node() = graph.node(static_cast<int>(random() % graph.node_size()));
      return;
    case 1:
      meta.add_collection_def()->set_key(mutated("octet"));
      return;
    case 2:
      if (meta.signature_def_size() > 0)
        meta.mutable_signature_def(0)->mutable_value()->add_outputs()->set_key(mutated("y"));
      return;
    default:
      if (graph.node_size() > 0)
        mutate_node(*graph.mutable_node(static_cast<int>(random() % graph.node_size())), random);
  }
}

}  // namespace

extern "C" size_t LLVMFuzzerCustomMutator(uint8_t* data, size_t size, size_t max_size,
                                          unsigned int seed) {
  Random random(seed);
  if (random() % 4 == 0) return LLVMFuzzerMutate(data, size, max_size);
  tf::SavedModel model;
  if (!model.ParseFromArray(data, static_cast<int>(size)) || model.meta_graphs_size() == 0)
    (void)model.ParseFromString(small_model());
  mutate(model, random);
  const std::string bytes = model.SerializeAsString();
  if (bytes.size() > max_size) return LLVMFuzzerMutate(data, size, max_size);
  std::memcpy(data, bytes.data(), bytes.size());
  return bytes.size();
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto bytes = std::as_bytes(std::span(data, size));
  try {
    (void)octet::list_saved_model(bytes, "fuzz");
  } catch (const octet::Error&) {
  }
  try {
    (void)octet::read_saved_model_metadata(bytes, "fuzz");
  } catch (const octet::Error&) {
    return 0;  // refused, as it should
  }
  return 0;
}
