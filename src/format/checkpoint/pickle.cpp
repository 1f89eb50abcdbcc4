#include "format/checkpoint/pickle.h"

#include <bit>
#include <cstring>
#include <map>
#include <optional>

#include "core/error.h"

namespace octet {

using Kind = PickleValue::Kind;
using Ref = PickleValue::Ref;

namespace {
constexpr size_t kMaxBytes = 16U << 20;  // YOLOv8x's has 0.3 MB; training state may add a few
constexpr size_t kValueBytes = sizeof(PickleValue) + sizeof(void*);
constexpr size_t kMemoBytes = 80;                      // a node of the map
constexpr size_t kReferenceBytes = 3 * sizeof(void*);  // in a vector that grows
}  // namespace

PickleValue::Ref PickleValue::get(std::string_view key) const {
  for (const auto& [k, v] : entries) {
    if (k->kind == Kind::kText && k->text == key) return v;
  }
  return nullptr;
}

// The stack machine of the pickle format (protocols 2 to 5; the opcodes are documented in Python's
// pickletools).
class PickleMachine {
 public:
  PickleMachine(std::span<const std::byte> bytes, Budget& budget, Pickle& out)
      : bytes_(bytes), budget_(budget), name_(budget.name()), out_(out) {}

  Ref run() {
    while (true) {
      const auto op = static_cast<uint8_t>(take(1)[0]);
      if (op == '.') return pop();
      if (!constants(op) && !numbers(op) && !texts(op) && !containers(op) && !memo(op) &&
          !objects(op)) {
        refuse(fmt::format("opcode 0x{:02x} is not supported", op));
      }
    }
  }

 private:
  // ---- input
  [[noreturn]] void refuse(const std::string& why) const {
    fail("{}: the pickle is damaged or hostile: {} (at byte {})", name_, why, at_);
  }

  std::span<const std::byte> take(size_t count) {
    if (count > bytes_.size() - at_) refuse("it ends early");
    const auto part = bytes_.subspan(at_, count);
    at_ += count;
    return part;
  }
  uint64_t little(size_t count) {
    uint64_t value = 0;
    const auto part = take(count);
    for (size_t i = 0; i < count; ++i) value |= static_cast<uint64_t>(part[i]) << (8 * i);
    return value;
  }
  std::string text(size_t count) {
    const auto part = take(count);
    budget_.take(count);
    return {reinterpret_cast<const char*>(part.data()), part.size()};
  }
  std::string line() {
    std::string out;
    for (char c = static_cast<char>(take(1)[0]); c != '\n'; c = static_cast<char>(take(1)[0]))
      out.push_back(c);
    return out;
  }

  // ---- stack
  PickleValue* make(Kind kind) {
    budget_.take(kValueBytes);
    PickleValue& value = out_.values_.emplace_back();
    value.kind = kind;
    return &value;
  }
  PickleValue* push(Kind kind) { return put(make(kind)); }
  PickleValue* put(PickleValue* value) {
    budget_.take(kReferenceBytes);
    stack_.push_back(value);
    return value;
  }
  PickleValue* pop() {
    if (stack_.empty() || (!marks_.empty() && stack_.size() <= marks_.back()))
      refuse("the stack is empty");
    PickleValue* value = stack_.back();
    stack_.pop_back();
    return value;
  }
  PickleValue& top() {
    if (stack_.empty()) refuse("the stack is empty");
    return *stack_.back();
  }
  std::vector<Ref> pop_to_mark() {
    if (marks_.empty()) refuse("a mark is missing");
    budget_.take(stack_.size() - marks_.back(), kReferenceBytes);
    std::vector<Ref> items(stack_.begin() + static_cast<std::ptrdiff_t>(marks_.back()),
                           stack_.end());
    stack_.resize(marks_.back());
    marks_.pop_back();
    return items;
  }

  // ---- opcodes, by group; each returns false when the opcode is not of its group
  bool constants(uint8_t op) {
    switch (op) {
      case 0x80:  // PROTO
        if (little(1) > 5) refuse("its protocol is newer than 5");
        return true;
      case 0x95:  // FRAME
        little(8);
        return true;
      case 'N':
        push(Kind::kNone);
        return true;
      case 0x88:  // NEWTRUE
      case 0x89:  // NEWFALSE
        push(Kind::kBool)->integer = op == 0x88 ? 1 : 0;
        return true;
      case '(':
        budget_.take(kReferenceBytes);
        marks_.push_back(stack_.size());
        return true;
      case '0':  // POP
        pop();
        return true;
      case '1':  // POP_MARK
        pop_to_mark();
        return true;
      default:
        return false;
    }
  }

  bool numbers(uint8_t op) {
    switch (op) {
      case 'K':
        push(Kind::kInt)->integer = static_cast<int64_t>(little(1));
        return true;
      case 'M':
        push(Kind::kInt)->integer = static_cast<int64_t>(little(2));
        return true;
      case 'J':
        push(Kind::kInt)->integer = static_cast<int32_t>(little(4));
        return true;
      case 0x8a: {  // LONG1: two's complement, little-endian
        const size_t count = little(1);
        if (count > 8) refuse("a number has more than 64 bits");
        uint64_t value = little(count);
        if (count > 0 && count < 8 && (value >> (8 * count - 1)) != 0)
          value |= ~uint64_t{0} << (8 * count);
        push(Kind::kInt)->integer = static_cast<int64_t>(value);
        return true;
      }
      case 'G': {  // BINFLOAT: big-endian
        uint64_t bits = 0;
        for (const std::byte b : take(8)) bits = bits << 8 | static_cast<uint64_t>(b);
        push(Kind::kFloat)->real = std::bit_cast<double>(bits);
        return true;
      }
      default:
        return false;
    }
  }

  bool texts(uint8_t op) {
    const auto sized = [&](Kind kind, size_t length_bytes) {
      const size_t count = little(length_bytes);
      push(kind)->text = text(count);
      return true;
    };
    switch (op) {
      case 'X':  // BINUNICODE
        return sized(Kind::kText, 4);
      case 0x8c:  // SHORT_BINUNICODE
        return sized(Kind::kText, 1);
      case 'B':  // BINBYTES
      case 'T':  // BINSTRING
        return sized(Kind::kBytes, 4);
      case 'C':  // SHORT_BINBYTES
      case 'U':  // SHORT_BINSTRING
        return sized(Kind::kBytes, 1);
      default:
        return false;
    }
  }

  bool containers(uint8_t op) {
    switch (op) {
      case '}':
        push(Kind::kDict);
        return true;
      case ']':
        push(Kind::kList);
        return true;
      case ')':
        push(Kind::kTuple);
        return true;
      case 0x8f:  // EMPTY_SET
        push(Kind::kSet);
        return true;
      case 't': {
        auto items = pop_to_mark();
        push(Kind::kTuple)->items = std::move(items);
        return true;
      }
      case 0x85:  // TUPLE1, 2, 3
      case 0x86:
      case 0x87: {
        std::vector<Ref> items(static_cast<size_t>(op - 0x84));
        for (size_t i = items.size(); i-- > 0;) items[i] = pop();
        push(Kind::kTuple)->items = std::move(items);
        return true;
      }
      default:
        return fill(op);
    }
  }

  // Opcodes that add to the container below what they add.
  bool fill(uint8_t op) {
    switch (op) {
      case 'a': {  // APPEND
        const Ref item = pop();
        budget_.take(kReferenceBytes);
        list().items.push_back(item);
        return true;
      }
      case 'e':     // APPENDS
      case 0x90: {  // ADDITEMS
        const auto items = pop_to_mark();
        auto& to = list().items;
        to.insert(to.end(), items.begin(), items.end());
        return true;
      }
      case 's': {  // SETITEM
        const Ref value = pop();
        const Ref key = pop();
        budget_.take(2 * kReferenceBytes);
        dict().entries.emplace_back(key, value);
        return true;
      }
      case 'u': {  // SETITEMS
        const auto items = pop_to_mark();
        if (items.size() % 2 != 0) refuse("a dict has a key without a value");
        auto& to = dict().entries;
        for (size_t i = 0; i < items.size(); i += 2) to.emplace_back(items[i], items[i + 1]);
        return true;
      }
      default:
        return false;
    }
  }
  PickleValue& list() {
    PickleValue& value = top();
    if (!value.is(Kind::kList) && !value.is(Kind::kSet) && !value.is(Kind::kObject))
      refuse("a list is expected");
    return value;
  }
  PickleValue& dict() {
    PickleValue& value = top();
    if (!value.is(Kind::kDict) && !value.is(Kind::kObject)) refuse("a dict is expected");
    return value;
  }

  bool memo(uint8_t op) {
    switch (op) {
      case 'q':
        remember(little(1));
        return true;
      case 'r':
        remember(little(4));
        return true;
      case 0x94:  // MEMOIZE
        remember(memo_.size());
        return true;
      case 'h':
        recall(little(1));
        return true;
      case 'j':
        recall(little(4));
        return true;
      default:
        return false;
    }
  }
  void remember(uint64_t index) {
    budget_.take(kMemoBytes);
    memo_[index] = &top();
  }
  void recall(uint64_t index) {
    const auto found = memo_.find(index);
    if (found == memo_.end()) refuse(fmt::format("memo {} is not set", index));
    put(found->second);
  }

  bool objects(uint8_t op) {
    switch (op) {
      case 'c': {  // GLOBAL
        const std::string module = line();
        push_name(module, line());
        return true;
      }
      case 0x93: {  // STACK_GLOBAL
        const Ref name = pop();
        const Ref module = pop();
        if (!name->is(Kind::kText) || !module->is(Kind::kText)) refuse("a name is not text");
        push_name(module->text, name->text);
        return true;
      }
      case 'R':     // REDUCE: callable, arguments
      case 0x81: {  // NEWOBJ: class, arguments
        const Ref arguments = pop();
        const Ref callee = pop();
        push_object(callee, arguments);
        return true;
      }
      case 'b': {  // BUILD
        const Ref state = pop();
        if (!top().is(Kind::kObject)) refuse("state is given to something that is no object");
        top().state = state;
        return true;
      }
      case 'Q': {  // BINPERSID
        const Ref id = pop();
        if (!id->is(Kind::kTuple)) refuse("a storage is not described by a tuple");
        push(Kind::kPersistent)->arguments = id;
        return true;
      }
      default:
        return false;
    }
  }
  void push_name(const std::string& module, const std::string& name) {
    const std::string full = module + "." + name;
    if (!is_known_name(full)) {
      const std::string_view family = foreign_family(full);
      if (!family.empty())
        fail("{}: is a {} checkpoint (it has a {}); octet reads YOLOv5u, YOLOv8 and YOLOv9", name_,
             family, full);
      fail("{}: refused: it names '{}', which no YOLOv8 checkpoint needs; nothing of it was run",
           name_, full);
    }
    push(Kind::kName)->text = budget_.copy(full);
  }
  void push_object(Ref callee, Ref arguments) {
    if (!callee->is(Kind::kName)) refuse("something that is no name is called");
    if (!arguments->is(Kind::kTuple)) refuse("arguments are not a tuple");
    PickleValue* object = push(Kind::kObject);
    object->text = budget_.copy(callee->text);
    object->arguments = arguments;
  }

  std::span<const std::byte> bytes_;
  Budget& budget_;
  const std::string& name_;
  Pickle& out_;
  size_t at_ = 0;
  std::vector<PickleValue*> stack_;
  std::vector<size_t> marks_;
  std::map<uint64_t, PickleValue*> memo_;
};

Pickle::Pickle(std::span<const std::byte> bytes, Budget& budget) {
  if (bytes.size() > kMaxBytes)
    fail("{}: its pickle of {} MB is larger than any checkpoint's", budget.name(),
         bytes.size() >> 20);
  root_ = PickleMachine(bytes, budget, *this).run();
}

}  // namespace octet
