// The verbs of octet-train, one file each.
#pragma once

#include <CLI/CLI.hpp>

namespace octet {

void add_train(CLI::App& root);
void add_quantize(CLI::App& root);

}  // namespace octet
