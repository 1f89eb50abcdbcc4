#include "api/detector_options.h"

#include "core/error.h"
#include "core/installation.h"
#include "detect/trial.h"

namespace octet::v0 {
namespace {

constexpr int kMostThreads = 1024;

void require_range(const char* name, int value, int least) {
  if (value < least || value > kMostThreads)
    fail_usage("{} {}: expected a number from {} to {}", name, value, least, kMostThreads);
}

void require_trial_program(const std::filesystem::path& model) {
  if (!trial_program().empty()) return;
  fail(
      "{}: cannot be tried, because the program 'octet' is neither beside {} nor in the bin/ of "
      "its "
      "prefix; install it, name its folder in the environment variable OCTET_MODULES, or set "
      "'trusted' for a file that you made",
      model.string(), own_folder().string());
}

}  // namespace

octet::DetectorOptions to_inner(const std::filesystem::path& model, const DetectorOptions& options,
                                const StopFlag& stop) {
  require_range("threads", options.threads, 0);
  require_range("parallel", options.parallel, 1);
  if (!options.trusted) require_trial_program(model);
  octet::DetectorOptions out{
      .model = model,
      .engine = options.engine,
      .size = std::nullopt,
      .source = std::nullopt,
      .runtime = {.threads = options.threads,
                  .parallel = options.parallel,
                  .precision = options.reduced_precision ? Precision::kAuto : Precision::kF32,
                  .cache = options.cache},
      .trusted = options.trusted,
      .stop = &stop.flag()};
  if (options.size != Size{})
    out.size = SizeOption::parse(to_string(octet::Size{options.size.width, options.size.height}));
  if (!options.delegate.empty()) out.runtime.settings["delegate"] = options.delegate;
  return out;
}

}  // namespace octet::v0
