// The times of a session's nodes, from the profile that ONNX Runtime writes.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "engine/engine.h"

namespace octet {

// `json`: the text of a profile, "[{"cat":"Node","name":"conv_kernel_time","dur":12,…}]". Times are
// means over its inferences behind the cold ones (engine/cold_inferences.h). `products`: as
// onnx_products() gives them. Throws an Error when it is not such a text.
[[nodiscard]] std::vector<LayerTime> parse_node_times(
    std::string_view json, const std::map<std::string, double>& products);

// A folder for the profiles of a session, which disappears with them.
class ProfileFolder {
 public:
  ProfileFolder();  // throws an Error when none can be made
  ~ProfileFolder();
  ProfileFolder(const ProfileFolder&) = delete;
  ProfileFolder& operator=(const ProfileFolder&) = delete;

  // The beginning of the names of files; ONNX Runtime adds the rest.
  [[nodiscard]] std::string prefix() const { return path_ + "/profile"; }

 private:
  std::string path_;
};

}  // namespace octet
