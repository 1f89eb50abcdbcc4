#include "compress/stages.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <chrono>
#include <nlohmann/json.hpp>
#include <numeric>
#include <sstream>

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
constexpr const char* kUnfinished = "unfinished";  // beside the key: a replacement
constexpr const char* kBegun = ".begun";           // the extension of commands that were begun
constexpr const char* kSeconds = "stage_seconds";  // beside the result of a stage

using Clock = std::chrono::steady_clock;
double seconds_since(Clock::time_point begin) {
  return std::chrono::duration<double>(Clock::now() - begin).count();
}

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

// Of the folder's work. Where it is to be replaced, it may be damaged.
ordered_json read_earlier(const fs::path& file, bool replace) {
  if (!fs::exists(file)) return ordered_json::object();
  if (!replace) return read_json(file);
  auto json = ordered_json::parse(read_text_file(file), nullptr, false);
  return json.is_object() ? json : ordered_json::object();
}

// A command that is begun, and how long its runs took together. They are in a file, since a run may
// be interrupted.
class Begun {
 public:
  explicit Begun(fs::path file) : file_(std::move(file)) {
    if (fs::exists(file_)) std::istringstream(read_text_file(file_)) >> before_s_;
    write_text_file(file_, fmt::format("{}\n", before_s_));
  }
  ~Begun() {
    try {
      write_text_file(file_, fmt::format("{}\n", seconds()));
    } catch (const std::exception&) {  // they are for the report alone
    }
  }
  Begun(const Begun&) = delete;
  Begun& operator=(const Begun&) = delete;

  [[nodiscard]] double seconds() const { return before_s_ + seconds_since(begin_); }

 private:
  fs::path file_;
  double before_s_ = 0;
  Clock::time_point begin_ = Clock::now();
};

}  // namespace

Stages::Stages(fs::path folder, fs::path program, const std::string& key, bool replace)
    : folder_(std::move(folder)), program_(std::move(program)), key_(key) {
  make_folder(folder_ / "stages");
  // Stages without a key are of a work that nobody can tell.
  const bool earlier = fs::exists(folder_ / kKeyFile) || !fs::is_empty(folder_ / "stages");
  const ordered_json work = read_earlier(folder_ / kKeyFile, replace);
  const bool same = work.value("key", "") == key;
  if (same && (!replace || work.value(kUnfinished, false))) return;
  if (earlier && !replace && has_begun()) {
    fail(
        "{}: holds the work of another command; --overwrite replaces it, or name another folder "
        "with -o",
        folder_.string());
  }
  if (earlier) {
    fs::remove_all(folder_ / "stages");
    make_folder(folder_ / "stages");
  }
  write_key(replace);
}

void Stages::write_key(bool unfinished) const {
  ordered_json json{{"key", key_}};
  if (unfinished) json[kUnfinished] = true;
  write_text_file(folder_ / kKeyFile, dump_json(json) + "\n");
}

void Stages::finish() { write_key(false); }

fs::path Stages::begun_of(const std::string& name) const {
  return folder_ / "stages" / (name + kBegun);
}

// Times and plans alone are made again in a minute.
bool Stages::has_begun() const {
  const fs::directory_iterator files(folder_ / "stages");
  return std::any_of(begin(files), end(files),
                     [](const fs::directory_entry& f) { return f.path().extension() == kBegun; });
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

ordered_json Stages::write(const std::string& name, ordered_json result, double seconds) {
  ordered_json json = result;
  json[kSeconds] = seconds_[name] = seconds;
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
  log_info("== {}: {}", command.title, commands_.back());
  line[0] = program_.string();
  line.emplace_back("--json");
  if (!command.resumable.empty()) {
    // Of another work: the command itself would keep it until it has read all images.
    if (!fs::exists(begun_of(command.name))) fs::remove(command.resumable);
    line.emplace_back(fs::exists(command.resumable) ? "--resume" : "--overwrite");
  }
  const Begun begun(begun_of(command.name));
  const ProgramResult result = run_program(line);
  const bool failed = result.status != 0;
  if (stop_requested() && failed) fail_interrupted();
  if (failed && command.failure_counts && command.failure_counts())
    return write(command.name, ordered_json{{"failed", true}}, begun.seconds());
  if (failed && !command.partial)
    fail("{}: did not succeed; its own message is above. The same command tries it again",
         command.title);
  auto printed = ordered_json::parse(result.out, nullptr, false);
  if (!printed.is_discarded()) (void)write(command.name, printed, begun.seconds());
  if (stop_requested()) fail_interrupted();  // what was done in time is kept
  if (printed.is_discarded()) fail("{}: printed no JSON", command.title);
  return printed;
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
  return json.is_null() ? json : write(name, std::move(json), seconds_since(begin));
}

}  // namespace octet
