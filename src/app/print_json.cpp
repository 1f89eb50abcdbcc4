#include "app/print_json.h"

#include <nlohmann/json.hpp>

#include "core/output.h"
#include "core/text/json_text.h"

namespace octet {

namespace {
constexpr int kResultSchema = 1;
}  // namespace

void print_json(const nlohmann::ordered_json& result) {
  nlohmann::ordered_json whole{{"schema", kResultSchema}};
  whole.update(result);
  print_out("{}\n", dump_json(whole));
}

}  // namespace octet
