// The layers of a checkpoint as plain data: what a checkpoint reader makes and build_yolov8() turns
// into a Graph.
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "graph/graph.h"

namespace octet {

struct Module {
  std::string type;  // class name: "Conv", "C2f", "Conv2d", …
  std::vector<std::pair<std::string, Module>> children;
  std::map<std::string, Tensor> tensors;  // parameters, buffers, and attributes that are tensors
  std::map<std::string, std::vector<double>>
      numbers;  // attributes that are numbers, truth values, or lists of numbers
  std::map<std::string, std::string> texts;  // attributes that are strings

  [[nodiscard]] const Module* child(const std::string& name) const {
    for (const auto& [key, value] : children) {
      if (key == name) return &value;
    }
    return nullptr;
  }
};

}  // namespace octet
