// Which files are being written, so that a signal that ends the program can remove them.
#pragma once

#include <filesystem>

namespace octet {

// While it lives, the file is removed if a signal ends the program. Names that are too long, and more
// files at once than there is room for, are not remembered. Any thread.
class UnfinishedFile {
 public:
  explicit UnfinishedFile(const std::filesystem::path& path);
  ~UnfinishedFile();
  UnfinishedFile(const UnfinishedFile&) = delete;
  UnfinishedFile& operator=(const UnfinishedFile&) = delete;

 private:
  int slot_;
};

// While it lives, a signal that would end the program waits: what belongs together is put in place
// as one.
class SignalPause {
 public:
  SignalPause();
  ~SignalPause();
  SignalPause(const SignalPause&) = delete;
  SignalPause& operator=(const SignalPause&) = delete;
};

// Removes the unfinished files and ends the program as `signal` does by default; at the end of a
// SignalPause where there is one. For signal handlers.
void end_by_signal(int signal);

}  // namespace octet
