// Tries the first load of a model on this machine in a separate process, since a hostile file may
// crash the native code of an engine. A trial that passed is remembered by the SHA-256 of the
// content, the engine and its version. The file's description of itself has no influence.
#pragma once

#include <atomic>
#include <filesystem>
#include <string>
#include <vector>

#include "core/process.h"
#include "engine/engine.h"

namespace octet {

// Compiles the network for `size`, or for the fixed size of the file, and runs it twice on noise,
// in a child with limits of memory and time. Throws an Error that begins with source.name where
// that fails or the child dies. Skips the trial where `settings` name a library to load, since only
// one process may hold its device.
// The child ends, and "interrupted" is thrown, when `stop` becomes true.
void try_network(Engine& engine, const NetworkSource& source, Size size,
                 const EngineSettings& settings, const std::atomic<bool>& stop = stop_requested());

// The program that runs the child; empty: it is not installed, and nothing is tried.
[[nodiscard]] std::filesystem::path trial_program();

// The work of the child: `octet try-network NAME ENGINE WxH KEY=VALUE…`, with the content in
// descriptor 3 and the weights in descriptor 4. Returns the exit status. Standard output has the
// reason of a failure.
inline constexpr const char* kTrialVerb = "try-network";
[[nodiscard]] int run_trial(const std::vector<std::string>& arguments);

}  // namespace octet
