#include "model/module_tree.h"

#include <cmath>

#include "core/error.h"

namespace octet {

const Module& child_of(const Module& module, const std::string& name, const std::string& path) {
  const Module* found = module.child(name);
  if (found == nullptr)
    fail("{} ({}): has no part '{}'; is this a YOLO model of Ultralytics?", path, module.type,
         name);
  return *found;
}

const Tensor& tensor_of(const Module& module, const std::string& name, const std::string& path) {
  const auto found = module.tensors.find(name);
  if (found == module.tensors.end()) fail("{} ({}): has no tensor '{}'", path, module.type, name);
  return found->second;
}

std::optional<int> optional_number(const Module& module, const std::string& name,
                                   const std::string& path) {
  const auto found = module.number_attributes.find(name);
  if (found == module.number_attributes.end() || found->second.empty()) return std::nullopt;
  for (const double v : found->second) {
    if (v != found->second[0])
      fail("{} ({}): '{}' differs between its sides, not supported", path, module.type, name);
  }
  const double value = found->second[0];
  if (value != std::floor(value) || std::fabs(value) > 1e6) {
    fail("{} ({}): '{}' is {}, a small whole number is expected", path, module.type, name, value);
  }
  return static_cast<int>(value);
}

int number_of(const Module& module, const std::string& name, const std::string& path) {
  const auto value = optional_number(module, name, path);
  if (!value) fail("{} ({}): has no number '{}'", path, module.type, name);
  return *value;
}

}  // namespace octet
