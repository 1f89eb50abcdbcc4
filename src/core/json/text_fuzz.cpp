// Any text as YAML (the first byte is even) or as JSON.
#include <yaml-cpp/yaml.h>

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>

#include "core/error.h"
#include "core/json/parse_json.h"
#include "core/yaml/yaml_text.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const std::string text(reinterpret_cast<const char*>(data) + 1, size - 1);
  try {
    if (data[0] % 2 == 0) {
      const YAML::Node yaml = octet::load_yaml(text, "fuzz");
      if (yaml.IsMap()) (void)octet::names_from_yaml(yaml["names"], "fuzz");
    } else {
      octet::Budget budget("fuzz", text.size());
      (void)octet::parse_json(text, budget);
    }
  } catch (const octet::Error&) {
    return 0;  // refused, as it should
  } catch (const nlohmann::json::exception&) {
    return 0;
  } catch (const YAML::Exception&) {
    return 0;  // of a question about a value that is none
  }
  return 0;
}
