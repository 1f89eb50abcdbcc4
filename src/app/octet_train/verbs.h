// The verbs of octet-train, one file each.
#pragma once

#include <CLI/CLI.hpp>

#include "report/facts.h"

namespace octet {

void add_train(CLI::App& root);
void add_quantize(CLI::App& root);
void add_prune(CLI::App& root);

struct TrainOptions;
// --device, --threads, --cache and --seed.
void add_machine_options(CLI::App& verb, TrainOptions& options);

// --resume and --overwrite, which exclude each other.
void add_run_options(CLI::App& verb, bool& resume, bool& overwrite);
enum class EarlierRun;
[[nodiscard]] EarlierRun earlier_run(bool resume, bool overwrite);

// For the report of a run.
[[nodiscard]] ReportedOptions reported_options(const CLI::App& verb);

}  // namespace octet
