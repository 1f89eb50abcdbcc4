// The layers of a checkpoint as plain data. A checkpoint reader makes them, and build_network()
// turns them into a Graph.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "graph/graph.h"

namespace octet {

struct Module {
  std::string name;  // in its parent
  std::string type;  // class name: "Conv", "C2f", "Conv2d", …
  std::vector<Module> children;
  std::map<std::string, Tensor> tensors;  // parameters, buffers, and attributes that are tensors
  // Attributes that are numbers, truth values, or lists of numbers.
  std::map<std::string, std::vector<double>> number_attributes;
  std::map<std::string, std::string> string_attributes;

  [[nodiscard]] const Module* child(const std::string& child_name) const {
    for (const Module& m : children) {
      if (m.name == child_name) return &m;
    }
    return nullptr;
  }
};

// The same for a required part. `path` is the place of the module, for messages. Each throws an
// Error that names the missing part.
[[nodiscard]] const Module& child_of(const Module& module, const std::string& name,
                                     const std::string& path);
[[nodiscard]] const Tensor& tensor_of(const Module& module, const std::string& name,
                                      const std::string& path);
// Returns a small whole number. Both numbers of a pair have to be equal.
[[nodiscard]] int number_of(const Module& module, const std::string& name, const std::string& path);
[[nodiscard]] std::optional<int> optional_number(const Module& module, const std::string& name,
                                                 const std::string& path);

}  // namespace octet
