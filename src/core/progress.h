// A progress bar on standard error: redrawn in place on a terminal, silent elsewhere. One thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace octet {

class Progress {
 public:
  explicit Progress(int64_t total);  // 0: not known
  ~Progress();                       // clears the line
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  void update(int64_t done, const std::string& note);  // draws ten times a second at most
  [[nodiscard]] bool due() const;  // whether update() would draw: saves making the note

 private:
  int64_t total_;
  bool terminal_;
  bool drawn_ = false;
  std::chrono::steady_clock::time_point next_;
};

}  // namespace octet
