// Names of annotated images that never overwrite the originals.
#pragma once

#include <filesystem>
#include <vector>

namespace octet {

// Returns a file in the existing `folder` for each image: "a.jpg" for a.png. Where two images would
// get the same name, it is "a.png.jpg", and then "a-2.jpg". Throws a usage Error when an image lies
// in the folder, or would be overwritten through a link in it.
[[nodiscard]] std::vector<std::filesystem::path> annotated_files(
    const std::vector<std::filesystem::path>& pictures, const std::filesystem::path& folder);

}  // namespace octet
