#include "compress/stages.h"

#include <fmt/ranges.h>

#include <chrono>
#include <nlohmann/json.hpp>
#include <numeric>

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
constexpr const char* kSeconds = "stage_seconds";  // beside the result of a stage

[[noreturn]] void fail_interrupted() { fail("interrupted; the same command goes on from here"); }

ordered_json read_json(const fs::path& file) {
  try {
    auto json = ordered_json::parse(read_text_file(file));
    if (!json.is_object()) fail("{}: is damaged (no object)", file.string());
    return json;
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

std::optional<ordered_json> Stages::kept(const std::string& name) {
  if (!fs::exists(file_of(name))) return std::nullopt;
  ordered_json json = read_json(file_of(name));
  seconds_[name] = json.value(kSeconds, 0.0);
  json.erase(kSeconds);
  return json;
}

ordered_json Stages::write(const std::string& name, ordered_json result, Clock::time_point begin) {
  ordered_json json = result;
  json[kSeconds] = seconds_[name] = std::chrono::duration<double>(Clock::now() - begin).count();
  write_text_file(file_of(name), dump_json(json) + "\n");
  return result;
}

double Stages::seconds() const {
  return std::accumulate(seconds_.begin(), seconds_.end(), 0.0,
                         [](double sum, const auto& stage) { return sum + stage.second; });
}

ordered_json Stages::run(const StageCommand& command) {
  std::vector<std::string> line{"octet"};
  line.insert(line.end(), command.arguments.begin(), command.arguments.end());
  commands_.push_back(fmt::format("{}", fmt::join(line, " ")));
  if (auto result = kept(command.name)) return std::move(*result);
  const auto begin = Clock::now();
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
    return write(command.name, ordered_json::parse(result.out), begin);
  } catch (const nlohmann::json::exception& e) {
    fail("{}: printed no JSON ({})", command.title, e.what());
  }
}

ordered_json Stages::keep(const std::string& name, const std::function<ordered_json()>& work) {
  if (auto result = kept(name)) return std::move(*result);
  const auto begin = Clock::now();
  if (stop_requested()) fail_interrupted();
  ordered_json json;
  try {
    json = work();
  } catch (const Error&) {
    if (stop_requested()) fail_interrupted();
    throw;
  }
  return json.is_null() ? json : write(name, std::move(json), begin);
}

}  // namespace octet
