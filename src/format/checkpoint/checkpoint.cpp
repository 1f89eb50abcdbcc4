#include "format/checkpoint/checkpoint.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <limits>
#include <optional>
#include <utility>

#include "core/budget.h"
#include "core/element_reader.h"
#include "core/error.h"
#include "core/file.h"
#include "core/size.h"
#include "format/checkpoint/pickle.h"
#include "format/checkpoint/zip.h"
#include "model/families/families.h"
#include "model/module_tree.h"

namespace octet {
namespace {

using Kind = PickleValue::Kind;
using Ref = PickleValue::Ref;

constexpr int kMaxModuleDepth = 32;
constexpr int kMaxModules =
    20000;  // YOLOv8x has 400; a module that is referred to many times counts each time
constexpr size_t kModuleBytes = 2 * sizeof(Module);
constexpr size_t kAttributeBytes = 160;  // of a map's node, with what it holds
// A number of an attribute: its text as a layer's source, and the shape of what it names.
constexpr size_t kNumberBytes = 160;

struct StorageType {
  std::string_view name;
  size_t bytes;
  ElementReader read;
};

constexpr StorageType kStorageTypes[] = {{"torch.FloatStorage", 4, read_element<float>},
                                         {"torch.HalfStorage", 2, read_half},
                                         {"torch.DoubleStorage", 8, read_element<double>},
                                         {"torch.BFloat16Storage", 2, read_bfloat16},
                                         {"torch.LongStorage", 8, read_element<int64_t>},
                                         {"torch.IntStorage", 4, read_element<int32_t>},
                                         {"torch.ByteStorage", 1, read_element<uint8_t>},
                                         {"torch.BoolStorage", 1, read_element<uint8_t>}};

// Turns the pickle's records into Modules and Tensors.
class Converter {
 public:
  Converter(const ZipArchive& zip, std::string folder, Budget& budget)
      : zip_(zip), folder_(std::move(folder)), budget_(budget), name_(budget.name()) {}

  Module module(const PickleValue& object, int depth, const std::string& name) {
    if (++modules_ > kMaxModules) fail("{}: has more than {} modules", name_, kMaxModules);
    if (depth > kMaxModuleDepth)
      fail("{}: its modules nest deeper than {}", name_, kMaxModuleDepth);
    if (!object.is(Kind::kObject) || object.state == nullptr)
      fail("{}: a layer is not a module", name_);
    budget_.take(kModuleBytes);
    Module out;
    out.name = budget_.copy(name);
    out.type = object.text.substr(object.text.rfind('.') + 1);
    for (const auto& [key, value] : object.state->entries) {
      if (key->is(Kind::kText)) attribute(key->text, *value, depth, out);
    }
    return out;
  }

 private:
  void attribute(const std::string& key, const PickleValue& value, int depth, Module& out) {
    budget_.take(kAttributeBytes + key.size());
    if (key == "_parameters" || key == "_buffers") {
      for (const auto& [name, tensor] : value.entries) {
        if (name->is(Kind::kText)) add_tensor(name->text, *tensor, out);
      }
    } else if (key == "_modules") {
      for (const auto& [name, child] : value.entries) {
        if (name->is(Kind::kText) && child->is(Kind::kObject))
          out.children.push_back(module(*child, depth + 1, name->text));
      }
    } else if (value.is(Kind::kText)) {
      out.string_attributes[key] = budget_.copy(value.text);
    } else if (value.is(Kind::kObject)) {
      add_tensor(key, value, out);
    } else if (auto numbers = read_numbers(value); !numbers.empty()) {
      out.number_attributes[key] = std::move(numbers);
    }
  }

  static std::optional<double> read_number(const PickleValue& value) {
    if (value.is(Kind::kInt) || value.is(Kind::kBool)) return static_cast<double>(value.integer);
    if (value.is(Kind::kFloat)) return value.real;
    return std::nullopt;
  }

  std::vector<double> read_numbers(const PickleValue& value) {
    if (const auto one = read_number(value)) return {*one};
    std::vector<double> list;
    if (!value.is(Kind::kTuple) && !value.is(Kind::kList)) return list;
    budget_.take(value.items.size(), kNumberBytes);
    for (const Ref item : value.items) {
      const auto number = read_number(*item);
      if (!number) return {};
      list.push_back(*number);
    }
    return list;
  }

  void add_tensor(const std::string& key, const PickleValue& value, Module& out) {
    budget_.take(kAttributeBytes + key.size());
    if (const PickleValue* rebuild = find_rebuild(value)) out.tensors[key] = tensor(*rebuild, key);
  }

  // A parameter is _rebuild_parameter(tensor, …); a tensor is _rebuild_tensor_v2(storage, offset,
  // size, stride, …).
  static const PickleValue* find_rebuild(const PickleValue& value) {
    const PickleValue* at = &value;
    if (at->is(Kind::kObject) && at->text.starts_with("torch._utils._rebuild_parameter")) {
      if (at->arguments->items.empty()) return nullptr;
      at = at->arguments->items[0];
    }
    return at->is(Kind::kObject) && at->text == "torch._utils._rebuild_tensor_v2" ? at : nullptr;
  }

  std::vector<int64_t> integers(const PickleValue& value, const std::string& key) {
    std::vector<int64_t> list;
    const PickleValue& tuple = value.is(Kind::kObject) && !value.arguments->items.empty()
                                   ? *value.arguments->items[0]
                                   : value;
    if (!tuple.is(Kind::kTuple)) fail("{}: tensor '{}': a size is not a tuple", name_, key);
    budget_.take(tuple.items.size(), 2 * sizeof(int64_t));
    for (const Ref item : tuple.items) {
      if (!item->is(Kind::kInt) || item->integer < 0)
        fail("{}: tensor '{}': a size is not a number", name_, key);
      list.push_back(item->integer);
    }
    return list;
  }

  Tensor tensor(const PickleValue& rebuild, const std::string& key) {
    const auto& args = rebuild.arguments->items;
    if (args.size() < 4 || !args[0]->is(Kind::kPersistent) || !args[1]->is(Kind::kInt)) {
      fail("{}: tensor '{}' is not described as PyTorch does", name_, key);
    }
    const auto shape = integers(*args[2], key);
    if (std::find(shape.begin(), shape.end(), 0) != shape.end())
      return {.shape = shape, .values = {}};
    const auto strides = integers(*args[3], key);
    const StorageType& type = storage_type(*args[0], key);
    const std::vector<std::byte> bytes = storage_bytes(*args[0], key);
    const auto available = static_cast<int64_t>(bytes.size() / type.bytes);
    const int64_t offset = args[1]->integer;
    check_extent(shape, strides, offset, available, key);
    const auto count = static_cast<size_t>(element_count(shape));
    budget_.take(count, sizeof(float));
    Tensor out{.shape = shape, .values = std::vector<float>(count)};
    std::vector<int64_t> index(shape.size(), 0);
    for (float& v : out.values) {
      int64_t at = offset;
      for (size_t d = 0; d < index.size(); ++d) at += index[d] * strides[d];
      v = static_cast<float>(type.read(bytes.data() + static_cast<size_t>(at) * type.bytes));
      for (size_t d = index.size(); d-- > 0 && ++index[d] == shape[d];) index[d] = 0;
    }
    return out;
  }

  // Every element has to lie inside the storage, and there may not be more elements than the
  // storage has.
  void check_extent(const std::vector<int64_t>& shape, const std::vector<int64_t>& strides,
                    int64_t offset, int64_t available, const std::string& key) const {
    bool sound =
        shape.size() == strides.size() && shape.size() <= 8 && offset >= 0 && offset <= available;
    int64_t count = 1;
    int64_t last = offset;
    for (size_t d = 0; sound && d < shape.size(); ++d) {
      sound = shape[d] <= available && strides[d] <= available && count <= available / shape[d];
      if (!sound) break;
      count *= shape[d];
      last += (shape[d] - 1) * strides[d];
      sound = last < std::numeric_limits<int64_t>::max() / 4;
    }
    if (!sound || last >= available) {
      fail("{}: tensor '{}' claims more elements than the {} its storage holds", name_, key,
           available);
    }
  }

  const StorageType& storage_type(const PickleValue& storage, const std::string& key) const {
    const auto& id = storage.arguments->items;  // ("storage", type, key, device, count)
    if (id.size() < 3 || !id[1]->is(Kind::kName) || !id[2]->is(Kind::kText))
      fail("{}: tensor '{}': its storage is not described", name_, key);
    for (const StorageType& type : kStorageTypes) {
      if (type.name == id[1]->text) return type;
    }
    fail("{}: tensor '{}': {} is not supported", name_, key, id[1]->text);
  }

  // Weights are not shared in a YOLO: a storage is read, and taken, once for each of its tensors.
  std::vector<std::byte> storage_bytes(const PickleValue& storage, const std::string& key) {
    const std::string entry = folder_ + "data/" + budget_.copy(storage.arguments->items[2]->text);
    if (!zip_.contains(entry)) fail("{}: tensor '{}': the archive lacks '{}'", name_, key, entry);
    return zip_.read(entry, budget_);
  }

  const ZipArchive& zip_;
  std::string folder_;
  Budget& budget_;
  const std::string& name_;
  int modules_ = 0;
};

std::string pickle_entry(const ZipArchive& zip, const std::string& name) {
  for (const std::string& entry : zip.entries()) {
    if (entry.ends_with("data.pkl")) return entry;
  }
  fail("{}: has no data.pkl: a zip archive, but no PyTorch checkpoint", name);
}

const PickleValue& find_network(const PickleValue& root, const std::string& name) {
  for (const char* key : {"ema", "model"}) {
    const Ref found = root.get(key);
    if (found != nullptr && found->is(Kind::kObject) && found->state != nullptr) return *found;
  }
  if (root.is(Kind::kObject) && root.state != nullptr) return root;
  fail("{}: holds no model (a bare state_dict, perhaps); save the whole Ultralytics checkpoint",
       name);
}

std::vector<std::string> class_names(const PickleValue& network, Budget& budget) {
  const std::string& name = budget.name();
  const Ref names = network.state->get("names");
  std::vector<std::string> list;
  if (names != nullptr && (names->is(Kind::kList) || names->is(Kind::kTuple))) {
    for (const Ref item : names->items) list.push_back(budget.copy(item->text));
  } else if (names != nullptr && names->is(Kind::kDict)) {
    budget.take(names->entries.size(), sizeof(std::string));
    list.resize(names->entries.size());
    for (const auto& [key, value] : names->entries) {
      if (!key->is(Kind::kInt) || key->integer < 0 ||
          static_cast<size_t>(key->integer) >= list.size()) {
        fail("{}: its class numbers are not 0 to {}", name, list.size() - 1);
      }
      list[static_cast<size_t>(key->integer)] = budget.copy(value->text);
    }
  }
  if (list.empty()) fail("{}: its model has no class names", name);
  return list;
}

std::string text_of(const PickleValue& root, std::string_view key) {
  const Ref value = root.get(key);
  return value != nullptr && value->is(Kind::kText) ? value->text : "";
}

// Of the training that wrote the checkpoint; 0 where it does not say.
int trained_side(const PickleValue& root) {
  const Ref arguments = root.get("train_args");
  const Ref side = arguments == nullptr ? nullptr : arguments->get("imgsz");
  return side != nullptr && side->is(Kind::kInt) ? input_side(side->integer) : 0;
}

}  // namespace

Model parse_checkpoint(std::span<const std::byte> bytes, const std::string& name) {
  Budget budget(name, bytes.size());
  const ZipArchive zip(bytes, budget);
  const std::string entry = pickle_entry(zip, name);
  const std::string folder = entry.substr(0, entry.size() - std::string_view("data.pkl").size());
  if (zip.contains(folder + "byteorder")) {
    const auto order = zip.read(folder + "byteorder", budget);
    if (!order.empty() && static_cast<char>(order[0]) != 'l')
      fail("{}: was written on a big-endian machine, not supported", name);
  }
  const Pickle pickle(zip.read(entry, budget), budget);
  const PickleValue& root = pickle.root();
  const PickleValue& network = find_network(root, name);
  ModelInfo info;
  info.names = class_names(network, budget);
  const std::string version = text_of(root, "version");
  info.source = fmt::format("{}{}", std::filesystem::path(name).filename().string(),
                            version.empty() ? "" : " (Ultralytics " + version + ")");
  info.licence = text_of(root, "license");
  info.trained_side = trained_side(root);
  try {
    return build_network(Converter(zip, folder, budget).module(network, 0, ""), std::move(info));
  } catch (const Error& e) {
    if (std::string_view(e.what()).starts_with(name)) throw;
    fail("{}: {}", name, e.what());
  }
}

Model read_checkpoint(const std::filesystem::path& path) {
  const std::vector<std::byte> bytes = read_file(path);
  return parse_checkpoint(bytes, path.string());
}

}  // namespace octet
