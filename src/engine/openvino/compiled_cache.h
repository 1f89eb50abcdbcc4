// Compiled networks that are kept between runs, a file each. A file says what it was made of and what
// its content adds up to; one that is damaged, cut short or was put in another's place is not used.
// Whoever can write to the folder can still have any network run: it has to be the user's own.
#pragma once

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iosfwd>
#include <optional>

namespace octet {

// Of what a network is compiled from: the model's bytes, and all that changes the result.
using CacheKey = uint64_t;

class CompiledCache {
 public:
  // `folder` empty: nothing is kept.
  explicit CompiledCache(std::filesystem::path folder) : folder_(std::move(folder)) {}

  [[nodiscard]] bool keeps() const { return !folder_.empty(); }
  // At the beginning of what was kept; nothing where there is none that is sound, which is logged.
  [[nodiscard]] std::optional<std::ifstream> open(CacheKey key) const;
  // A cache that cannot be written costs time at the next start, nothing else: that is logged. The
  // networks kept last stay, the others are removed.
  void keep(CacheKey key, const std::function<void(std::ostream&)>& write) const;

 private:
  [[nodiscard]] std::filesystem::path file_of(CacheKey key) const;
  void drop_old() const;

  std::filesystem::path folder_;
};

}  // namespace octet
