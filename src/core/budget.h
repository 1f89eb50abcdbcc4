// A limit of the memory and work that reading one file may cause. A small file can demand much
// memory: a list with many references to it, ranges that overlap, levels without end. A reader
// therefore asks its Budget before it allocates anything for the file, or reads a part of it again.
//
// The limits follow from the file's size and cannot be set: kFloorBytes, and kBytesPerByte times
// the file. Valid files of every kind that octet reads stay far below. Not thread-safe.
//
//   Budget budget(path.string(), bytes.size());
//   budget.take(count, sizeof(float));  // throws when the file asks for too much
//   std::vector<float> values(count);
#pragma once

#include <cstddef>
#include <string>

namespace octet {

class Budget {
 public:
  static constexpr size_t kFloorBytes = size_t{32} << 20;
  static constexpr size_t kBytesPerByte = 20;
  static constexpr int kMaxDepth = 100;

  // `name` begins the messages. The file's own bytes are in memory already and do not count.
  Budget(std::string name, size_t input_bytes, int max_depth = kMaxDepth);

  // Call it before `count` objects of `bytes_each` are allocated or read again. Throws an Error
  // that names the file and the limit when the budget is spent.
  void take(size_t count, size_t bytes_each);
  void take(size_t bytes) { take(1, bytes); }
  // Takes the size of `text`, and returns it for a copy.
  const std::string& copy(const std::string& text);

  // Throws an Error that names the file and the limit when `depth` is above the limit.
  void require_depth(int depth) const;

  [[nodiscard]] const std::string& name() const { return name_; }
  // The limit of memory for a file of `input_bytes`.
  [[nodiscard]] static size_t limit_of(size_t input_bytes);

 private:
  std::string name_;
  size_t limit_;
  size_t left_;
  int max_depth_;
};

}  // namespace octet
