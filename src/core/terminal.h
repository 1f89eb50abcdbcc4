// The terminal that a stream of the program leads to, where there is one. Any thread.
#pragma once

namespace octet {

[[nodiscard]] bool is_terminal(int fd);

// The columns of the terminal; 80 where there is none, and where it does not tell.
[[nodiscard]] int columns_of(int fd);

// Colours and bold text: on a terminal that has them, and never when NO_COLOR is set (no-color.org).
[[nodiscard]] bool may_colour(int fd);

}  // namespace octet
