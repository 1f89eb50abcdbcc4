// Compiled networks that are kept between runs, a file each. A file states its key and the checksum
// of its content, so that a damaged, truncated or exchanged file is not used. That does not stop a
// person with write access to the folder: it has to belong to the user alone.
#pragma once

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iosfwd>
#include <optional>

namespace octet {

// A hash of everything that a compiled network depends on: the bytes of the model, and all options
// that change the result.
using CacheKey = uint64_t;

class CompiledCache {
 public:
  // `folder` empty: nothing is kept.
  explicit CompiledCache(std::filesystem::path folder) : folder_(std::move(folder)) {}

  [[nodiscard]] bool keeps() const { return !folder_.empty(); }
  // Opens a kept network. Returns nothing where there is none, and logs when it is damaged.
  [[nodiscard]] std::optional<std::ifstream> open(CacheKey key) const;
  // Keeps a network. Logs when that fails, since it only costs time at the next start. The newest
  // networks stay, and others are removed.
  void keep(CacheKey key, const std::function<void(std::ostream&)>& write) const;

 private:
  [[nodiscard]] std::filesystem::path file_of(CacheKey key) const;
  void drop_old() const;

  std::filesystem::path folder_;
};

}  // namespace octet
