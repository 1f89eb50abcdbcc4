// Reads the entries of a zip archive held in memory.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace octet {

enum class Compressed {
  kRefused,  // as PyTorch writes checkpoints: no entry can be larger than the file
  kSmall,    // entries of a mebibyte at most may be
};

class ZipArchive {
 public:
  // `bytes` must outlive the archive; `name` is for messages. Throws when this is no zip archive,
  // when an entry is compressed and may not be, or when an entry's name leads out of the archive.
  ZipArchive(std::span<const std::byte> bytes, std::string name,
             Compressed compressed = Compressed::kRefused);
  ~ZipArchive();
  ZipArchive(const ZipArchive&) = delete;
  ZipArchive& operator=(const ZipArchive&) = delete;

  [[nodiscard]] const std::vector<std::string>& entries() const { return entries_; }
  [[nodiscard]] size_t size() const { return bytes_; }  // of the whole archive
  [[nodiscard]] bool contains(const std::string& entry) const;
  // Throws when the entry is missing or damaged (its checksum is verified).
  [[nodiscard]] std::vector<std::byte> read(const std::string& entry) const;

 private:
  struct Handle;
  std::unique_ptr<Handle> handle_;
  std::string name_;
  size_t bytes_ = 0;
  std::vector<std::string> entries_;
};

}  // namespace octet
