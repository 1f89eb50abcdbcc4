// Reads the entries of a zip archive held in memory.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "core/budget.h"

namespace octet {

enum class Compressed {
  kRefused,  // no entry, as PyTorch writes checkpoints: none can be larger than the file
  kSmall,    // entries of at most one mebibyte
};

class ZipArchive {
 public:
  // `bytes` must outlive the archive. Takes the list of entries from the budget, whose name begins
  // the messages. Throws when `bytes` is not a zip archive, when an entry is compressed against the
  // rule, or when the name of an entry leads out of the archive.
  ZipArchive(std::span<const std::byte> bytes, Budget& budget,
             Compressed compressed = Compressed::kRefused);
  ~ZipArchive();
  ZipArchive(const ZipArchive&) = delete;
  ZipArchive& operator=(const ZipArchive&) = delete;

  [[nodiscard]] const std::vector<std::string>& entries() const { return entries_; }
  [[nodiscard]] bool contains(const std::string& entry) const;
  // Takes the size of the entry from the budget. Throws when that is too much, when the entry is
  // missing, or when its checksum is wrong.
  [[nodiscard]] std::vector<std::byte> read(const std::string& entry, Budget& budget) const;

 private:
  struct Handle;
  std::unique_ptr<Handle> handle_;
  std::string name_;
  std::vector<std::string> entries_;
};

}  // namespace octet
