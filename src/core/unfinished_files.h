// Remembers the files that are being written, so that a signal that ends the program removes them.
#pragma once

#include <filesystem>

namespace octet {

// Registers a file for its lifetime. A signal that ends the program removes the file. Names that
// are too long are not registered, and neither are files beyond the limit. Any thread.
class UnfinishedFile {
 public:
  explicit UnfinishedFile(const std::filesystem::path& path);
  ~UnfinishedFile();
  UnfinishedFile(const UnfinishedFile&) = delete;
  UnfinishedFile& operator=(const UnfinishedFile&) = delete;

 private:
  int slot_;
};

// Delays a signal that would end the program until the end of its lifetime. Files that belong
// together are renamed under it.
class SignalPause {
 public:
  SignalPause();
  ~SignalPause();
  SignalPause(const SignalPause&) = delete;
  SignalPause& operator=(const SignalPause&) = delete;
};

// Removes the unfinished files and ends the program as `signal` does by default. It waits for the
// end of an active SignalPause. For signal handlers.
void end_by_signal(int signal);

}  // namespace octet
