// The first load of a model on this machine is tried in a process of its own: engines are native
// code, which a hostile file may crash. A trial that passed is remembered by the content's SHA-256,
// the engine and its version; what a file says of itself counts for nothing.
#pragma once

#include <atomic>
#include <filesystem>
#include <string>
#include <vector>

#include "core/process.h"
#include "engine/engine.h"

namespace octet {

// Compiles the network for `size`, or for the size that the file is fixed to, and runs it twice on
// noise, in a child with limits on memory and time. Throws an Error that begins with source.name
// where that fails, or the child dies. Where `settings` name a library to load, nothing is tried: a
// device may be held by one process only. The child ends, and "interrupted" is thrown, when `stop`
// becomes true.
void try_network(Engine& engine, const NetworkSource& source, Size size,
                 const EngineSettings& settings, const std::atomic<bool>& stop = stop_requested());

// The program that runs the child; empty: it is not installed, and nothing is tried.
[[nodiscard]] std::filesystem::path trial_program();

// The child: `octet try-network NAME ENGINE WxH KEY=VALUE…`, with the content in descriptor 3 and
// the weights in descriptor 4. Returns the exit status; what failed stands on standard output.
inline constexpr const char* kTrialVerb = "try-network";
[[nodiscard]] int run_trial(const std::vector<std::string>& arguments);

}  // namespace octet
