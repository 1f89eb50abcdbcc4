// TensorFlow Lite files as engines are given them, and as 'import' reads them. Mutations change the unpacked model: as bytes
// nearly all would end at the verifier of its offsets.
#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <limits>
#include <random>
#include <string_view>

#include "core/error.h"
#include "core/file.h"
#include "format/import/simplify.h"
#include "format/tflite/channel_scales.h"
#include "format/tflite/hybrid_sample.h"
#include "format/tflite/summary.h"
#include "format/tflite/tflite.h"
#include "format/tflite/tflite_network.h"

extern "C" size_t LLVMFuzzerMutate(uint8_t* data, size_t size, size_t max_size);

namespace {

namespace tflite = octet::tflite;
using Random = std::minstd_rand;

int32_t odd_number(Random& random, int32_t before) {
  static constexpr std::array<int32_t, 12> kValues = {0,
                                                      1,
                                                      -1,
                                                      -2,
                                                      2,
                                                      3,
                                                      4,
                                                      127,
                                                      1 << 16,
                                                      1 << 28,
                                                      std::numeric_limits<int32_t>::max(),
                                                      std::numeric_limits<int32_t>::min()};
  const auto near = static_cast<uint32_t>(static_cast<uint32_t>(before) + random() % 5 - 2);
  return random() % 2 == 0 ? static_cast<int32_t>(near) : kValues[random() % kValues.size()];
}

template <typename List>
auto* any_of(List& list, Random& random) {
  return list.empty() ? nullptr : &list[random() % list.size()];
}

void mutate_numbers(std::vector<int32_t>& list, Random& random) {
  const auto what = random() % 6;
  if (what == 0 && !list.empty()) list.pop_back();
  if (what == 1) list.push_back(odd_number(random, 0));
  if (auto* one = any_of(list, random); what > 1 && one != nullptr) *one = odd_number(random, *one);
}

void mutate_quantization(tflite::TensorT& t, Random& random) {
  if (!t.quantization) t.quantization = std::make_unique<tflite::QuantizationParametersT>();
  auto& q = *t.quantization;
  switch (random() % 5) {
    case 0:
      t.quantization.reset();
      break;
    case 1:
      q.scale.resize(random() % 2 == 0 ? 1 : random() % 40, 0.5F);
      break;
    case 2:
      q.zero_point.resize(random() % 2 == 0 ? q.scale.size() : random() % 40);
      break;
    case 3:
      q.quantized_dimension = odd_number(random, q.quantized_dimension);
      break;
    default:
      if (auto* s = any_of(q.scale, random)) *s = std::numeric_limits<float>::quiet_NaN();
  }
}

void mutate_tensor(tflite::TensorT& t, Random& random) {
  constexpr std::array<int, 6> kTypes = {0, 1, 2, 3, 4, 9};  // of the format
  switch (random() % 4) {
    case 0:
      return mutate_numbers(t.shape, random);
    case 1:
      t.type = tflite::TensorType(kTypes[random() % kTypes.size()]);
      break;
    case 2:
      t.buffer = static_cast<uint32_t>(odd_number(random, static_cast<int32_t>(t.buffer)));
      break;
    default:
      mutate_quantization(t, random);
  }
}

// Places behind the tables, or beyond the file.
void mutate_buffer(tflite::BufferT& buffer, Random& random) {
  buffer.offset = random() % 2 == 0 ? random() % 4096 : std::numeric_limits<uint64_t>::max();
  buffer.size = random() % 2 == 0 ? buffer.data.size() : std::numeric_limits<uint64_t>::max();
}

void mutate(tflite::ModelT& model, Random& random) {
  if (model.subgraphs.empty() || !model.subgraphs[0]) return;
  if (auto* b = any_of(model.buffers, random); random() % 8 == 0 && b != nullptr && *b)
    return mutate_buffer(**b, random);
  tflite::SubGraphT& graph = *model.subgraphs[0];
  const auto what = random() % 8;
  if (what == 0) return mutate_numbers(graph.inputs, random);
  if (what == 1) return mutate_numbers(graph.outputs, random);
  if (what == 2 && !graph.operators.empty()) {
    const size_t i = random() % graph.operators.size(), j = random() % graph.operators.size();
    return std::swap(graph.operators[i], graph.operators[j]);
  }
  if (what <= 4) {
    auto* t = any_of(graph.tensors, random);
    if (t != nullptr && *t) mutate_tensor(**t, random);
    return;
  }
  auto* op = any_of(graph.operators, random);
  if (op == nullptr || !*op) return;
  if (what == 5) return mutate_numbers((*op)->inputs, random);
  if (what == 6) return mutate_numbers((*op)->outputs, random);
  (*op)->opcode_index =
      static_cast<uint32_t>(odd_number(random, static_cast<int32_t>((*op)->opcode_index)));
}

// Unpacking reads numbers of 8 bytes as they lie.
bool has_aligned_zero_points(const tflite::Model& model) {
  if (model.subgraphs() == nullptr) return true;
  for (const tflite::SubGraph* graph : *model.subgraphs()) {
    if (graph->tensors() == nullptr) continue;
    for (const tflite::Tensor* t : *graph->tensors()) {
      const auto* q = t->quantization();
      if (q != nullptr && q->zero_point() != nullptr &&
          reinterpret_cast<uintptr_t>(q->zero_point()->Data()) % alignof(int64_t) != 0)
        return false;
    }
  }
  return true;
}

bool is_sound(const uint8_t* data, size_t size) {
  flatbuffers::Verifier verifier(data, size, 64, 100'000);
  return size > 8 && tflite::ModelBufferHasIdentifier(data) &&
         tflite::VerifyModelBuffer(verifier) && has_aligned_zero_points(*tflite::GetModel(data));
}

}  // namespace

extern "C" size_t LLVMFuzzerCustomMutator(uint8_t* data, size_t size, size_t max_size,
                                          unsigned int seed) {
  static const std::string sample = octet::HybridSample{}.bytes();
  Random random(seed);
  if (size < 8 && sample.size() <= max_size) {
    std::copy(sample.begin(), sample.end(), data);
    return sample.size();
  }
  const std::string content(reinterpret_cast<const char*>(data), size);  // aligned
  if (random() % 8 == 0 || !is_sound(reinterpret_cast<const uint8_t*>(content.data()), size))
    return LLVMFuzzerMutate(data, size, max_size);
  tflite::ModelT model;
  tflite::GetModel(content.data())->UnPackTo(&model);
  for (const auto& graph : model.subgraphs) {  // Pack() takes for granted that they are there
    for (const auto& op : graph->operators)
      if (op->builtin_options.value == nullptr) op->builtin_options.Reset();
  }
  for (auto times = 1 + random() % 3; times > 0; --times) mutate(model, random);
  flatbuffers::FlatBufferBuilder builder;
  builder.Finish(tflite::Model::Pack(builder, &model), tflite::ModelIdentifier());
  if (builder.GetSize() > max_size) return size;
  std::memcpy(data, builder.GetBufferPointer(), builder.GetSize());
  return builder.GetSize();
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string content(reinterpret_cast<const char*>(data), size);  // aligned
  try {
    (void)octet::summarize_tflite(octet::as_bytes(content), "fuzz");
    const std::string mended = octet::with_channel_scales(content, "fuzz");
    if (!mended.empty()) (void)octet::summarize_tflite(octet::as_bytes(mended), "fuzz");
  } catch (const octet::Error&) {
    return 0;  // refused, as it should
  }
  try {
    (void)octet::simplify(octet::read_tflite_network(octet::as_bytes(content), "fuzz", {}).graph);
  } catch (const octet::Error&) {
    return 0;
  }
  return 0;
}
