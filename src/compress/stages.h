// The stages of a long work. Each is a command of octet with --json, whose result is kept, so that
// the same work goes on where it stopped.
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
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
  // `program`: octet. `key`: what all results depend on. A work of another key is removed where no
  // command of it was begun. Else it throws an Error, unless `replace`. `replace` removes a work of
  // the same key as well, but goes on with one that it began itself and that is not finished.
  Stages(std::filesystem::path folder, std::filesystem::path program, const std::string& key,
         bool replace);

  // The JSON that the command printed, now or earlier. Throws an Error when it fails, and when the
  // program is interrupted.
  nlohmann::ordered_json run(const StageCommand& command);
  // The same for work of this process. A result of null is not kept.
  nlohmann::ordered_json keep(const std::string& name,
                              const std::function<nlohmann::ordered_json()>& work);

  // All is done: `replace` begins anew from here on.
  void finish();

  // That all stages took together, in this process or an earlier one, interrupted runs included.
  [[nodiscard]] double seconds() const;
  [[nodiscard]] const std::filesystem::path& folder() const { return folder_; }
  // Of the commands that ran, in this process or an earlier one.
  [[nodiscard]] const std::vector<std::string>& commands() const { return commands_; }

 private:
  [[nodiscard]] std::filesystem::path file_of(const std::string& name) const;
  [[nodiscard]] std::filesystem::path begun_of(const std::string& name) const;
  [[nodiscard]] bool has_begun() const;
  void write_key(bool unfinished) const;
  // The result of an earlier run.
  [[nodiscard]] std::optional<nlohmann::ordered_json> kept(const std::string& name);
  nlohmann::ordered_json write(const std::string& name, nlohmann::ordered_json result,
                               double seconds);

  std::filesystem::path folder_, program_;
  std::string key_;
  std::vector<std::string> commands_;
  std::map<std::string, double> seconds_;  // of each stage that was asked for
};

}  // namespace octet
