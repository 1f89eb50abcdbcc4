#include "api/guard.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <new>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "core/error.h"
#include "core/log.h"
#include "core/text/secrets.h"

namespace octet::v0 {
namespace {

// Logs that hear threads without a call, and the turn to call logs. One thread has it. That thread
// may take it again: a language that collects garbage closes a detector anywhere, and so in a log.
class Listeners {
 public:
  void take_turn() {
    MutexLock lock(mutex_);
    const std::thread::id self = std::this_thread::get_id();
    free_.wait(lock, [&]() OCTET_REQUIRES(mutex_) { return turns_ == 0 || talking_ == self; });
    talking_ = self;
    ++turns_;
  }
  void end_turn() {
    {
      const MutexLock lock(mutex_);
      --turns_;
    }
    free_.notify_one();
  }
  void add(const Log* log) {
    const MutexLock lock(mutex_);
    all_.push_back(log);
  }
  void remove(const Log* log) {
    const MutexLock lock(mutex_);
    std::erase(all_, log);
  }
  [[nodiscard]] bool has(const Log* log) {
    const MutexLock lock(mutex_);
    return std::find(all_.begin(), all_.end(), log) != all_.end();
  }
  [[nodiscard]] std::vector<const Log*> all() {
    const MutexLock lock(mutex_);
    return all_;
  }

 private:
  Mutex mutex_;
  Condition free_;
  std::thread::id talking_ OCTET_GUARDED_BY(mutex_);  // has the turn, if turns_ > 0
  int turns_ OCTET_GUARDED_BY(mutex_) = 0;            // one inside the other
  std::vector<const Log*> all_ OCTET_GUARDED_BY(mutex_);
};

// Never destroyed: threads of engines may still have something to say.
Listeners& listeners() {
  static Listeners& all = *new Listeners;
  return all;
}

class Turn {
 public:
  Turn() { listeners().take_turn(); }
  ~Turn() { listeners().end_turn(); }
  Turn(const Turn&) = delete;
  Turn& operator=(const Turn&) = delete;
};

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
  const Turn turn;
  if (log_of_this_thread != nullptr) return give(*log_of_this_thread, level, line);
  for (const Log* log : listeners().all()) {
    if (listeners().has(log)) give(*log, level, line);  // a log may have closed others
  }
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
  listeners().add(log_);
}

LogListener::~LogListener() {
  const Turn turn;  // no other thread is in this log
  listeners().remove(log_);
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
