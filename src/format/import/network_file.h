// A network of another program's file, before it is a model.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include "core/error.h"
#include "format/import/draft.h"
#include "format/import/find_pose_head.h"
#include "format/import/layers.h"

namespace octet {

// The input of the file from pixels of 0..255: (pixel − mean) / deviation, a number for each channel
// or one for all. Empty: the network tells, or fractions of 255.
struct InputValues {
  std::vector<double> mean, deviation;
};

struct ImportOptions {
  std::optional<Size> size;  // of the input, where the file leaves it open
  InputValues values;
  PoseHeadRequest head = {};
};

struct FileOutput {
  std::string name;
  Computed value;
};

struct NetworkFile {
  Graph graph;  // its first node is kValuesNode: the file's input, made of fractions
  std::vector<FileOutput> outputs;
  std::map<std::string, Shape> shapes;  // (1, C, H, W) of the outputs' values
  bool bytes = false;                   // its input are integers of 0..255
  std::string source;                   // who wrote the file
  std::vector<std::string> notes;       // where it is read otherwise than it says
};

// An operator that cannot be read: "Softmax 'probabilities'", and why.
struct Unreadable {
  std::string node, reason;
};

// The values of a file while its operators are read, and those that could not be.
class FileValues {
 public:
  using Value = std::variant<Constant, Computed>;

  void set(const std::string& key, Value value) { values_.insert_or_assign(key, std::move(value)); }
  [[nodiscard]] const Value* find(const std::string& key) const {
    const auto at = values_.find(key);
    return at == values_.end() ? nullptr : &at->second;
  }
  // Runs `read`, and keeps the reason where it throws. Returns whether it did not.
  template <typename Read>
  bool attempt(const std::string& file, const std::string& node, Read&& read) {
    try {
      read();
      return true;
    } catch (const Error& e) {
      const std::string_view reason = e.what();
      if (reason.starts_with(file)) throw;  // the budget
      unreadable_.push_back({node, std::string(reason)});
      return false;
    }
  }
  // A value of an operator that could not be read, or that reads such a value.
  void lose(const std::string& key) { lost_.insert(key); }
  [[nodiscard]] bool is_lost(const std::string& key) const { return lost_.contains(key); }
  void add(Unreadable problem) { unreadable_.push_back(std::move(problem)); }
  // Throws an Error that names every operator that could not be read, of `operators` in all.
  void require_read(const std::string& file, size_t operators) const;

 private:
  std::map<std::string, Value> values_;
  std::set<std::string> lost_;
  std::vector<Unreadable> unreadable_;
};

// The input: `shape` as the file has it, with ≤ 0 for sides that it leaves open. Returns its size.
[[nodiscard]] Size input_size_of(const Shape& shape, const std::optional<Size>& wanted);
// The scaling of the input, to be set when the network is known.
Computed add_input_values(Draft& draft, const Shape& shape);

}  // namespace octet
