// octet-train: the verbs that need libtorch. 'octet train …' starts it.
#include <new>

#include "app/train/verbs.h"
#include "core/error.h"
#include "core/log.h"

namespace octet {
namespace {

int run(int argc, char** argv) {
  CLI::App app("octet-train: the part of octet that needs libtorch.");
  app.require_subcommand(1);
  add_train(app);
  add_quantize(app);
  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForHelp& e) {
    return app.exit(e);
  } catch (const CLI::ParseError& e) {
    fail_usage("{}\nTry 'octet train --help' or 'octet quantize --help'.", e.what());
  }
  return 0;
}

}  // namespace
}  // namespace octet

int main(int argc, char** argv) {
  try {
    return octet::run(argc, argv);
  } catch (const octet::Error& e) {
    fmt::print(stderr, "octet: {}\n", e.what());
    return static_cast<int>(e.code());
  } catch (const std::bad_alloc&) {
    fmt::print(stderr, "octet: out of memory; try a smaller --batch or --imgsz\n");
  } catch (const std::exception& e) {
    fmt::print(stderr, "octet: {}\n", e.what());
  }
  return 1;
}
