// Reads the tensors that an ONNX file stores in other files.
#pragma once

#include <filesystem>
#include <string>

namespace octet {

// Copies them into `content`, the bytes of the file at `path`, so that engines get one content and
// open no file. Throws an Error that names the tensor unless its file is below the folder of `path`
// (a link out of it counts as outside) and contains its bytes.
void take_in_external_data(std::string& content, const std::filesystem::path& path);

}  // namespace octet
