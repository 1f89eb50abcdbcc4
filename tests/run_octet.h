// Runs the built program as a user would: its exit status, standard output and standard error.
#pragma once

#include <sys/wait.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>

#include "core/file.h"
#include "testing/testing.h"

namespace octet {

inline const std::string kSource = OCTET_SOURCE_DIR;
inline const std::string kTiny = kSource + "/tests/data/checkpoints/v8.4.190-detect3.pt";

struct Outcome {
  int status = -1;  // 128 + signal when it was killed
  std::string out, err;
};

inline Outcome run_shell(const std::string& command) {
  const TemporaryFolder folder;
  const std::string whole = "(" + command + ") >" + (folder / "out").string() + " 2>" +
                            (folder / "err").string() + " </dev/null";
  const int status = std::system(whole.c_str());
  return {.status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status),
          .out = read_text_file(folder / "out"),
          .err = read_text_file(folder / "err")};
}

inline Outcome run_octet(const std::string& arguments) {
  return run_shell(OCTET_BIN_DIR "/octet " + arguments);
}

}  // namespace octet
