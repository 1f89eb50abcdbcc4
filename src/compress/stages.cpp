#include "compress/stages.h"

#include <fmt/ranges.h>

#include <nlohmann/json.hpp>

#include "core/error.h"
#include "core/file.h"
#include "core/log.h"
#include "core/process.h"
#include "core/text/json_text.h"

namespace octet {
namespace {
namespace fs = std::filesystem;
using nlohmann::ordered_json;

constexpr const char* kKeyFile = "compress.json";

[[noreturn]] void fail_interrupted() { fail("interrupted; the same command goes on from here"); }

ordered_json read_json(const fs::path& file) {
  try {
    return ordered_json::parse(read_text_file(file));
  } catch (const nlohmann::json::exception& e) {
    fail("{}: is damaged ({}); remove it, and the same command makes it again", file.string(),
         e.what());
  }
}

}  // namespace

Stages::Stages(fs::path folder, fs::path program, const std::string& key, bool replace)
    : folder_(std::move(folder)), program_(std::move(program)) {
  make_folder(folder_ / "stages");
  const fs::path file = folder_ / kKeyFile;
  if (fs::exists(file)) {
    if (!replace && read_json(file).value("key", "") == key) return;
    if (!replace) {
      fail(
          "{}: holds the work of another command; --overwrite replaces it, or name another folder "
          "with -o",
          folder_.string());
    }
    fs::remove_all(folder_ / "stages");
    make_folder(folder_ / "stages");
  }
  write_text_file(file, dump_json(ordered_json{{"key", key}}) + "\n");
}

fs::path Stages::file_of(const std::string& name) const {
  return folder_ / "stages" / (name + ".json");
}

bool Stages::has(const std::string& name) const { return fs::exists(file_of(name)); }

ordered_json Stages::run(const StageCommand& command) {
  std::vector<std::string> line{"octet"};
  line.insert(line.end(), command.arguments.begin(), command.arguments.end());
  commands_.push_back(fmt::format("{}", fmt::join(line, " ")));
  if (has(command.name)) return read_json(file_of(command.name));
  log_info("== {}: {}", command.title, commands_.back());
  line[0] = program_.string();
  line.emplace_back("--json");
  const fs::path begun = folder_ / "stages" / (command.name + ".begun");  // by this work
  if (!command.resumable.empty())
    line.emplace_back(fs::exists(begun) && fs::exists(command.resumable) ? "--resume"
                                                                         : "--overwrite");
  write_text_file(begun, "");
  const ProgramResult result = run_program(line);
  if (stop_requested()) fail_interrupted();
  const bool failed = result.status != 0;
  if (failed && command.failure_counts && command.failure_counts())
    return keep(command.name, [] { return ordered_json{{"failed", true}}; });
  if (failed && !command.partial)
    fail("{}: did not succeed; its own message is above. The same command tries it again",
         command.title);
  try {
    const auto json = ordered_json::parse(result.out);
    write_text_file(file_of(command.name), dump_json(json) + "\n");
    return json;
  } catch (const nlohmann::json::exception& e) {
    fail("{}: printed no JSON ({})", command.title, e.what());
  }
}

ordered_json Stages::keep(const std::string& name, const std::function<ordered_json()>& work) {
  if (has(name)) return read_json(file_of(name));
  if (stop_requested()) fail_interrupted();
  ordered_json json;
  try {
    json = work();
  } catch (const Error&) {
    if (stop_requested()) fail_interrupted();
    throw;
  }
  write_text_file(file_of(name), dump_json(json) + "\n");
  return json;
}

}  // namespace octet
