// octet-train: the verbs that need libtorch. 'octet train …' starts it.
#include <fmt/ranges.h>
#include <malloc.h>
#include <torch/version.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <limits>
#include <system_error>

#include "app/command_line.h"
#include "app/describe_options.h"
#include "app/octet_train/verbs.h"
#include "app/verb_table.h"
#include "app/version.h"
#include "core/error.h"
#include "core/program.h"

namespace octet {

namespace {

void run(const Arguments& arguments) {
  if (!arguments.empty()) {
    const VerbRow* row = find_verb(arguments[0]);
    if (row != nullptr && !row->trains)
      fail_usage("{} is a verb of octet, not of octet-train: octet {}", row->name,
                 fmt::join(arguments, " "));
  }
  CLI::App app("octet-train has the verbs of octet that need libtorch. octet starts it.");
  add_version_flag(app, [] {
    return fmt::format("octet-train {}\nlibtorch {}", version_text(), TORCH_VERSION);
  });
  app.require_subcommand(1);
  add_train(app);
  add_prune(app);
  add_quantize(app);
  add_describe_flag(app);
  run_command_line(app, arguments);
}

// libgomp's threads wait for one another in a loop, for milliseconds: time that they take from each other
// where anything else runs, so that a step takes three to ten times as long. Sleeping at once costs a third
// of the rate with small batches. Tens of microseconds in the loop cost neither. The library reads its
// environment when it is loaded, so this program begins once more.
void wait_briefly(char** argv) {
  // NOLINTBEGIN(concurrency-mt-unsafe): there is one thread yet
  if (std::getenv("OMP_WAIT_POLICY") != nullptr || std::getenv("GOMP_SPINCOUNT") != nullptr) return;
  if (::setenv("GOMP_SPINCOUNT", "10000", 1) != 0) return;
  // NOLINTEND(concurrency-mt-unsafe)
  std::error_code error;
  const auto self = std::filesystem::read_symlink("/proc/self/exe", error);
  if (!error) ::execv(self.c_str(), argv);  // where that fails, it goes on as it is
}

}  // namespace
}  // namespace octet

int main(int argc, char** argv) {
  octet::wait_briefly(argv);
  // Every step takes and gives back the same large buffers: kept, they need not be cleared by the
  // system each time (5 to 10 % of a step).
  ::mallopt(M_MMAP_MAX, 0);
  ::mallopt(M_TRIM_THRESHOLD, std::numeric_limits<int>::max());
  ::mallopt(M_TOP_PAD, 64 << 20);
  return octet::run_main(
      [&] {
        octet::run({argv + 1, argv + argc});
      },
      "out of memory; try a smaller --batch, --imgsz or --cache");
}
