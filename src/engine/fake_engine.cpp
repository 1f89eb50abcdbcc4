// A module for the tests of the registry: it warns when it is opened, and says in its version
// whether it is asked to stop. OCTET_FAKE_ABI gives it an interface of another version, 0 none.
#include "core/error.h"
#include "core/log.h"
#include "engine/module.h"

namespace octet {
namespace {

class FakeEngine : public Engine {
 public:
  FakeEngine() { log_warning("the fake engine \"warns\""); }
  std::string version() override { return stop_requested() ? "stopping" : "running"; }
  Size fixed_size(const NetworkSource&) override { return {}; }

 private:
  std::unique_ptr<Network> make_network(const NetworkSource&, Size,
                                        const EngineOptions& options) override {
    fail("the fake engine compiles nothing, with {} settings", options.settings.size());
  }
};

}  // namespace
}  // namespace octet

#ifndef OCTET_FAKE_ABI
OCTET_ENGINE_MODULE(octet::FakeEngine)
#else
#if OCTET_FAKE_ABI
OCTET_ENGINE_EXPORT int octet_engine_abi();
int octet_engine_abi() { return OCTET_FAKE_ABI; }
#endif
OCTET_ENGINE_EXPORT octet::Engine* octet_make_engine(const octet::EngineHost&);
octet::Engine* octet_make_engine(const octet::EngineHost&) { return new octet::FakeEngine; }
#endif
