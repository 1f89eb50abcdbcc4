// The layers of a checkpoint as plain data: what a checkpoint reader makes and build_yolov8() turns
// into a Graph.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "graph/graph.h"

namespace octet {

struct Module {
  std::string name;  // in its parent
  std::string type;  // class name: "Conv", "C2f", "Conv2d", …
  std::vector<Module> children;
  std::map<std::string, Tensor> tensors;  // parameters, buffers, and attributes that are tensors
  std::map<std::string, std::vector<double>>
      numbers;  // attributes that are numbers, truth values, or lists of numbers
  std::map<std::string, std::string> texts;  // attributes that are strings

  [[nodiscard]] const Module* child(const std::string& child_name) const {
    for (const Module& m : children) {
      if (m.name == child_name) return &m;
    }
    return nullptr;
  }
};

}  // namespace octet
