#include "tune/look/processes.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <nlohmann/json.hpp>
#include <sstream>

#include "core/cpu.h"
#include "core/error.h"
#include "core/file.h"
#include "core/process.h"
#include "core/text/json_text.h"

namespace octet {
namespace {
namespace fs = std::filesystem;
using nlohmann::ordered_json;

constexpr double kStartTakes = 120;  // seconds, at most: a first load is tried, then compiled
constexpr double kOverBudget = 30;   // seconds: what is nearly done may end
constexpr size_t kMostErrors = 1 << 20;

// The last line that a failed process wrote.
std::string last_line(const fs::path& file) {
  std::error_code error;
  if (!fs::exists(file, error) || fs::file_size(file, error) > kMostErrors) return {};
  std::istringstream lines(read_text_file(file));
  std::string last;
  for (std::string line; std::getline(lines, line);) {
    if (!line.empty()) last = line;
  }
  constexpr std::string_view kName = "octet: ";
  return last.starts_with(kName) ? last.substr(kName.size()) : last;
}

double longest_s(double seconds, double left_s) {
  return std::min(seconds + kStartTakes, std::max(left_s, 0.0) + kOverBudget);
}

void require_no_outage(const ordered_json& json) {
  for (const auto& source : json.value("sources", ordered_json::array())) {
    const auto state = source.value("state", std::string("up"));
    const auto openings = source.value("openings", int64_t{1});
    const auto error = source.value("error", std::string());
    if (openings <= 1 && state != "down" && state != "connecting") continue;
    fail("the camera was lost in the run{}",
         error.empty() ? fmt::format(", and opened {} times", openings) : ": " + error);
  }
}

}  // namespace

LiveRun live_run(const ordered_json& json, int cores) {
  require_no_outage(json);
  LiveRun run{.ran_in = json.at("precision")};
  Figures& f = run.figures;
  f.results_fps = json.at("fps");
  f.age_ms_p99 = json.at("age_ms_p99");
  f.cpu_percent = json.at("cpu_percent");
  double detected = json.at("detected"), results = detected;
  for (const auto& source : json.value("sources", ordered_json::array()))
    results += source.at("tracked").get<double>() + source.at("still").get<double>();
  if (f.results_fps <= 0 || results <= 1) return run;
  f.fps = f.results_fps * detected / results;
  f.cpu_ms = 10 * f.cpu_percent * cores / f.results_fps;
  run.seconds = (results - 1) / f.results_fps;
  return run;
}

Processes::Processes(fs::path program, fs::path folder)
    : program_(std::move(program)), folder_(std::move(folder)) {}

template <typename Result, typename Read>
Attempt<Result> Processes::run(const std::vector<std::string>& command, double at_most_s,
                               Read read) const {
  Attempt<Result> attempt;
  const auto begin = std::chrono::steady_clock::now();
  const fs::path errors = folder_ / "errors.txt";
  const ProgramResult result = run_program(
      command, {.at_most = std::chrono::milliseconds(static_cast<int64_t>(1e3 * at_most_s)),
                .errors = errors});
  attempt.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  if (result.timed_out) {
    attempt.reason = fmt::format("took more than {:.0f} s", at_most_s);
    return attempt;
  }
  if (result.status != 0) {
    attempt.reason = last_line(errors);
    if (attempt.reason.empty()) attempt.reason = fmt::format("ended with status {}", result.status);
    return attempt;
  }
  try {
    attempt.result = read(ordered_json::parse(result.out));
  } catch (const Error& e) {
    attempt.reason = e.what();
  } catch (const nlohmann::json::exception& e) {
    attempt.reason = fmt::format("gave no result ({})", e.what());
  }
  return attempt;
}

Attempt<Look> Processes::look(const LookRequest& request, double seconds, double left_s) const {
  return run<Look>({program_.string(), "tune", "--look", dump_json(to_json(request))},
                   longest_s(seconds, left_s), look_from);
}

Attempt<LiveRun> Processes::live(const std::string& config, double seconds, double left_s) const {
  const fs::path file = folder_ / "live.yaml";
  write_text_file(file, config);
  const int cores = threads_or_all_cores(0);
  return run<LiveRun>({program_.string(), "live", "--worker", "--config", file.string(),
                       "--seconds", fmt::format("{:.3f}", seconds), "--json"},
                      longest_s(seconds, left_s),
                      [cores](const ordered_json& json) { return live_run(json, cores); });
}

}  // namespace octet
