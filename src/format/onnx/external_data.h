// Tensors that an ONNX file keeps in other files.
#pragma once

#include <filesystem>
#include <string>

namespace octet {

// Puts them into `content`, the bytes of the file at `path`, so that engines see one file and open
// none. Throws an Error that names the tensor where its place is no plain name of a file below the
// folder of `path` (links out of it count as outside), or its part lies outside that file.
void take_in_external_data(std::string& content, const std::filesystem::path& path);

}  // namespace octet
