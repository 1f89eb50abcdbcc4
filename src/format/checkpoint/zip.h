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
  kRefused,  // as PyTorch writes checkpoints: no entry can be larger than the file
  kSmall,    // entries of a mebibyte at most may be
};

class ZipArchive {
 public:
  // `bytes` must outlive the archive. The list of entries is taken from the budget, whose name begins
  // the messages. Throws when this is no zip archive, when an entry is compressed and may not be, or
  // when an entry's name leads out of the archive.
  ZipArchive(std::span<const std::byte> bytes, Budget& budget,
             Compressed compressed = Compressed::kRefused);
  ~ZipArchive();
  ZipArchive(const ZipArchive&) = delete;
  ZipArchive& operator=(const ZipArchive&) = delete;

  [[nodiscard]] const std::vector<std::string>& entries() const { return entries_; }
  [[nodiscard]] bool contains(const std::string& entry) const;
  // Takes the entry's size from the budget. Throws when that is too much, or when the entry is missing
  // or damaged (its checksum is verified).
  [[nodiscard]] std::vector<std::byte> read(const std::string& entry, Budget& budget) const;

 private:
  struct Handle;
  std::unique_ptr<Handle> handle_;
  std::string name_;
  std::vector<std::string> entries_;
};

}  // namespace octet
