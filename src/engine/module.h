// The connection of a module and the program: the exports of the module, and the objects that it
// gets when it is opened. A module links its own copy of core/. Through EngineHost it uses the log
// and the stop flag of the program.
//
//   OCTET_ENGINE_MODULE(octet::TfliteEngine)
#pragma once

#include <atomic>

#include "core/log.h"
#include "core/process.h"
#include "engine/engine.h"

namespace octet {

// The objects that the program gives to a module. They live as long as the process.
struct EngineHost {
  LogSink log = nullptr;
  const std::atomic<bool>* stop = nullptr;  // as stop_requested()
};

// The symbols that a module exports, and their types.
inline constexpr const char* kEngineAbiSymbol = "octet_engine_abi";
using EngineAbi = int (*)();
inline constexpr const char* kMakeEngineSymbol = "octet_make_engine";
using MakeEngine = Engine* (*)(const EngineHost& host);

// Called in the module: uses the log and the stop flag of the host from this call on.
inline void adopt_host(const EngineHost& host) {
  set_log_sink(host.log);
  set_stop_flag(*host.stop);
}

}  // namespace octet

#define OCTET_ENGINE_EXPORT extern "C" __attribute__((visibility("default")))
#define OCTET_ENGINE_MODULE(Type)                                                      \
  OCTET_ENGINE_EXPORT int octet_engine_abi();                                          \
  int octet_engine_abi() { return octet::kEngineAbi; }                                 \
  OCTET_ENGINE_EXPORT octet::Engine* octet_make_engine(const octet::EngineHost& host); \
  octet::Engine* octet_make_engine(const octet::EngineHost& host) {                    \
    octet::adopt_host(host);                                                           \
    return new Type;                                                                   \
  }
