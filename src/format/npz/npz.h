// Writes NumPy's archive of arrays, .npz.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "core/tensor_view.h"

namespace octet {

struct NamedArray {
  std::string name;
  Shape shape;
  std::vector<float> values;  // row-major
};

// Writes the file atomically. Throws an Error that names it when that fails.
void write_npz(const std::filesystem::path& path, const std::vector<NamedArray>& arrays);

}  // namespace octet
