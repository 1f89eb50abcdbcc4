#include <algorithm>
#include <cctype>
#include <chrono>
#include <cmath>
#include <memory>
#include <nlohmann/json.hpp>
#include <thread>

#include "app/verbs.h"
#include "core/error.h"
#include "core/file.h"
#include "core/log.h"
#include "core/process.h"
#include "live/pipeline.h"
#include "live/watch.h"
#include "serve/server.h"

namespace octet {
namespace {

struct Options {
  RunOptions run;
  std::vector<std::string> sources;
  WatchOptions watch;
  double patience_s = 10;
  ServerOptions http;
  std::string http_token;  // a file
  std::string skip = "0";
};

// Whole frames in parallel, one thread each, make the most of a file; a camera wants each frame as
// soon as possible.
int parallel_frames(const Options& options) {
  return options.run.threads > 0
             ? options.run.threads
             : static_cast<int>(std::max(1U, std::thread::hardware_concurrency()));
}

std::string skip_check(const std::string& text) {
  const bool number =
      !text.empty() && text.size() < 4 && text.find_first_not_of("0123456789") == std::string::npos;
  return number || text == "auto" ? "" : "a number below 1000 or auto is expected";
}

// "front=rtsp://…" has a name; without one the address is it.
CameraSpec camera_spec(const std::string& text) {
  const size_t equals = text.find('=');
  const auto is_name = [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '-' || c == '_';
  };
  const bool named =
      equals != std::string::npos && equals > 0 && !std::filesystem::exists(text) &&
      std::all_of(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(equals), is_name);
  if (!named) return {.name = public_address(text), .address = text};
  return {.name = text.substr(0, equals), .address = text.substr(equals + 1)};
}

std::vector<CameraSpec> camera_specs(const std::vector<std::string>& sources) {
  std::vector<CameraSpec> specs;
  for (const std::string& source : sources) {
    CameraSpec spec = camera_spec(source);
    for (const CameraSpec& other : specs) {
      if (other.name == spec.name)
        fail_usage("--source: two are called '{}'; give them names, as in front={}", spec.name,
                   spec.name);
    }
    if (!is_stream(spec.address))
      (void)open_source(spec.address);  // says now what is wrong with it
    specs.push_back(std::move(spec));
  }
  return specs;
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

nlohmann::ordered_json to_json(const LiveSummary& s, const Detector& detector) {
  const NetworkDescription& d = detector.description();
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
          {"imgsz", {detector.input_size().width, detector.input_size().height}}};
}

void print(const LiveSummary& s, const Detector& detector, const LiveOptions& options) {
  const NetworkDescription& d = detector.description();
  fmt::print("{}{} frames at {}, {} in {} on {} threads\n",
             s.interrupted ? "interrupted after " : "", s.detected,
             to_string(detector.input_size()), d.engine, d.precision, d.threads);
  fmt::print(
      "{:.1f} fps, frame time p50 {:.1f} ms p99 {:.1f} ms, age of a result p50 {:.1f} ms p99 "
      "{:.1f} ms, {} dropped\n",
      s.fps, s.frame_ms_p50, s.frame_ms_p99, s.age_ms_p50, s.age_ms_p99, s.dropped);
  fmt::print(
      "first result after {:.2f} s, {:.0f} MB resident at most, {:.1f} ms of processor time a "
      "frame\n",
      s.first_result_ms / 1e3, s.rss_mb, s.cpu_ms_per_frame);
  for (const auto& file : {options.save, options.snapshot, options.jsonl}) {
    if (!file.empty()) fmt::print("wrote {}\n", file.string());
  }
}

// One file, completely.
void run_file(const Options& options) {
  const auto source = open_source(options.sources[0]);
  Detector detector(detector_options(options.run, source->info().size, parallel_frames(options)));
  const LiveSummary summary = run_live(detector, *source, options.watch.live);
  if (options.run.json) {
    fmt::print("{}\n", to_json(summary, detector).dump());
  } else {
    print(summary, detector, options.watch.live);
  }
}

std::string first_line(const std::string& file) {
  const std::string text = read_text_file(file);
  return text.substr(0, text.find_first_of("\r\n"));
}

constexpr Size kUsualCamera{1280, 720};  // its shape, while no camera has shown its own

void run_watch(Options options) {
  const auto specs = camera_specs(options.sources);
  WatchOptions& o = options.watch;
  if (specs.size() > 1 && !o.live.save.empty())
    fail_usage("--save: a video shows one source; name one");
  o.camera.stream.patience = std::chrono::milliseconds(std::llround(1e3 * options.patience_s));
  o.camera.complete =
      !o.camera.realtime && std::none_of(specs.begin(), specs.end(),
                                         [](const CameraSpec& s) { return is_stream(s.address); });
  AttentionOptions& attention = o.attention;
  attention.skip = options.skip == "auto" ? kAutoSkip : std::stoi(options.skip);
  attention.track = attention.track || attention.skip != 0 || attention.motion_gate;
  std::optional<Board> board;
  std::optional<Server> server;
  o.on_result = [&board](const StreamResult& r, const Picture& p) {
    if (board) board->show(r, p);
  };
  if (!options.http_token.empty()) options.http.token = first_line(options.http_token);
  Watch watch(specs, o);
  const Size size = watch.wait_for_size(o.camera.stream.patience).value_or(kUsualCamera);
  Detector detector(detector_options(options.run, size, 1));
  if (!options.http.address.empty()) {
    std::vector<std::string> names;
    for (const CameraSpec& spec : specs) names.push_back(spec.name);
    board.emplace(names, detector.info().names);
    server.emplace(options.http, watch, *board);
    log_info("the page is at http://{}/", options.http.address);
  }
  const WatchSummary summary = watch.run(detector);
  if (options.run.json) {
    auto j = to_json(summary.all, detector);
    for (const CameraSummary& c : summary.cameras) j["sources"].push_back(to_json(c));
    fmt::print("{}\n", j.dump());
  } else {
    print(summary.all, detector, o.live);
    for (const CameraSummary& c : summary.cameras) print(c);
  }
  for (const CameraSummary& c : summary.cameras) {
    if (c.status.state == CameraState::kEnded && !c.status.error.empty())
      fail("{}", c.status.error);
  }
}

void run(const Options& options) {
  const AttentionOptions& attention = options.watch.attention;
  const bool watched = options.sources.size() > 1 || attention.track || attention.motion_gate ||
                       options.skip != "0" || !options.http.address.empty() ||
                       options.watch.camera.realtime ||
                       is_stream(camera_spec(options.sources[0]).address);
  watched ? run_watch(options) : run_file(options);
}

}  // namespace

void add_live(CLI::App& root) {
  auto options = std::make_shared<Options>();
  CLI::App* verb = root.add_subcommand("live", "find objects in video");
  add_run_options(*verb, options->run, "auto");
  LiveOptions& live = options->watch.live;
  verb->add_option("--source", options->sources,
                   "rtsp://…, http://…, /dev/video0, - for standard input, a video file, a folder "
                   "of pictures, "
                   "or a glob in quotes; several at once, with names as in front=rtsp://…")
      ->required();
  verb->add_option("--conf", live.decode.score_threshold, "lowest confidence")
      ->check(CLI::Range(0.0, 1.0))
      ->capture_default_str();
  verb->add_option("--iou", live.decode.iou_threshold,
                   "overlap above which the weaker box is dropped")
      ->check(CLI::Range(0.0, 1.0))
      ->capture_default_str();
  verb->add_option("--frames", live.max_frames,
                   "stop after so many frames; 0: all of a file, no end for a camera")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  verb->add_flag("--realtime", options->watch.camera.realtime,
                 "play files at their own pace and drop what comes too fast");
  verb->add_option(
          "--max-age-ms", options->watch.max_age_ms,
          "cameras: frames that are older when their turn comes are not looked at; 0: any age")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  verb->add_option("--patience", options->patience_s,
                   "cameras: seconds in which nothing comes until the camera is opened again")
      ->check(CLI::Range(0.1, 3600.0))
      ->capture_default_str();
  verb->add_option("--http", options->http.address, "address of the page, such as 127.0.0.1:8080");
  verb->add_option("--http-token", options->http_token,
                   "file whose first line every request has to bring, as password or bearer token");
  verb->add_flag("--http-open", options->http.open, "other machines may look without a token");
  AttentionOptions& attention = options->watch.attention;
  verb->add_flag("--track", attention.track, "objects keep a number from frame to frame");
  verb->add_option(
          "--skip", options->skip,
          "frames between two detections, carried on by tracks; auto: as many as they allow")
      ->check(skip_check);
  verb->add_flag("--motion-gate", attention.motion_gate, "no detection where nothing moves");
  verb->add_flag("--udp", options->watch.camera.stream.udp, "RTSP over UDP; else over TCP");
  verb->add_option("--save", live.save, "annotated video to write, such as out.mp4");
  verb->add_option("--snapshot", live.snapshot,
                   "annotated picture (.jpg) of the frame with the most found");
  verb->add_option("--jsonl", live.jsonl, "file for one line of JSON a frame");
  verb->callback([options] {
    install_stop_signals();
    run(*options);
  });
}

}  // namespace octet
