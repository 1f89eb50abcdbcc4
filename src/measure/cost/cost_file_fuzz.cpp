// Any text as a cost table. Half of the mutations change one value of the parsed file.
#include <algorithm>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <random>
#include <string>

#include "core/error.h"
#include "core/text/json_text.h"
#include "measure/cost/cost_file.h"
#include "testing/json_mutation.h"

extern "C" size_t LLVMFuzzerMutate(uint8_t* data, size_t size, size_t max_size);

namespace {

using nlohmann::json;

constexpr const char* kSmallest =
    R"({"format":"octet cost table","version":1,"octet":"1","engine":"tflite","engine_version":"2",)"
    R"("processor":"p","threads":2,"weight_bits":8,"steps":[8,16],"networks":[{"model":"m","imgsz":)"
    R"([64,64],"predicted_s":1,"measured_s":1}],"layers":[{"op":"Conv2d","height":20,"width":20,)"
    R"("kernel":3,"padding":1,"activation":"silu","seconds":[[16,16,1e-5],[16,32,2e-5]]}]})";

}  // namespace

extern "C" size_t LLVMFuzzerCustomMutator(uint8_t* data, size_t size, size_t max_size,
                                          unsigned int seed) {
  std::minstd_rand random(seed);
  json table = json::parse(data, data + size, nullptr, false);
  const bool is_json = !table.is_discarded();
  if (is_json && random() % 2 == 0) return LLVMFuzzerMutate(data, size, max_size);
  if (is_json) octet::mutate_json(table, random);
  const std::string text = is_json ? octet::dump_json(table) : kSmallest;
  if (text.size() > max_size) return size;
  std::copy(text.begin(), text.end(), data);
  return text.size();
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  try {
    const octet::CostTable table = octet::parse_cost_table(text, "fuzz");
    for (const auto& [layer, seconds] : table.times()) {
      (void)table.points_within(layer);
      (void)table.cost(layer);
    }
  } catch (const octet::Error&) {
    return 0;  // refused, as it should
  }
  return 0;
}
