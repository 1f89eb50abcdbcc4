// The stages of a long work. Each is a command of octet with --json, whose result is kept, so that
// the same work goes on where it stopped.
#pragma once

#include <filesystem>
#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

namespace octet {

struct StageCommand {
  std::string name;                    // of its result: stages/NAME.json
  std::string title;                   // in the log
  std::vector<std::string> arguments;  // of octet, without --json
  // The file by which a run that stopped can be continued with --resume. Empty: it begins anew.
  std::filesystem::path resumable = {};
  bool partial = false;  // what it printed counts, even where it failed in part
  // Whether a failure is a result, and no reason to stop: {"failed": true} is kept then.
  std::function<bool()> failure_counts = {};
};

class Stages {
 public:
  // `program`: octet. `key`: what all results depend on. Throws an Error when the folder holds a
  // work of another key, unless `replace`; its results are removed then.
  Stages(std::filesystem::path folder, std::filesystem::path program, const std::string& key,
         bool replace);

  // The JSON that the command printed, now or earlier. Throws an Error when it fails, and when the
  // program is interrupted.
  nlohmann::ordered_json run(const StageCommand& command);
  // The same for work of this process.
  nlohmann::ordered_json keep(const std::string& name,
                              const std::function<nlohmann::ordered_json()>& work);

  [[nodiscard]] const std::filesystem::path& folder() const { return folder_; }
  // Of the commands that ran, in this process or an earlier one.
  [[nodiscard]] const std::vector<std::string>& commands() const { return commands_; }

 private:
  [[nodiscard]] std::filesystem::path file_of(const std::string& name) const;
  [[nodiscard]] bool has(const std::string& name) const;

  std::filesystem::path folder_, program_;
  std::vector<std::string> commands_;
};

}  // namespace octet
