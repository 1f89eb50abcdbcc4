#include "core/terminal.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdlib>
#include <string_view>

namespace octet {

bool is_terminal(int fd) { return ::isatty(fd) == 1; }

int columns_of(int fd) {
  constexpr int kUsual = 80;
  winsize size{};
  if (::ioctl(fd, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return kUsual;
  return size.ws_col;
}

bool may_colour(int fd) {
  const char* no_colour = std::getenv("NO_COLOR");
  if (no_colour != nullptr && *no_colour != '\0') return false;
  const char* terminal = std::getenv("TERM");
  return is_terminal(fd) && terminal != nullptr && std::string_view(terminal) != "dumb";
}

}  // namespace octet
