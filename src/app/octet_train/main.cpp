// octet-train: the verbs that need libtorch. 'octet train …' starts it.
#include <malloc.h>

#include <algorithm>
#include <limits>
#include <new>
#include <string>

#include "app/describe_options.h"
#include "app/octet_train/verbs.h"
#include "core/error.h"
#include "core/log.h"

namespace octet {

constexpr const char* kOutOfMemory =
    "octet: out of memory; try a smaller --batch, --imgsz or --cache";

// libtorch's messages carry a backtrace after the first line.
void report(std::string text) {
  const bool memory = text.find("can't allocate memory") != std::string::npos;
  text.resize(std::min(text.size(), text.find('\n')));
  fmt::print(stderr, "{}\n", memory ? kOutOfMemory : "octet: " + text);
}

namespace {

int run(int argc, char** argv) {
  CLI::App app("octet-train: the part of octet that needs libtorch.");
  app.require_subcommand(1);
  add_train(app);
  add_quantize(app);
  add_describe_flag(app);
  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForHelp& e) {
    return app.exit(e);
  } catch (const CLI::Success&) {
    return 0;  // the flag did it all
  } catch (const CLI::ParseError& e) {
    fail_usage("{}\nTry 'octet train --help' or 'octet quantize --help'.", e.what());
  }
  return 0;
}

}  // namespace
}  // namespace octet

int main(int argc, char** argv) {
  // Every step takes and gives back the same large buffers: kept, they need not be cleared by the
  // system each time (5 to 10 % of a step).
  ::mallopt(M_MMAP_MAX, 0);
  ::mallopt(M_TRIM_THRESHOLD, std::numeric_limits<int>::max());
  ::mallopt(M_TOP_PAD, 64 << 20);
  try {
    return octet::run(argc, argv);
  } catch (const octet::Error& e) {
    fmt::print(stderr, "octet: {}\n", e.what());
    return static_cast<int>(e.code());
  } catch (const std::bad_alloc&) {
    fmt::print(stderr, "{}\n", octet::kOutOfMemory);
  } catch (const std::exception& e) {
    octet::report(e.what());
  }
  return 1;
}
