#include "api/guard.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <new>
#include <string_view>
#include <utility>
#include <vector>

#include "core/error.h"
#include "core/log.h"
#include "core/text/secrets.h"

namespace octet::v0 {
namespace {

struct Listeners {
  Mutex mutex;
  std::vector<const Log*> all OCTET_GUARDED_BY(mutex);
};

// Never destroyed: threads of engines may still have something to say.
Listeners& listeners() {
  static Listeners& all = *new Listeners;
  return all;
}

thread_local const Log* log_of_this_thread = nullptr;

void give(const Log& log, octet::LogLevel level, const std::string& line) noexcept {
  if (!log) return;
  try {
    log(level == octet::LogLevel::kWarning ? LogLevel::kWarning : LogLevel::kInfo, line);
  } catch (...) {  // a log that fails holds up nothing
  }
}

void route(octet::LogLevel level, const char*, const std::string& message) {
  if (level < octet::LogLevel::kInfo) return;
  const std::string line = in_words_of_the_interface(clean_text(without_secrets(message)));
  Listeners& others = listeners();
  const MutexLock lock(others.mutex);  // a log is called by one thread at a time
  if (log_of_this_thread != nullptr) return give(*log_of_this_thread, level, line);
  for (const Log* log : others.all) give(*log, level, line);
}

void take_log_over() {
  [[maybe_unused]] static const bool taken = (set_log_sink(route), true);  // once
}

std::string first_line(std::string_view text) {
  return clean_text(text.substr(0, text.find('\n')));
}

}  // namespace

LogListener::LogListener(const Log& log) : log_(&log) {
  take_log_over();
  Listeners& others = listeners();
  const MutexLock lock(others.mutex);
  others.all.push_back(log_);
}

LogListener::~LogListener() {
  Listeners& others = listeners();
  const MutexLock lock(others.mutex);
  std::erase(others.all, log_);
}

LogScope::LogScope(const Log& log) : outer_(std::exchange(log_of_this_thread, &log)) {
  take_log_over();
}

LogScope::~LogScope() { log_of_this_thread = outer_; }

std::string in_words_of_the_interface(std::string message) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 6> kNames{
      {{"--imgsz", "size"},
       {"--engine", "engine"},
       {"--format", "format"},
       {"--delegate", "delegate"},
       {"--source", "source"},
       {"--tls-ca", "certificates"}}};
  for (const auto& [option, member] : kNames) {
    for (size_t at = 0; (at = message.find(option, at)) != std::string::npos; at += member.size()) {
      const bool is_word = at == 0 || message[at - 1] == ' ' || message[at - 1] == '\'';
      if (is_word) {
        message.replace(at, option.size(), member);
      } else {
        ++at;
      }
    }
  }
  return message;
}

void throw_as_error() {
  try {
    throw;
  } catch (const Error&) {
    throw;
  } catch (const octet::Error& e) {
    throw Error(e.code() == octet::ErrorCode::kUsage ? ErrorCode::kUsage : ErrorCode::kFailed,
                in_words_of_the_interface(clean_lines(without_secrets(e.what()))));
  } catch (const std::bad_alloc&) {
    throw Error(ErrorCode::kFailed, "out of memory; a smaller input size or image needs less");
  } catch (const std::filesystem::filesystem_error& e) {
    throw Error(ErrorCode::kFailed,
                fmt::format("{}: {}", clean_text(e.path1().string()), e.code().message()));
  } catch (const std::exception& e) {
    throw Error(ErrorCode::kFailed, first_line(e.what()));
  } catch (...) {
    throw Error(ErrorCode::kFailed, "an engine failed and did not say why");
  }
}

}  // namespace octet::v0
