#include "app/describe_options.h"
#include "app/octet_train/verbs.h"
#include "train/loop/run_folder.h"
#include "train/loop/trainer.h"
#include "train/network/device.h"

namespace octet {

void add_machine_options(CLI::App& verb, TrainOptions& options) {
  verb.add_option_function<std::string>(
          "--device", [&options](const std::string& name) { options.device = parse_device(name); },
          "Device to train on: cpu, cuda or cuda:N. cuda needs a libtorch that has it.")
      ->type_name("NAME")
      ->default_str("cpu");
  verb.add_option("--threads", options.threads, "Threads of the processor. 0: one for each core.")
      ->check(CLI::Range(0, 1024))
      ->capture_default_str();
  verb.add_option(
          "--cache", options.cache_gb,
          "Gigabytes of memory for images. Where they do not all fit, they are read in each epoch.")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  verb.add_option("--seed", options.seed, "Seed of all random numbers.")->capture_default_str();
}

void add_run_options(CLI::App& verb, bool& resume, bool& overwrite) {
  CLI::Option* resumed =
      verb.add_flag("--resume", resume,
                    "Continue the interrupted run of the same command. More --epochs prolong it.");
  verb.add_flag("--overwrite", overwrite, "Replace the run that is in the folder.")
      ->excludes(resumed);
}

EarlierRun earlier_run(bool resume, bool overwrite) {
  return resume ? EarlierRun::kResume : overwrite ? EarlierRun::kReplace : EarlierRun::kRefuse;
}

ReportedOptions reported_options(const CLI::App& verb) {
  return {.given = option_values(verb, true), .defaults = option_values(verb, false)};
}

}  // namespace octet
