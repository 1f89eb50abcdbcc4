#include "core/yaml/yaml_text.h"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/yaml.h>

#include <sstream>

#include "core/error.h"

namespace octet {
namespace {

constexpr int kMaxDepth = 50;
constexpr size_t kMaxBytes = 16U << 20;

// Looks at the structure before any node is built.
class Guard : public YAML::EventHandler {
 public:
  explicit Guard(std::string name) : name_(std::move(name)) {}
  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark&, YAML::anchor_t) override {}
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override {
    fail("{}: line {}: YAML aliases are not supported", name_, mark.line + 1);
  }
  void OnScalar(const YAML::Mark&, const std::string&, YAML::anchor_t,
                const std::string&) override {}
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
    if (++depth_ > kMaxDepth)
      fail("{}: line {}: nested deeper than {} levels", name_, mark.line + 1, kMaxDepth);
  }
  std::string name_;
  int depth_ = 0;
};

}  // namespace

YAML::Node load_yaml(const std::string& text, const std::string& name) {
  if (text.size() > kMaxBytes) fail("{}: {} MB of YAML are too many", name, text.size() >> 20);
  try {
    Guard guard(name);
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

}  // namespace octet
