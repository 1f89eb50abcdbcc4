// Names for annotated pictures, beside which the originals stay as they are.
#pragma once

#include <filesystem>
#include <vector>

namespace octet {

// A file in `folder`, which exists, for each of the pictures: "a.jpg" of a.png; of pictures that would
// get the same name "a.png.jpg", and then "a-2.jpg". Throws a usage Error when one of the pictures lies
// in the folder, or would be overwritten through a link in it.
[[nodiscard]] std::vector<std::filesystem::path> annotated_files(
    const std::vector<std::filesystem::path>& pictures, const std::filesystem::path& folder);

}  // namespace octet
