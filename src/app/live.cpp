#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>
#include <thread>

#include "app/verbs.h"
#include "core/log.h"
#include "core/process.h"
#include "live/pipeline.h"

namespace octet {
namespace {

struct Options {
  RunOptions run;
  std::string source;
  LiveOptions live;
};

// Whole frames in parallel, one thread each, make the most of a file; a camera wants each frame as
// soon as possible.
int parallel_frames(const Options& options) {
  const int threads = options.run.threads > 0
                          ? options.run.threads
                          : static_cast<int>(std::max(1U, std::thread::hardware_concurrency()));
  return options.live.realtime ? 1 : threads;
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

void run(const Options& options) {
  const auto source = open_source(options.source);
  Detector detector(detector_options(options.run, source->info().size, parallel_frames(options)));
  const LiveSummary summary = run_live(detector, *source, options.live);
  if (options.run.json) {
    fmt::print("{}\n", to_json(summary, detector).dump());
  } else {
    print(summary, detector, options.live);
  }
}

}  // namespace

void add_live(CLI::App& root) {
  auto options = std::make_shared<Options>();
  CLI::App* verb = root.add_subcommand("live", "find objects in video");
  add_run_options(*verb, options->run, "auto");
  LiveOptions& live = options->live;
  verb->add_option("--source", options->source,
                   "a video file, a folder of pictures, or a glob in quotes")
      ->required();
  verb->add_option("--conf", live.decode.score_threshold, "lowest confidence")
      ->check(CLI::Range(0.0, 1.0))
      ->capture_default_str();
  verb->add_option("--iou", live.decode.iou_threshold,
                   "overlap above which the weaker box is dropped")
      ->check(CLI::Range(0.0, 1.0))
      ->capture_default_str();
  verb->add_option("--frames", live.max_frames, "stop after so many frames; 0: all")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  verb->add_flag("--realtime", live.realtime,
                 "play the file at its own pace and drop what comes too fast");
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
