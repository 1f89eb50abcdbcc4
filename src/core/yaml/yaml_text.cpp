#include "core/yaml/yaml_text.h"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <optional>
#include <sstream>
#include <string_view>

#include "core/budget.h"
#include "core/error.h"
#include "core/text/clean_text.h"

namespace octet {
namespace {

constexpr int kMaxDepth = 50;
constexpr size_t kMaxBytes = 16U << 20;
constexpr size_t kNodeBytes = 600;  // of yaml-cpp: six allocations, and its place in two containers

// Looks at the structure before any node is built.
class Guard : public YAML::EventHandler {
 public:
  explicit Guard(Budget& budget) : budget_(budget) {}
  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark&, YAML::anchor_t) override { budget_.take(kNodeBytes); }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override {
    fail("{}: line {}: YAML aliases are not supported", budget_.name(), mark.line + 1);
  }
  void OnScalar(const YAML::Mark&, const std::string&, YAML::anchor_t,
                const std::string& text) override {
    budget_.take(kNodeBytes + text.size());
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t,
                       YAML::EmitterStyle::value) override {
    enter(mark);
  }
  void OnSequenceEnd() override { --depth_; }
  void OnMapStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t,
                  YAML::EmitterStyle::value) override {
    enter(mark);
  }
  void OnMapEnd() override { --depth_; }

 private:
  void enter(const YAML::Mark& mark) {
    budget_.take(kNodeBytes);
    if (++depth_ > kMaxDepth)
      fail("{}: line {}: nested deeper than {} levels", budget_.name(), mark.line + 1, kMaxDepth);
  }
  Budget& budget_;
  int depth_ = 0;
};

// Brackets, tags and anchors: yaml-cpp looks ahead to what follows them before it says so, and keeps
// it all.
void take_what_opens(std::string_view text, Budget budget) {
  const auto opens = [](char c) { return c == '[' || c == '{' || c == '!' || c == '&'; };
  budget.take(static_cast<size_t>(std::count_if(text.begin(), text.end(), opens)), kNodeBytes);
}

// yaml-cpp reads UTF-8, and by their first bytes UTF-16 and UTF-32. Anything else it would take for UTF-8.
void require_unicode(std::string_view text, const std::string& name) {
  if (text.starts_with("\xFF\xFE") || text.starts_with("\xFE\xFF") ||
      text.substr(0, 4).find('\0') != std::string_view::npos)
    return;
  const size_t good = utf8_bytes(text);
  if (good == text.size()) return;
  const auto line = 1 + std::count(text.begin(), text.begin() + static_cast<ptrdiff_t>(good), '\n');
  fail("{}: line {}: is not UTF-8; save the file in that encoding", name, line);
}

using Names = std::vector<std::optional<std::string>>;

// Leaves out what is no text, is no class's number, or was there before.
void put(const YAML::Node& key, const YAML::Node& text, Names& names) {
  size_t index = names.size();
  if (!key.IsScalar() || !text.IsScalar() || !YAML::convert<size_t>::decode(key, index)) return;
  if (index < names.size() && !names[index]) names[index] = text.Scalar();
}

}  // namespace

YAML::Node load_yaml(const std::string& text, const std::string& name) {
  if (text.size() > kMaxBytes)
    fail("{}: has {} MB of YAML; {} are the most", name, text.size() >> 20, kMaxBytes >> 20);
  require_unicode(text, name);
  try {
    Budget budget(name, text.size());
    take_what_opens(text, budget);
    Guard guard(budget);
    std::istringstream stream(text);
    YAML::Parser parser(stream);
    parser.HandleNextDocument(guard);
    if (parser.HandleNextDocument(guard))
      fail("{}: holds a second YAML document behind a line '---'; write one", name);
    return YAML::Load(text);
  } catch (const YAML::Exception& e) {
    fail("{}: is not valid YAML: {}", name, e.what());
  }
}

std::vector<std::string> names_from_yaml(const YAML::Node& node, const std::string& name) {
  if (!node || (!node.IsSequence() && !node.IsMap()))
    fail("{}: has no 'names' (a list or a map of classes)", name);
  Names found(node.size());
  size_t next = 0;
  for (const auto& entry : node) {
    if (node.IsMap()) {
      put(entry.first, entry.second, found);
    } else if (entry.IsScalar()) {
      found[next++] = entry.Scalar();
    } else {
      ++next;
    }
  }
  std::vector<std::string> names;
  for (size_t i = 0; i < found.size(); ++i) {
    if (!found[i]) fail("{}: 'names' lacks class {} of {}", name, i, found.size());
    names.push_back(std::move(*found[i]));
  }
  if (names.empty()) fail("{}: 'names' is empty", name);
  return names;
}

}  // namespace octet
