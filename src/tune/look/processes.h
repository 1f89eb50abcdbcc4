// The processes of a tuning: a look at a network, and a run of 'octet live'. Each is the program
// octet itself, so that one does not warm up the other, and a crash costs one try.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "tune/look/look.h"

namespace octet {

// What 'octet live' showed.
struct LiveRun {
  Figures figures;
  double seconds = 0;  // from the first result to the last
  std::string ran_in;  // the arithmetic
};
// From its --json. `cores`: of this machine. Throws an Error where the camera was lost in the run,
// with its reason, since the figures say little then.
[[nodiscard]] LiveRun live_run(const nlohmann::ordered_json& json, int cores);

template <typename Result>
struct Attempt {
  std::optional<Result> result;
  std::string reason;  // where there is none
  double seconds = 0;  // that it took, with its start
};

class Processes {
 public:
  // `program`: octet. `folder`: for files that last as long as a process.
  Processes(std::filesystem::path program, std::filesystem::path folder);

  // Both are ended where they take much longer than `seconds`, or than `left_s`, the time that the
  // tuning has left.
  [[nodiscard]] Attempt<Look> look(const LookRequest& request, double seconds, double left_s) const;
  // `octet live --config` with this text for so many seconds from the first result on. Files count
  // from the working folder of this process.
  [[nodiscard]] Attempt<LiveRun> live(const std::string& config, double seconds,
                                      double left_s) const;

 private:
  template <typename Result, typename Read>
  Attempt<Result> run(const std::vector<std::string>& command, double at_most_s, Read read) const;

  std::filesystem::path program_, folder_;
};

}  // namespace octet
