#include "format/onnx/external_data.h"

#include <algorithm>
#include <charconv>
#include <limits>
#include <map>
#include <optional>
#include <vector>

#include "core/error.h"
#include "core/file.h"
#include "format/onnx/parse.h"

namespace octet {
namespace fs = std::filesystem;
namespace {

constexpr size_t kMaxBytes = std::numeric_limits<int>::max();  // of a protobuf

// The files of one folder, each read once.
class Folder {
 public:
  explicit Folder(const fs::path& model)
      : root_(fs::canonical(model.has_parent_path() ? model.parent_path() : ".")) {}

  const std::vector<std::byte>& file(const std::string& location) {
    const auto at = files_.find(location);
    if (at != files_.end()) return at->second;
    const fs::path place(location);
    const bool plain = !location.empty() && place.is_relative() &&
                       location.find('\0') == std::string::npos &&
                       std::none_of(place.begin(), place.end(), [](const fs::path& part) {
                         return part == ".." || part.string().front() == '*';
                       });
    std::error_code missing;
    const fs::path real = fs::canonical(root_ / place, missing);
    if (!plain || (!missing && !is_below(real)))
      fail("its place is no file below the model's folder: '{}'", location);
    std::vector<std::byte> bytes = read_file(root_ / place);
    total_ += bytes.size();
    if (total_ > kMaxBytes) fail("the files of its weights have more than 2 GB");
    return files_.emplace(location, std::move(bytes)).first->second;
  }

 private:
  [[nodiscard]] bool is_below(const fs::path& real) const {
    const fs::path relative = real.lexically_relative(root_);
    return !relative.empty() && *relative.begin() != "..";
  }

  fs::path root_;
  std::map<std::string, std::vector<std::byte>> files_;
  size_t total_ = 0;
};

size_t number(const std::string& text, const std::string& key) {
  size_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size())
    fail("its {} '{}' is no number of bytes", key, text);
  return value;
}

void take_in(onnx::TensorProto& tensor, Folder& folder) {
  std::string location;
  size_t offset = 0;
  std::optional<size_t> length;
  for (const auto& entry : tensor.external_data()) {
    if (entry.key() == "location") location = entry.value();
    if (entry.key() == "offset") offset = number(entry.value(), "offset");
    if (entry.key() == "length") length = number(entry.value(), "length");
  }
  const std::vector<std::byte>& bytes = folder.file(location);
  if (offset > bytes.size()) fail("begins behind the end of '{}'", location);
  if (length.value_or(0) > bytes.size() - offset) fail("ends behind the end of '{}'", location);
  tensor.set_raw_data(bytes.data() + offset, length.value_or(bytes.size() - offset));
  tensor.clear_external_data();
  tensor.clear_data_location();
}

}  // namespace

void take_in_external_data(std::string& content, const fs::path& path) {
  Budget budget(path.string(), content.size());
  onnx::ModelProto model = parse_scattered_onnx(as_bytes(content), budget);
  Folder folder(path);
  bool changed = false;
  for_each_tensor(model, [&](onnx::TensorProto& tensor) {
    if (tensor.data_location() != onnx::TensorProto::EXTERNAL && tensor.external_data_size() == 0)
      return;
    try {
      take_in(tensor, folder);
    } catch (const Error& e) {
      fail("{}: the tensor '{}': {}", path.string(), tensor.name(), e.what());
    }
    changed = true;
  });
  if (!changed) return;
  if (model.ByteSizeLong() > kMaxBytes)
    fail("{}: has more than 2 GB of weights, which is more than engines take", path.string());
  content = model.SerializeAsString();
}

}  // namespace octet
