#include "core/unfinished_files.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <climits>
#include <csignal>
#include <cstddef>
#include <string>

namespace octet {
namespace {

// Read by a signal handler, which may neither lock nor allocate.
struct Slot {
  enum : int { kFree, kTaken, kFilled };
  std::atomic<int> state = kFree;
  std::array<char, PATH_MAX> path{};
};
std::array<Slot, 32> g_slots;
std::atomic<int> g_pauses = 0;
std::atomic<int> g_waiting_signal = 0;
static_assert(std::atomic<int>::is_always_lock_free, "a signal handler uses it");

}  // namespace

UnfinishedFile::UnfinishedFile(const std::filesystem::path& path) : slot_(-1) {
  std::error_code unknown;
  const std::string name = std::filesystem::absolute(path, unknown).string();
  if (unknown || name.size() >= PATH_MAX) return;
  for (size_t i = 0; i < g_slots.size(); ++i) {
    int expected = Slot::kFree;
    if (!g_slots[i].state.compare_exchange_strong(expected, Slot::kTaken)) continue;
    *std::copy(name.begin(), name.end(), g_slots[i].path.begin()) = '\0';
    g_slots[i].state = Slot::kFilled;
    slot_ = static_cast<int>(i);
    return;
  }
}

UnfinishedFile::~UnfinishedFile() {
  if (slot_ >= 0) g_slots[static_cast<size_t>(slot_)].state = Slot::kFree;
}

SignalPause::SignalPause() { ++g_pauses; }
SignalPause::~SignalPause() {
  if (--g_pauses > 0) return;
  if (const int signal = g_waiting_signal.exchange(0)) end_by_signal(signal);
}

void end_by_signal(int signal) {
  if (g_pauses > 0) {
    g_waiting_signal = signal;
    return;
  }
  for (const Slot& slot : g_slots) {
    if (slot.state == Slot::kFilled) ::unlink(slot.path.data());
  }
  std::signal(signal, SIG_DFL);
  sigset_t set;
  ::sigemptyset(&set);
  ::sigaddset(&set, signal);
  ::pthread_sigmask(SIG_UNBLOCK, &set, nullptr);
  std::raise(signal);
}

}  // namespace octet
