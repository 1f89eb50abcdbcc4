#include <malloc.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <memory>
#include <nlohmann/json.hpp>
#include <set>
#include <thread>

#include "app/octet/verbs.h"
#include "core/error.h"
#include "core/log.h"
#include "core/process.h"
#include "live/file_pipeline.h"
#include "live/ranges.h"
#include "serve/service.h"

namespace octet {
namespace {

struct Options {
  RunOptions run;
  std::vector<std::string> sources;
  LiveConfig config;
  double patience_s = 10;
  std::string skip = "0", mqtt;
  std::filesystem::path file, http_token, mqtt_password;
  int64_t rotate_mb = 0;
  double cpu_percent = 0;
};

// Whole frames in parallel, one thread each, make the most of a file; a camera wants each frame as
// soon as possible.
int parallel_frames(const Options& options) {
  return options.run.threads > 0
             ? options.run.threads
             : static_cast<int>(std::max(1U, std::thread::hardware_concurrency()));
}

CLI::Validator size_or_auto_check() {
  return {[](const std::string& text) { return text == "auto" ? "" : size_check()(text); }, "SIZE"};
}

CLI::Validator within(Range range) {
  return {[range](const std::string& text) {
            double value = 0;
            const bool number = CLI::detail::lexical_cast(text, value);
            return number && range.holds(value) ? "" : expectation(range) + ", not " + text;
          },
          fmt::format("[{} - {}]", range.least, range.most)};
}

std::string skip_check(const std::string& text) {
  try {
    (void)parse_skip(text);
    return "";
  } catch (const Error& e) {
    return e.what();
  }
}

nlohmann::ordered_json to_json(const CameraSummary& c) {
  return {{"name", c.name},
          {"state", camera_state_name(c.status.state)},
          {"frames", c.status.frames},
          {"detected", c.tally.detected},
          {"tracked", c.tally.tracked},
          {"still", c.tally.still},
          {"skipped", {{"newer_frame", c.tally.skipped_newer}, {"too_old", c.tally.skipped_old}}},
          {"age_ms_p50", c.tally.age.quantile_ms(0.5)},
          {"age_ms_p99", c.tally.age.quantile_ms(0.99)},
          {"openings", c.status.openings},
          {"error", c.status.error}};
}

void print(const CameraSummary& c) {
  fmt::print(
      "{}: {} frames, {} detected, {} skipped for newer ones, {} too old, age p50 {:.1f} ms p99 "
      "{:.1f} ms, {}{}\n",
      c.name, c.status.frames, c.tally.detected, c.tally.skipped_newer, c.tally.skipped_old,
      c.tally.age.quantile_ms(0.5), c.tally.age.quantile_ms(0.99),
      camera_state_name(c.status.state), c.status.error.empty() ? "" : ": " + c.status.error);
}

nlohmann::ordered_json to_json(const LiveSummary& s, const NetworkDescription& d, Size input) {
  return {{"frames", s.frames},
          {"detected", s.detected},
          {"dropped", s.dropped},
          {"fps", s.fps},
          {"frame_ms_p50", s.frame_ms_p50},
          {"frame_ms_p99", s.frame_ms_p99},
          {"age_ms_p50", s.age_ms_p50},
          {"age_ms_p99", s.age_ms_p99},
          {"first_result_ms", s.first_result_ms},
          {"rss_mb", s.rss_mb},
          {"cpu_ms_per_frame", s.cpu_ms_per_frame},
          {"interrupted", s.interrupted},
          {"engine", d.engine},
          {"precision", d.precision},
          {"imgsz", {input.width, input.height}}};
}

void print(const LiveSummary& s, const NetworkDescription& d, Size input,
           const LiveOptions& options) {
  fmt::print("{}{} frames at {}, {} in {} on {} threads\n",
             s.interrupted ? "interrupted after " : "", s.detected, to_string(input), d.engine,
             d.precision, d.threads);
  fmt::print(
      "{:.1f} fps, frame time p50 {:.1f} ms p99 {:.1f} ms, age of a result p50 {:.1f} ms p99 "
      "{:.1f} ms, {} dropped\n",
      s.fps, s.frame_ms_p50, s.frame_ms_p99, s.age_ms_p50, s.age_ms_p99, s.dropped);
  fmt::print(
      "first result after {:.2f} s, {:.0f} MB resident at most, {:.1f} ms of processor time a "
      "frame\n",
      s.first_result_ms / 1e3, s.rss_mb, s.cpu_ms_per_frame);
  for (const auto& file : {options.save.path, options.snapshot, options.jsonl.path}) {
    if (!file.empty()) fmt::print("wrote {}\n", file.string());
  }
}

// One file, completely.
void run_file(const Options& options) {
  const auto source = open_source(options.sources[0]);
  Detector detector(detector_options(options.run, source->info().size, parallel_frames(options)));
  const LiveOptions& live = options.config.watch.live;
  const LiveSummary summary = run_live(detector, *source, live);
  if (options.run.json) {
    fmt::print("{}\n", to_json(summary, detector.description(), detector.input_size()).dump());
  } else {
    print(summary, detector.description(), detector.input_size(), live);
  }
}

LiveConfig config_of(const Options& options) {
  LiveConfig config = options.config;
  RunOptions run = options.run;
  config.auto_size = run.size == "auto";
  if (config.auto_size) run.size.clear();
  config.detector = detector_options(run, std::nullopt, 1);
  config.watch.goals.cpu_share = options.cpu_percent / 100;
  for (const std::string& source : options.sources) config.cameras.push_back(parse_camera(source));
  WatchOptions& watch = config.watch;
  watch.camera.stream.patience = std::chrono::milliseconds(std::llround(1e3 * options.patience_s));
  watch.skip = parse_skip(options.skip);
  watch.live.jsonl.rotate_bytes = options.rotate_mb * 1'000'000;
  if (!options.http_token.empty()) config.http.token = read_secret(options.http_token);
  if (!options.mqtt.empty()) config.mqtt = parse_mqtt(options.mqtt);
  if (!options.mqtt_password.empty()) config.mqtt.password = read_secret(options.mqtt_password);
  complete(config);
  return config;
}

void run_watch(const Options& options) {
  // Months long: what is large (an encoder's pictures, a model that is replaced) goes back to the
  // system when it is freed, and leaves no holes between what is small. Left alone, malloc would
  // raise this bound with each large piece that is freed.
  ::mallopt(M_MMAP_THRESHOLD, 256 << 10);
  LiveConfig config = options.file.empty() ? config_of(options) : read_live_config(options.file);
  config.detector.runtime.cache = cache_folder();
  if (!options.file.empty()) config.watch.live.max_frames = options.config.watch.live.max_frames;
  const LiveOptions live = config.watch.live;
  const ServiceSummary s = run_service(config, options.file);
  if (options.run.json) {
    auto j = to_json(s.watch.all, s.network, s.input);
    j["inference_ms_p50"] = s.watch.inference_ms_p50;
    j["overhead_ms_p50"] = s.watch.overhead_ms_p50;
    for (const CameraSummary& c : s.watch.cameras) j["sources"].push_back(to_json(c));
    if (s.mqtt) j["mqtt"] = {{"delivered", s.mqtt->delivered}, {"lost", s.mqtt->lost}};
    fmt::print("{}\n", j.dump());
  } else {
    print(s.watch.all, s.network, s.input, live);
    for (const CameraSummary& c : s.watch.cameras) print(c);
    if (s.mqtt) fmt::print("mqtt: {} delivered, {} lost\n", s.mqtt->delivered, s.mqtt->lost);
  }
  for (const CameraSummary& c : s.watch.cameras) {
    if (c.status.state == CameraState::kEnded && !c.status.error.empty())
      fail("{}", c.status.error);
  }
}

void run(const Options& options) {
  const bool from_file = !options.file.empty();
  if (!from_file && (options.sources.empty() || options.run.model.empty()))
    fail_usage("--model and --source are required, or --config.\nTry 'octet live --help'.");
  const WatchOptions& watch = options.config.watch;
  const bool watched = from_file || options.sources.size() > 1 || watch.attention.track ||
                       watch.attention.motion_gate || options.skip != "0" ||
                       !options.config.http.address.empty() || !options.mqtt.empty() ||
                       options.rotate_mb > 0 || options.run.size == "auto" ||
                       watch.goals.target_fps > 0 || options.cpu_percent > 0 ||
                       watch.camera.realtime || is_stream(parse_camera(options.sources[0]).address);
  watched ? run_watch(options) : run_file(options);
}

void add_camera_options(CLI::App& verb, Options& options) {
  WatchOptions& watch = options.config.watch;
  verb.add_flag("--realtime", watch.camera.realtime,
                "play files at their own pace and drop what comes too fast");
  verb.add_option(
          "--max-age-ms", watch.max_age_ms,
          "cameras: frames that are older when their turn comes are not looked at; 0: any age")
      ->check(within(kMaxAgeRange))
      ->capture_default_str();
  verb.add_option("--patience", options.patience_s,
                  "cameras: seconds in which nothing comes until the camera is opened again")
      ->check(within(kPatienceRange))
      ->capture_default_str();
  verb.add_flag("--udp", watch.camera.stream.udp, "RTSP over UDP; else over TCP");
  verb.add_flag("--track", watch.attention.track, "objects keep a number from frame to frame");
  verb.add_option(
          "--skip", options.skip,
          "frames between two detections, carried on by tracks; auto: as many as they allow")
      ->check(skip_check);
  verb.add_option("--target-fps", watch.goals.target_fps,
                  "results a second of each camera; held by skipping and, with --imgsz auto, by "
                  "smaller inputs")
      ->check(within(kRateRange));
  verb.add_option("--cpu-budget", options.cpu_percent,
                  "percent of all cores that may be used; held in the same way")
      ->check(within(kPercentRange));
  verb.add_flag("--motion-gate", watch.attention.motion_gate, "no detection where nothing moves");
}

void add_sink_options(CLI::App& verb, Options& options) {
  LiveOptions& live = options.config.watch.live;
  verb.add_option("--save", live.save.path, "annotated video to write, such as out.mp4");
  verb.add_option("--save-minutes", live.save.part_minutes,
                  "cameras: begin a new one after so long and keep the last five; 0: any length")
      ->check(within(kMinutesRange))
      ->capture_default_str();
  verb.add_option("--snapshot", live.snapshot,
                  "annotated picture (.jpg) of the frame with the most found");
  verb.add_option("--jsonl", live.jsonl.path, "file for one line of JSON a frame");
  verb.add_option("--jsonl-rotate-mb", options.rotate_mb,
                  "begin a new one beyond so many megabytes and keep the last five; 0: one file")
      ->check(within(kMegabytesRange))
      ->capture_default_str();
  verb.add_option("--mqtt", options.mqtt, "broker, as mqtt://user@host:1883/topic");
  verb.add_option("--mqtt-password", options.mqtt_password,
                  "file whose first line is the password");
  ServerOptions& http = options.config.http;
  verb.add_option("--http", http.address, "address of the page, such as 127.0.0.1:8080");
  verb.add_option("--http-token", options.http_token,
                  "file whose first line every request has to bring, as password or bearer token");
  verb.add_flag("--http-open", http.open, "other machines may look without a token");
}

// What a file says is not said again beside it.
void require_alone(const CLI::App& verb) {
  const std::set<std::string> beside{"--config", "--frames", "--json", "--log-json"};
  for (const CLI::Option* option : verb.get_options()) {
    if (option->count() > 0 && !beside.contains(option->get_name()))
      fail_usage("{}: cannot stand beside --config; write it into the file", option->get_name());
  }
}

}  // namespace

void add_live(CLI::App& root) {
  auto options = std::make_shared<Options>();
  CLI::App* verb = root.add_subcommand("live", "find objects in video");
  add_run_options(*verb, options->run, "auto");
  verb->get_option("--model")->required(false);
  CLI::Option* size = verb->get_option("--imgsz");
  size->get_validator()->active(false);  // another stands in its place
  size->check(size_or_auto_check())
      ->description(
          "input size: 640, or width x height as 640x384, or auto: 640, 480 or 320, as the "
          "load allows");
  LiveOptions& live = options->config.watch.live;
  verb->add_option("--source", options->sources,
                   "rtsp://…, http://…, /dev/video0, - for standard input, a video file, a folder "
                   "of pictures, "
                   "or a glob in quotes; several at once, with names as in front=rtsp://…");
  verb->add_option("--config", options->file,
                   "YAML file with all of these, zones and lines; read again when it changes");
  verb->add_flag_callback(
      "--log-json", [] { set_log_style(LogStyle::kJson); }, "log lines as JSON");
  verb->add_option("--conf", live.decode.score_threshold, "lowest confidence")
      ->check(within(kShareRange))
      ->capture_default_str();
  verb->add_option("--iou", live.decode.iou_threshold,
                   "overlap above which the weaker box is dropped")
      ->check(within(kShareRange))
      ->capture_default_str();
  verb->add_option("--frames", live.max_frames,
                   "stop after so many frames; 0: all of a file, no end for a camera")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  add_camera_options(*verb, *options);
  add_sink_options(*verb, *options);
  verb->callback([options, verb] {
    if (!options->file.empty()) require_alone(*verb);
    install_stop_signals();
    run(*options);
  });
}

}  // namespace octet
