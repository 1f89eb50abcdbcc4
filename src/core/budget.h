// How much memory and work one file may cause while it is read. A small file can stand for large
// memory: a list that is referred to over and over, ranges that overlap, levels without end. So a
// reader asks its Budget before it makes something of what the file says, or goes through a part of
// it once more.
//
// The limits follow from the file's size and cannot be set: kFloorBytes, and kBytesPerByte times the
// file. Sound files of every kind that octet reads stay far below. Not thread-safe.
#pragma once

#include <cstddef>
#include <string>

namespace octet {

class Budget {
 public:
  static constexpr size_t kFloorBytes = size_t{32} << 20;
  static constexpr size_t kBytesPerByte = 20;
  static constexpr int kMaxDepth = 100;

  // `name` begins the messages. The file's own bytes are in memory, and taken already.
  Budget(std::string name, size_t input_bytes, int max_depth = kMaxDepth);

  // Before `count` things of so many bytes each are made or gone through. Throws an Error that names
  // the file and the limit when they are too many.
  void take(size_t count, size_t bytes_each);
  void take(size_t bytes) { take(1, bytes); }
  // A text that is about to be copied.
  const std::string& copy(const std::string& text);

  // Throws an Error that names the file and the limit when `depth` levels are too many.
  void require_depth(int depth) const;

  [[nodiscard]] const std::string& name() const { return name_; }
  // The most that a file of so many bytes may take.
  [[nodiscard]] static size_t limit_of(size_t input_bytes);

 private:
  std::string name_;
  size_t limit_;
  size_t left_;
  int max_depth_;
};

}  // namespace octet
