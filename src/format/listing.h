// An exported file as names and values, for every format. `verify` compares two listings
// (verify/compare_listings.h). The same reader makes both from bytes.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "core/tensor_view.h"

namespace octet {

struct ListedTensor {
  std::string type;  // "f32", "i8", "u8", "i32", "i64", or the format's name of another type
  Shape shape;
  std::vector<std::byte> bytes;
};

using ListedFields = std::map<std::string, std::string>;

struct ExportListing {
  std::map<std::string, ListedFields> nodes;  // fields by node
  std::map<std::string, ListedTensor> tensors;

  // The fields of a node. One whose name another has already is said in them: engines tell nodes
  // apart by other means, so both are computed.
  ListedFields& add_node(const std::string& name) {
    const auto [at, is_new] = nodes.try_emplace(name);
    if (!is_new) at->second[kRepeated] = "yes";
    return at->second;
  }
  // The same for tensors, which `nodes` has to tell.
  void add_tensor(const std::string& name, ListedTensor tensor) {
    if (!tensors.insert_or_assign(name, std::move(tensor)).second)
      nodes["tensor " + name][kRepeated] = "yes";
  }

  static constexpr const char* kRepeated = "another of this name";
  static constexpr const char* kWhole = "(graph)";  // the node of the whole; no other has this name
};

// Sets a field of a node. A file that has it twice has both values in it.
inline void put_field(ListedFields& fields, const std::string& key, const std::string& value) {
  std::string& field = fields[key];
  field += field.empty() ? value : "," + value;
}

}  // namespace octet
