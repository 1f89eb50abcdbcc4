#include "core/program.h"

#include <fcntl.h>
#include <unistd.h>

#include <csignal>
#include <new>
#include <string>
#include <string_view>
#include <system_error>

#include "core/error.h"
#include "core/log.h"
#include "core/output.h"
#include "core/text/clean_text.h"
#include "core/text/secrets.h"
#include "core/unfinished_files.h"

namespace octet {
namespace {

// Reading finds the end, writing is an error.
void open_standard_descriptors() {
  for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; ++fd) {
    if (::fcntl(fd, F_GETFD) < 0) (void)::open("/dev/null", O_RDONLY);  // takes the lowest number
  }
}

void prepare_signals() {
  for (const int ignored : {SIGPIPE, SIGXFSZ}) std::signal(ignored, SIG_IGN);
  for (const int ending : {SIGHUP, SIGINT, SIGQUIT, SIGTERM}) {
    // nohup's stays ignored.
    if (std::signal(ending, end_by_signal) == SIG_IGN) std::signal(ending, SIG_IGN);
  }
}

void say(std::string_view message) {
  constexpr int kForAPerson = 60'000;  // a page of `| less` that nobody turns
  const std::string line = "octet: " + without_secrets(message) + "\n";
  write_error_output(line, kForAPerson);
}

// The messages of libraries carry a backtrace after the first line.
void say_first_line(std::string_view message) {
  say(clean_text(message.substr(0, message.find('\n'))));
}

constexpr int kEndedBySigpipe = 128 + SIGPIPE;  // as a shell has it

int status_of(const std::function<void()>& work, const char* out_of_memory) {
  try {
    set_least_level_from_environment();
    work();
    finish_output();
    return 0;
  } catch (const ReaderGone&) {
    return kEndedBySigpipe;
  } catch (const Error& e) {
    say(clean_lines(e.what()));
    return static_cast<int>(e.code());
  } catch (const std::bad_alloc&) {
    say(out_of_memory);
  } catch (const std::system_error& e) {
    if (e.code() == std::errc::resource_unavailable_try_again)
      say("no further thread can be started; allow more (ulimit -u, or TasksMax= of the service)");
    else
      say_first_line(e.what());
  } catch (const std::exception& e) {
    const bool memory =
        std::string_view(e.what()).find("can't allocate memory") != std::string::npos;
    memory ? say(out_of_memory) : say_first_line(e.what());
  }
  return 1;
}

}  // namespace

int run_main(const std::function<void()>& work, const char* out_of_memory) {
  open_standard_descriptors();
  prepare_signals();
  return status_of(work, out_of_memory);
}

}  // namespace octet
