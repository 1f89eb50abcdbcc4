#include <malloc.h>

#include <algorithm>
#include <cmath>
#include <csignal>
#include <memory>
#include <nlohmann/json.hpp>

#include "app/common_options.h"
#include "app/octet/verbs.h"
#include "app/option_flags.h"
#include "app/print_json.h"
#include "app/verb_table.h"
#include "core/child.h"
#include "core/cpu.h"
#include "core/error.h"
#include "core/folder.h"
#include "core/log.h"
#include "core/output.h"
#include "core/process.h"
#include "core/text/count_text.h"
#include "live/file_pipeline.h"
#include "serve/config/live_options.h"
#include "serve/service.h"

namespace octet {
namespace {

struct Options {
  LiveConfig config;
  std::filesystem::path file;
  bool json = false;
  bool strict = false;
  bool worker = false;  // of octet tune, and ends with it
};

// Whole frames in parallel, one thread each, make the most of a file; a camera wants each frame as
// soon as possible.
int parallel_frames(const DetectorOptions& options) {
  return threads_or_all_cores(options.runtime.threads);
}

// To a hundredth of a millisecond, a percent or a frame a second.
double rounded(double value) { return std::round(value * 100) / 100; }

nlohmann::ordered_json to_json(const CameraSummary& c) {
  return {{"name", c.name},
          {"state", camera_state_name(c.status.state)},
          {"frames", c.status.frames},
          {"detected", c.tally.detected},
          {"tracked", c.tally.tracked},
          {"still", c.tally.still},
          {"skipped",
           {{"newer_frame", c.tally.skipped_newer},
            {"too_old", c.tally.skipped_old},
            {"unreadable", c.status.unreadable}}},
          {"age_ms_p50", rounded(c.tally.age.quantile_ms(0.5))},
          {"age_ms_p99", rounded(c.tally.age.quantile_ms(0.99))},
          {"openings", c.status.openings},
          {"error", c.status.error}};
}

void print(const CameraSummary& c) {
  print_out(
      "{}: {}, {} detected, {} skipped for newer ones, {} too old, {}age p50 {:.1f} ms p99 "
      "{:.1f} ms, {}{}{}\n",
      c.name, counted(c.status.frames, "frame"), c.tally.detected, c.tally.skipped_newer,
      c.tally.skipped_old,
      c.status.unreadable > 0 ? fmt::format("{} unreadable, ", c.status.unreadable) : "",
      c.tally.age.quantile_ms(0.5), c.tally.age.quantile_ms(0.99),
      camera_state_name(c.status.state), c.status.state == CameraState::kEnded ? "" : " at the end",
      c.status.error.empty() ? "" : ": " + c.status.error);
}

void print(const PoseStatus& p) {
  print_out("{}: {:.1f} people a frame, {:.1f} ms each, {} waited for a turn\n", p.network,
            p.people_per_frame(), p.time.quantile_ms(0.5), p.skipped);
}

nlohmann::ordered_json to_json(const LiveSummary& s, const NetworkDescription& d, Size input) {
  return {{"frames", s.frames},
          {"detected", s.detected},
          {"dropped", s.dropped},
          {"fps", rounded(s.fps)},
          {"frame_ms_p50", rounded(s.frame_ms_p50)},
          {"frame_ms_p99", rounded(s.frame_ms_p99)},
          {"age_ms_p50", rounded(s.age_ms_p50)},
          {"age_ms_p99", rounded(s.age_ms_p99)},
          {"first_result_ms", rounded(s.first_result_ms)},
          {"rss_mb", rounded(s.rss_mb)},
          {"cpu_ms_per_frame", rounded(s.cpu_ms_per_frame)},
          {"cpu_percent", rounded(s.cpu_percent)},
          {"interrupted", s.interrupted},
          {"engine", d.engine},
          {"precision", d.precision},
          {"imgsz", {input.width, input.height}}};
}

void print(const LiveSummary& s, const NetworkDescription& d, Size input,
           const LiveOptions& options) {
  print_out("{}{} at {}, {} in {} on {}\n", s.interrupted ? "interrupted after " : "",
            counted(s.detected, "frame"), to_string(input), d.engine, d.precision,
            counted(d.threads, "thread"));
  const std::string pace = s.detected < 2
                               ? ""  // from one result to the next
                               : fmt::format("{:.1f} fps, frame time p50 {:.1f} ms p99 {:.1f} ms, ",
                                             s.fps, s.frame_ms_p50, s.frame_ms_p99);
  print_out("{}age of a result p50 {:.1f} ms p99 {:.1f} ms, {} dropped\n", pace, s.age_ms_p50,
            s.age_ms_p99, s.dropped);
  print_out(
      "first result after {:.2f} s, {:.0f} MB resident at most, {:.1f} ms of processor time a "
      "frame\n",
      s.first_result_ms / 1e3, s.rss_mb, s.cpu_ms_per_frame);
  for (const auto& file : {options.save.path, options.snapshot, options.jsonl.path}) {
    if (!file.empty()) print_out("wrote {}\n", file.string());
  }
}

BadPicture bad_picture(const Options& options) {
  return options.strict ? BadPicture::kStop : BadPicture::kSkip;
}

// One file, completely.
void run_file(const Options& options) {
  require_other_files(options.config);
  const auto source = open_source(options.config.cameras[0].address, bad_picture(options));
  DetectorOptions wanted = options.config.detector;
  wanted.source = source->info().size;
  wanted.runtime.parallel = parallel_frames(wanted);
  wanted.runtime.cache = cache_folder();
  Detector detector(wanted);
  LiveOptions live = options.config.watch.live;
  live.source_name = options.config.cameras[0].name;
  const LiveSummary summary = run_live(detector, *source, live);
  detector.say_other_size();
  if (options.json) {
    auto j = to_json(summary, detector.description(), detector.input_size());
    j["skipped"] = source->skipped();
    print_json(j);
  } else {
    print(summary, detector.description(), detector.input_size(), live);
  }
  if (!summary.cut_short.empty()) fail("{}", summary.cut_short);
}

LiveConfig config_of(const Options& options) {
  LiveConfig config = options.file.empty() ? options.config : read_live_config(options.file);
  if (options.file.empty()) complete(config);
  config.watch.live.max_frames = options.config.watch.live.max_frames;
  config.watch.live.max_seconds = options.config.watch.live.max_seconds;
  config.watch.camera.bad_picture = bad_picture(options);
  config.detector.runtime.cache = cache_folder();
  return config;
}

void run_watch(const Options& options) {
  // Months long: what is large (an encoder's pictures, a model that is replaced) goes back to the
  // system when it is freed, and leaves no holes between what is small. Left alone, malloc would
  // raise this bound with each large piece that is freed.
  ::mallopt(M_MMAP_THRESHOLD, 256 << 10);
  const LiveConfig config = config_of(options);
  const LiveOptions live = config.watch.live;
  const ServiceSummary s = run_service(config, options.file);
  if (options.json) {
    auto j = to_json(s.watch.all, s.network, s.input);
    j["inference_ms_p50"] = rounded(s.watch.inference_ms_p50);
    j["overhead_ms_p50"] = rounded(s.watch.overhead_ms_p50);
    if (s.watch.pose) j["pose"] = to_json(*s.watch.pose);
    for (const CameraSummary& c : s.watch.cameras) j["sources"].push_back(to_json(c));
    if (s.mqtt) j["mqtt"] = {{"delivered", s.mqtt->delivered}, {"lost", s.mqtt->lost}};
    print_json(j);
  } else {
    print(s.watch.all, s.network, s.input, live);
    if (s.watch.pose) print(*s.watch.pose);
    for (const CameraSummary& c : s.watch.cameras) print(c);
    if (s.mqtt) print_out("mqtt: {} delivered, {} lost\n", s.mqtt->delivered, s.mqtt->lost);
  }
  for (const CameraSummary& c : s.watch.cameras) {
    if (c.status.state == CameraState::kEnded && !c.status.error.empty())
      fail("{}", c.status.error);
  }
}

void run(const Options& options) {
  if (options.worker) end_with_parent(SIGTERM);
  const bool from_file = !options.file.empty();
  if (!from_file && (options.config.cameras.empty() || options.config.detector.model.empty()))
    fail_usage("--model and --source are required, or --config.\nTry 'octet live --help'.");
  from_file || needs_watch(options.config) ? run_watch(options) : run_file(options);
}

// What the file says is not said again beside it.
void require_alone(const CLI::App& verb) {
  for (const LiveOption& option : live_options()) {
    if (!option.key.empty() && !option.flag.empty() && verb.count(option.flag) > 0)
      fail_usage("{}: cannot be given with --config; write it into the file", option.flag);
  }
}

}  // namespace

void add_live(CLI::App& root) {
  const auto options = std::make_shared<Options>();
  CLI::App* verb = add_verb(root, "live");
  add_options(*verb, live_options(), std::shared_ptr<LiveConfig>(options, &options->config));
  verb->add_option(
          "--config", options->file,
          "YAML file with these options, zones and lines. It is read again when it changes.")
      ->type_name("FILE");
  verb->add_flag_callback(
      "--log-json", [] { set_log_style(LogStyle::kJson); }, "Write log lines as JSON.");
  verb->add_flag("--worker", options->worker, "For 'octet tune', and ends with it.")->group("");
  add_strict_option(*verb, options->strict);
  add_json_option(*verb, options->json);
  verb->callback([options, verb] {
    if (!options->file.empty()) require_alone(*verb);
    install_stop_signals();
    run(*options);
  });
}

nlohmann::ordered_json describe_live_configuration() {
  constexpr const char* kTakesEffect[] = {"next frame", "next camera", "new model", "next start"};
  auto rows = nlohmann::ordered_json::array();
  for (const LiveOption& option : live_options()) {
    if (option.key.empty()) continue;
    rows.push_back({{"key", option.key},
                    {"flag", option.flag},
                    {"help", option.help},
                    {"values", value_name(option)},
                    {"default", option.default_text()},
                    {"takes_effect", kTakesEffect[static_cast<size_t>(option.takes_effect)]},
                    {"page", option.page.name}});
  }
  return rows;
}

}  // namespace octet
