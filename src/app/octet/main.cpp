#include <malloc.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <new>
#include <string_view>
#include <vector>

#include "app/octet/verbs.h"
#include "core/error.h"
#include "core/log.h"

namespace octet {
namespace {

constexpr std::array<std::string_view, 2> kTrainVerbs = {"train", "quantize"};

// Verbs of octet-train, a program of its own because it links libtorch: started in place of this
// one, as git does with its sub-commands.
[[noreturn]] void run_train_program(char** argv) {
  std::error_code ignored;
  const auto beside =
      std::filesystem::read_symlink("/proc/self/exe", ignored).parent_path() / "octet-train";
  std::string name = std::filesystem::exists(beside) ? beside.string() : "octet-train";
  argv[0] = name.data();
  ::execvp(name.c_str(), argv);
  fail("octet {}: the program octet-train is not installed ({})", argv[1], std::strerror(errno));
}

void run(int argc, char** argv) {
  for (const std::string_view verb : kTrainVerbs) {
    if (argc > 1 && argv[1] == verb) run_train_program(argv);
  }
  CLI::App app("octet: YOLOv8 as a small, fast model, on live video.");
  app.set_version_flag("--version", "octet " OCTET_VERSION);
  app.require_subcommand(1);
  app.get_formatter()->column_width(34);
  add_import(app);
  add_inspect(app);
  add_detect(app);
  add_val(app);
  add_live(app);
  add_export(app);
  add_verify(app);
  add_bench(app);
  add_doctor(app);
  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForHelp& e) {
    app.exit(e);
  } catch (const CLI::CallForAllHelp& e) {
    app.exit(e);
  } catch (const CLI::CallForVersion& e) {
    app.exit(e);
  } catch (const CLI::ParseError& e) {
    const auto verbs = app.get_subcommands();
    fail_usage("{}\nTry 'octet {}--help'.", e.what(),
               verbs.empty() ? "" : verbs[0]->get_name() + " ");
  }
}

}  // namespace
}  // namespace octet

int main(int argc, char** argv) {
  // One arena: the few allocations of a run do not contend, and every further arena would keep
  // pages of its own.
  ::mallopt(M_ARENA_MAX, 1);
  try {
    octet::run(argc, argv);
    return 0;
  } catch (const octet::Error& e) {
    fmt::print(stderr, "octet: {}\n", e.what());
    return static_cast<int>(e.code());
  } catch (const std::bad_alloc&) {
    fmt::print(stderr, "octet: out of memory; try a smaller --imgsz or a smaller file\n");
  } catch (const std::exception& e) {
    fmt::print(stderr, "octet: {}\n", e.what());
  }
  return 1;
}
