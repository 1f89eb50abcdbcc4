#include "detect/trial.h"

#include <fcntl.h>
#include <fmt/ranges.h>
#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <new>
#include <random>

#include "core/child.h"
#include "core/error.h"
#include "core/file.h"
#include "core/installation.h"
#include "core/log.h"
#include "core/output.h"
#include "core/process.h"
#include "engine/registry.h"

namespace octet {
namespace fs = std::filesystem;
namespace {

constexpr std::chrono::seconds kLongest{120};  // of a trial
constexpr int kSlower = 10;                    // an engine whose row says that it is slow
constexpr size_t kLeastMemory = size_t{2} << 30;
constexpr size_t kMemoryPerByte = 20;  // of the file
constexpr int kRuns = 2;
// What the child writes when all is well: its exit status does not reach a program that ignores
// SIGCHLD.
constexpr std::string_view kPassed = "passed";

// $STATE_DIRECTORY (of a service), $XDG_STATE_HOME/octet or ~/.local/state/octet; empty: there is
// none.
fs::path state_folder() {
  const auto from = [](const char* variable) -> fs::path {
    const char* value = std::getenv(variable);
    return value == nullptr ? "" : value;
  };
  if (const fs::path own = from("STATE_DIRECTORY"); own.is_absolute()) return own;
  if (const fs::path all = from("XDG_STATE_HOME"); all.is_absolute()) return all / "octet";
  const fs::path home = from("HOME");
  return home.is_absolute() ? home / ".local/state/octet" : "";
}

std::string sha256(std::span<const std::span<const std::byte>> parts) {
  gnutls_hash_hd_t hash = nullptr;
  if (gnutls_hash_init(&hash, GNUTLS_DIG_SHA256) != GNUTLS_E_SUCCESS)
    fail("GnuTLS cannot compute SHA-256");
  for (const auto& part : parts) {
    const uint64_t bytes = part.size();  // so that no other parts make the same text
    gnutls_hash(hash, &bytes, sizeof bytes);
    gnutls_hash(hash, part.data(), part.size());
  }
  std::array<unsigned char, 32> digest{};
  gnutls_hash_deinit(hash, digest.data());
  return fmt::format("{:02x}", fmt::join(digest, ""));
}

// Where the record of such a trial lies.
fs::path record_of(Engine& engine, const NetworkSource& source, Size size,
                   const EngineSettings& settings) {
  const fs::path folder = state_folder();
  if (folder.empty()) return {};
  std::string what = fmt::format("1|{}|{}|{}|{}|", kEngineAbi, engine.row().name, engine.version(),
                                 to_string(size));
  for (const auto& [key, value] : settings) what += fmt::format("{}={}|", key, value);
  const std::span<const std::byte> parts[] = {as_bytes(what), as_bytes(source.content),
                                              source.weights};
  return folder / "trials" / sha256(parts);
}

// Of this user, and no link: others may write to a folder that is not ours.
bool is_record(const fs::path& file) {
  struct stat found {};
  return ::lstat(file.c_str(), &found) == 0 && S_ISREG(found.st_mode) &&
         found.st_uid == ::geteuid();
}

// A record that cannot be kept costs time at the next start, nothing else.
void keep(const fs::path& record) {
  if (record.empty()) return;
  try {
    make_folder(record.parent_path());
    std::error_code ignored;
    fs::remove(record, ignored);  // a link of somebody else
    write_text_file(record, "");
  } catch (const Error& e) {
    log_info("the trial is not remembered: {}", e.what());
  }
}

bool loads_library(const EngineSettings& settings) {
  for (const auto& [key, value] : settings) {
    if (key == "delegate" && !value.empty() && value != "none") return true;
  }
  return false;
}

void require_passed(const ChildResult& result, Engine& engine, const NetworkSource& source,
                    std::chrono::seconds limit) {
  if (result.how == ChildResult::End::kExited && result.out == kPassed) return;
  switch (result.how) {
    case ChildResult::End::kInterrupted:
      fail("interrupted");
    case ChildResult::End::kTimedOut:
      fail("{}: {} took longer than {} s to load and run it, and was stopped; it is not used",
           source.name, engine.version(), limit.count());
    case ChildResult::End::kSignalled:
      fail(
          "{}: {} crashed on it (signal {}) in a trial; the file is damaged or hostile, and is "
          "not used",
          source.name, engine.version(), result.code);
    case ChildResult::End::kExited:
      throw Error(result.code == static_cast<int>(ErrorCode::kUsage) ? ErrorCode::kUsage
                                                                     : ErrorCode::kFailed,
                  result.out.empty() ? source.name + ": the trial failed" : result.out);
  }
}

// Of the child.
void limit_child(size_t bytes) {
  end_with_parent(SIGKILL);
  // Where memory ends, this process is the one to go.
  if (const int file = ::open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC); file >= 0) {
    (void)!::write(file, "1000", 4);
    ::close(file);
  }
  constexpr rlimit kNone{0, 0};
  ::setrlimit(RLIMIT_CORE, &kNone);
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)  // they map terabytes
  const size_t most = kLeastMemory + kMemoryPerByte * bytes;
  const rlimit memory{most, most};
  ::setrlimit(RLIMIT_DATA, &memory);
#else
  (void)bytes;
#endif
}

std::span<const std::byte> map_file(int descriptor) {
  struct stat found {};
  if (::fstat(descriptor, &found) != 0 || found.st_size == 0) return {};
  const auto bytes = static_cast<size_t>(found.st_size);
  const void* data = ::mmap(nullptr, bytes, PROT_READ, MAP_PRIVATE, descriptor, 0);
  if (data == MAP_FAILED) fail("the trial's content cannot be read");
  return {static_cast<const std::byte*>(data), bytes};
}

void run_on_noise(Network& network) {
  const auto request = network.make_request();
  const auto bytes = static_cast<size_t>(element_count(network.input().shape));
  std::mt19937 random(1);
  for (int run = 0; run < kRuns; ++run) {
    std::generate_n(request->input(), bytes, [&] { return static_cast<uint8_t>(random()); });
    request->start();
    request->wait();
  }
}

void load_and_run(const std::vector<std::string>& arguments) {
  const auto content = map_file(kFirstChildFile);
  const auto weights = map_file(kFirstChildFile + 1);
  limit_child(content.size() + weights.size());
  const NetworkSource source{
      .name = arguments.at(0),
      .content = {reinterpret_cast<const char*>(content.data()), content.size()},
      .weights = weights};
  EngineOptions options{.threads = 1};
  for (size_t i = 3; i < arguments.size(); ++i) {
    const size_t at = arguments[i].find('=');
    options.settings[arguments[i].substr(0, at)] = arguments[i].substr(at + 1);
  }
  const auto engine = load_engine(arguments.at(1));
  const Size fixed = engine->fixed_size(source);
  const Size size = fixed == Size{} ? SizeOption::parse(arguments.at(2)).size : fixed;
  run_on_noise(*engine->compile(source, size, options));
}

}  // namespace

fs::path trial_program() { return find_program("octet"); }

void try_network(Engine& engine, const NetworkSource& source, Size size,
                 const EngineSettings& settings, const std::atomic<bool>& stop) {
  const fs::path program = trial_program();
  if (loads_library(settings) || program.empty()) return;
  const fs::path record = record_of(engine, source, size, settings);
  if (!record.empty() && is_record(record)) return;
  std::vector<std::string> command{program.string(), kTrialVerb, source.name,
                                   std::string(engine.row().name), to_string(size)};
  for (const auto& [key, value] : settings)
    if (!value.empty()) command.push_back(key + "=" + value);
  const std::span<const std::byte> files[] = {as_bytes(source.content), source.weights};
  const auto limit = kLongest * (engine.row().slow_because.empty() ? 1 : kSlower);
  require_passed(run_child(command, files, limit, stop), engine, source, limit);
  keep(record);
}

int run_trial(const std::vector<std::string>& arguments) {
  std::string failure;
  ErrorCode code = ErrorCode::kFailed;
  try {
    load_and_run(arguments);
    write_output(kPassed);
    finish_output();
    return 0;
  } catch (const Error& e) {
    failure = e.what();
    code = e.code();
  } catch (const std::bad_alloc&) {
    failure = arguments.at(0) + ": needs more memory than a model of its size should";
  } catch (const std::exception& e) {
    failure = e.what();
  }
  if (!failure.starts_with(arguments.at(0))) failure = arguments.at(0) + ": " + failure;
  write_output(failure);
  finish_output();
  return static_cast<int>(code);
}

}  // namespace octet
