// Reads Python's pickle format as data. Nothing is called or imported. A class instance or a call
// becomes a record of its name and arguments. Only names of a fixed list are accepted, and any
// other is refused by its name.
//
// Values live in their Pickle and refer to each other by pointer. They may form cycles, and depth
// costs no stack.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/budget.h"

namespace octet {

struct PickleValue {
  enum class Kind {
    kNone,
    kBool,
    kInt,
    kFloat,
    kText,
    kBytes,
    kTuple,
    kList,
    kDict,
    kSet,
    kName,
    kObject,
    kPersistent
  };
  using Ref = const PickleValue*;

  Kind kind = Kind::kNone;
  int64_t integer = 0;                       // kBool, kInt
  double real = 0;                           // kFloat
  std::string text;                          // kText, kBytes; kName and kObject: "module.Class"
  std::vector<Ref> items;                    // kTuple, kList, kSet
  Ref arguments = nullptr;                   // kObject, kPersistent: a tuple
  std::vector<std::pair<Ref, Ref>> entries;  // kDict; kObject made of a dict, such as OrderedDict
  Ref state = nullptr;                       // kObject: the argument of BUILD

  [[nodiscard]] bool is(Kind k) const { return kind == k; }
  // The value under a text key of a dict (or dict-like object), or null.
  [[nodiscard]] Ref get(std::string_view key) const;
};

class Pickle {
 public:
  // Takes the memory of values from the budget, whose name begins the messages. Throws an Error for
  // malformed, unknown or too large data.
  Pickle(std::span<const std::byte> bytes, Budget& budget);

  [[nodiscard]] const PickleValue& root() const { return *root_; }

 private:
  friend class PickleMachine;
  std::deque<PickleValue> values_;
  const PickleValue* root_ = nullptr;
};

// Whether `name` ("module.Class") is allowed in a checkpoint.
[[nodiscard]] bool is_known_name(std::string_view name);
// The model family of a refused name ("YOLO11"), or an empty string.
[[nodiscard]] std::string_view foreign_family(std::string_view name);

}  // namespace octet
