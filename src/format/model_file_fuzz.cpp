// Any bytes as a model file: the safetensors header, the graph and the model's information inside
// it. Half of the mutations change one value of the parsed header, or of the description in it.
#include <algorithm>
#include <cstdint>
#include <cstring>
#include <random>
#include <span>

#include "core/error.h"
#include "core/file.h"
#include "core/text/json_text.h"
#include "format/model_file.h"
#include "testing/json_mutation.h"
#include "testing/testing.h"

extern "C" size_t LLVMFuzzerMutate(uint8_t* data, size_t size, size_t max_size);

namespace {

using nlohmann::json;

constexpr size_t kLengthBytes = 8;

// The header's text; empty where there is none.
std::string header_of(const uint8_t* data, size_t size) {
  uint64_t length = 0;
  if (size < kLengthBytes) return {};
  std::memcpy(&length, data, kLengthBytes);
  if (length > size - kLengthBytes) return {};
  return {reinterpret_cast<const char*>(data) + kLengthBytes, length};
}

// The smallest network that is a detector.
std::string smallest_model() {
  octet::Model model;
  model.info.names = {"a"};
  model.info.head.strides = {8};
  model.info.head.bins = {0, 1};
  model.graph.input = "image";
  const auto add = [&](const std::string& name, octet::OutputRole role, int64_t channels) {
    octet::Conv2d conv{.stride = 8, .padding = 0};
    conv.weight = {.shape = {channels, 3, 8, 8},
                   .values = std::vector<float>(static_cast<size_t>(channels) * 192, 0.5F)};
    conv.bias = {.shape = {channels},
                 .values = std::vector<float>(static_cast<size_t>(channels), 0.5F)};
    model.graph.nodes.push_back({.name = name, .op = conv, .inputs = {"image"}});
    model.add_output({.value = name, .role = role, .stride = 8});
  };
  add("box", octet::OutputRole::kBox, 8);
  add("class", octet::OutputRole::kClass, 1);
  const octet::TemporaryFolder folder;
  octet::write_model_file(folder / "m.safetensors", model, octet::StorageKind::kF16);
  return octet::read_text_file(folder / "m.safetensors");
}

size_t begin_with(const std::string& sample, uint8_t* data, size_t max_size) {
  const size_t size = std::min(sample.size(), max_size);
  std::copy_n(sample.begin(), size, data);
  return size;
}

void mutate_header(json& header, std::minstd_rand& random) {
  json* const metadata = header.contains("__metadata__") ? &header["__metadata__"] : nullptr;
  if (metadata == nullptr || !metadata->is_object() || !metadata->contains("octet") ||
      random() % 4 == 0)
    return octet::mutate_json(header, random);
  json description = json::parse((*metadata)["octet"].get<std::string>(), nullptr, false);
  if (description.is_discarded()) return;
  octet::mutate_json(description, random);
  (*metadata)["octet"] = octet::dump_json(description);
}

}  // namespace

extern "C" size_t LLVMFuzzerCustomMutator(uint8_t* data, size_t size, size_t max_size,
                                          unsigned int seed) {
  static const std::string sample = smallest_model();
  std::minstd_rand random(seed);
  if (size < kLengthBytes) return begin_with(sample, data, max_size);
  const std::string before = header_of(data, size);
  json header = json::parse(before, nullptr, false);
  if (random() % 2 == 0 || !header.is_object()) return LLVMFuzzerMutate(data, size, max_size);
  try {
    mutate_header(header, random);
  } catch (const json::exception&) {
    return LLVMFuzzerMutate(data, size, max_size);
  }
  const std::string after = octet::dump_json(header);
  const size_t rest = size - kLengthBytes - before.size();
  if (kLengthBytes + after.size() + rest > max_size) return size;
  std::memmove(data + kLengthBytes + after.size(), data + kLengthBytes + before.size(), rest);
  const uint64_t length = after.size();
  std::memcpy(data, &length, kLengthBytes);
  std::copy(after.begin(), after.end(), data + kLengthBytes);
  return kLengthBytes + after.size() + rest;
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  try {
    (void)octet::parse_model_file(std::as_bytes(std::span(data, size)), "fuzz.safetensors");
  } catch (const octet::Error&) {
    return 0;  // refused, as it should
  }
  return 0;
}
