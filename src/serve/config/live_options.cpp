#include "serve/config/live_options.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <iterator>
#include <utility>

#include "engine/registry.h"
#include "serve/config/option_groups.h"
#include "serve/config/parse.h"

namespace octet {
namespace {

using C = LiveConfig;
using Table = std::vector<LiveOption>;

constexpr Range kShare{0, 1}, kFromZero{0, 1e6}, kKept{1, 1000};
constexpr double kMegabyte = 1e6;

std::string imgsz_text(const C& c) {
  if (c.auto_size) return "auto";
  const auto& size = c.detector.size;
  if (!size) return "";
  return size->exact ? to_string(size->size) : std::to_string(size->size.width);
}

void set_imgsz(C& c, const std::string& text) {
  c.auto_size = text == "auto";
  c.detector.size.reset();
  if (!c.auto_size && !text.empty()) c.detector.size = SizeOption::parse(text);
}

Option<C> imgsz_option() {
  return {
      {.key = "imgsz",
       .flag = "--imgsz",
       .help = "Input size: 640, or width x height as 640x384. auto: the size of the model, three "
               "quarters of it or half of it, as the load allows. Without it: the size of the "
               "model.",
       .kind = OptionKind::kInteger,
       .range = {kInputMultiple, kMaxInputSide},
       .words = {"auto"}},
      imgsz_text,
      set_imgsz};
}

Option<C> precision_option() {
  const OptionInfo info{
      .key = "precision",
      .flag = "--precision",
      .help = "Precision of float models. auto takes the fastest that the processor has.",
      .words = {"f32", "auto"}};
  return {info,
          [](const C& c) -> std::string {
            return c.detector.runtime.precision == Precision::kF32 ? "f32" : "auto";
          },
          [info](C& c, const std::string& text) {
            require_word(info, text);
            c.detector.runtime.precision = text == "f32" ? Precision::kF32 : Precision::kAuto;
          }};
}

Table model_options() {
  using enum TakesEffect;
  return {
      {text_option<C>(
           {.key = "model",
            .flag = "--model",
            .help = "A model file (.safetensors), a checkpoint (.pt), an export (.onnx, .tflite, "
                    ".xml), or an OpenVINO folder of Ultralytics.",
            .noun = "FILE"},
           [](auto& c) -> auto& { return c.detector.model; }),
       kNewModel},
      {text_option<C>(
           {.key = "engine",
            .flag = "--engine",
            .help = "Inference engine: auto, openvino, onnxruntime, tflite, armnn.",
            .noun = "NAME"},
           [](auto& c) -> auto& { return c.detector.engine; }),
       kNewModel},
      {imgsz_option(),
       kNewModel,
       Needs::kAnyPipeline,
       {"imgsz",
        [](const C& c, Controls& to) {
          to.side = c.auto_size || !c.detector.size ? 0 : longer_side(c.detector.size->size);
        },
        [](const Controls& from, C& c) {
          c.auto_size = from.side == 0;
          if (!c.auto_size) c.detector.size = SizeOption{.size = {from.side, from.side}};
        }}},
      {precision_option(), kNewModel},
      {number_option<C>(
           {.key = "threads",
            .flag = "--threads",
            .help = "Threads for inference. 0: one for each core.",
            .range = {0, 1024}},
           [](auto& c) -> auto& { return c.detector.runtime.threads; }),
       kNewModel},
  };
}

// What engines alone know, by their rows. A delegate is a library whose code runs: whoever may write
// the configuration of a running program may not have it loaded.
Option<C> engine_option(const EngineOption& option) {
  const std::string key(option.key);
  return {{.key = key, .flag = "--" + key, .help = std::string(option.help)},
          [key](const C& c) -> std::string {
            const auto& settings = c.detector.runtime.settings;
            const auto at = settings.find(key);
            return at == settings.end() ? "" : at->second;
          },
          [key](C& c, const std::string& text) { c.detector.runtime.settings[key] = text; }};
}

Table engine_options() {
  Table table;
  for (const EngineRow& row : engine_rows()) {
    for (const EngineOption& option : row.options)
      table.push_back({engine_option(option), TakesEffect::kNextStart});
  }
  return table;
}

Option<C> sources_option() {
  return {
      {.key = "sources",
       .flag = "--source",
       .help = "Camera or file: rtsp://…, http://…, /dev/video0, - for standard input, a video "
               "file, a folder of images, or a glob in quotes. Several may be given, with names "
               "as in front=rtsp://….",
       .kind = OptionKind::kList},
      [](const C& c) {
        std::string text;
        for (const CameraSpec& camera : c.cameras)
          text += (text.empty() ? "" : " ") + camera.name + "=" + camera.address;
        return text;
      },
      [](C& c, const std::string& text) { c.cameras.push_back(parse_camera(text)); }};
}

Table source_options() {
  using enum TakesEffect;
  return {
      {sources_option(), kNextCamera},
      {number_option<C>(
          {.flag = "--frames",
           .help = "Stop after so many frames. 0: at the end of a file, and never for a camera.",
           .range = {0, 1e15}},
          [](auto& c) -> auto& { return c.watch.live.max_frames; })},
      {number_option<C>(
           {.flag = "--seconds",
            .help = "Stop so many seconds after the first result. 0: no limit.",
            .range = kFromZero},
           [](auto& c) -> auto& { return c.watch.live.max_seconds; }),
       kNextStart, Needs::kWatch},
      {flag_option<C>(
           {.key = "realtime",
            .flag = "--realtime",
            .help = "Play files at their own frame rate, and drop frames that come too fast."},
           [](auto& c) -> auto& { return c.watch.camera.realtime; }),
       kNextStart, Needs::kWatch},
      {converted_option<C>(
           {.key = "patience",
            .flag = "--patience",
            .help = "Seconds without a frame until a camera is opened again.",
            .range = {0.1, 3600}},
           [](const C& c) {
             return std::chrono::duration<double>(c.watch.camera.stream.patience).count();
           },
           [](C& c, double seconds) {
             c.watch.camera.stream.patience =
                 std::chrono::milliseconds(std::llround(1e3 * seconds));
           }),
       kNextCamera},
      {flag_option<C>(
           {.key = "udp", .flag = "--udp", .help = "Use RTSP over UDP instead of TCP."},
           [](auto& c) -> auto& { return c.watch.camera.stream.udp; }),
       kNextCamera},
      {text_option<C>(
           {.key = "tls-ca",
            .flag = "--tls-ca",
            .help = "File of certificate authorities (PEM) for https:// cameras and an mqtts:// "
                    "broker. Without it: cameras are not checked, and a broker is checked with the "
                    "authorities of the system."},
           [](auto& c) -> auto& { return c.watch.camera.stream.authorities; }),
       kNextCamera},
  };
}

Option<C> skip_option() {
  return {{.key = "skip",
           .flag = "--skip",
           .help = "Frames between two detections. Tracks carry the boxes on. auto: as many as the "
                   "tracks allow.",
           .kind = OptionKind::kInteger,
           .range = {0, 999},
           .words = {"auto"}},
          [](const C& c) {
            return c.watch.skip == kAutoSkip ? "auto" : number_text(double(c.watch.skip));
          },
          [](C& c, const std::string& text) { c.watch.skip = parse_skip(text); }};
}

// Which boxes count, and which frames are looked at.
Table detection_options() {
  using enum TakesEffect;
  return {
      {number_option<C>(
           {.key = "conf",
            .flag = "--conf",
            .help = "Lowest confidence of a detection.",
            .range = kShare},
           [](auto& c) -> auto& { return c.watch.live.decode.score_threshold; }),
       kNextFrame,
       Needs::kAnyPipeline,
       {"confidence",
        [](const C& c, Controls& to) { to.confidence = c.watch.live.decode.score_threshold; },
        [](const Controls& from, C& c) { c.watch.live.decode.score_threshold = from.confidence; }}},
      {number_option<C>(
           {.key = "iou",
            .flag = "--iou",
            .help = "Overlap (IoU) above which the weaker of two boxes is dropped.",
            .range = kShare},
           [](auto& c) -> auto& { return c.watch.live.decode.iou_threshold; }),
       kNextFrame,
       Needs::kAnyPipeline,
       {"iou", [](const C& c, Controls& to) { to.iou = c.watch.live.decode.iou_threshold; },
        [](const Controls& from, C& c) { c.watch.live.decode.iou_threshold = from.iou; }}},
      {number_option<C>(
           {.key = "max-age-ms",
            .flag = "--max-age-ms",
            .help = "Skip frames of cameras that are older than this when their turn comes. 0: no "
                    "limit.",
            .range = {0, 3.6e6}},
           [](auto& c) -> auto& { return c.watch.max_age_ms; }),
       kNextFrame,
       Needs::kAnyPipeline,
       {"max_age_ms", [](const C& c, Controls& to) { to.max_age_ms = c.watch.max_age_ms; },
        [](const Controls& from, C& c) { c.watch.max_age_ms = from.max_age_ms; }}},
      {skip_option(),
       kNextFrame,
       Needs::kWatch,
       {"skip", [](const C& c, Controls& to) { to.skip = c.watch.skip; },
        [](const Controls& from, C& c) { c.watch.skip = from.skip; }}},
  };
}

Table policy_options() {
  using enum TakesEffect;
  return {
      {flag_option<C>(
           {.key = "track",
            .flag = "--track",
            .help = "Give each object a number that it keeps from frame to frame."},
           [](auto& c) -> auto& { return c.watch.attention.track; }),
       kNextCamera, Needs::kWatch},
      {flag_option<C>(
           {.key = "motion-gate",
            .flag = "--motion-gate",
            .help = "Run no detection while nothing moves."},
           [](auto& c) -> auto& { return c.watch.attention.motion_gate; }),
       kNextCamera, Needs::kWatch},
      {number_option<C>(
           {.key = "target-fps",
            .flag = "--target-fps",
            .help = "Results a second of each camera to hold, by skipped frames and, with --imgsz "
                    "auto, by smaller inputs. 0: no goal.",
            .range = {0, 1000}},
           [](auto& c) -> auto& { return c.watch.goals.target_fps; }),
       kNextStart, Needs::kWatch},
      {converted_option<C>(
           {.key = "cpu-budget",
            .flag = "--cpu-budget",
            .help = "Percent of all cores to hold, in the same way. 0: no goal.",
            .range = {0, 100}},
           [](const C& c) { return 100 * c.watch.goals.cpu_share; },
           [](C& c, double percent) { c.watch.goals.cpu_share = percent / 100; }),
       kNextStart, Needs::kWatch},
  };
}

// Files of results.
Table file_options() {
  return {
      {text_option<C>(
          {.key = "save.file",
           .flag = "--save",
           .help = "Annotated video to write, such as out.mp4."},
          [](auto& c) -> auto& { return c.watch.live.save.path; })},
      {number_option<C>(
          {.key = "save.minutes",
           .flag = "--save-minutes",
           .help = "Minutes after which a camera's video goes on in a new file. 0: no limit.",
           .range = kFromZero},
          [](auto& c) -> auto& { return c.watch.live.save.part_minutes; })},
      {number_option<C>(
          {.key = "save.keep",
           .help = "Number of older videos that are kept for each camera.",
           .range = kKept},
          [](auto& c) -> auto& { return c.watch.live.save.keep; })},
      {text_option<C>(
          {.key = "snapshot",
           .flag = "--snapshot",
           .help = "Annotated image (.jpg) of the frame with the most detections."},
          [](auto& c) -> auto& { return c.watch.live.snapshot; })},
      {text_option<C>(
          {.key = "jsonl.file",
           .flag = "--jsonl",
           .help = "File with one line of JSON for each frame. With a stream, --config or "
                   "--jsonl-rotate-mb an existing file is continued, else it is replaced."},
          [](auto& c) -> auto& { return c.watch.live.jsonl.path; })},
      {converted_option<C>(
           {.key = "jsonl.rotate-mb",
            .flag = "--jsonl-rotate-mb",
            .help = "Megabytes after which the lines go on in a new file. 0: no limit.",
            .kind = OptionKind::kInteger,
            .range = kFromZero},
           [](const C& c) {
             return static_cast<double>(c.watch.live.jsonl.rotate_bytes) / kMegabyte;
           },
           [](C& c, double megabytes) {
             c.watch.live.jsonl.rotate_bytes = static_cast<int64_t>(megabytes * kMegabyte);
           }),
       TakesEffect::kNextStart, Needs::kWatch},
      {number_option<C>(
          {.key = "jsonl.keep",
           .help = "Number of older files of lines that are kept.",
           .range = kKept},
          [](auto& c) -> auto& { return c.watch.live.jsonl.keep; })},
      {text_option<C>(
          {.key = "events.folder",
           .help = "Folder for an image of each event in a zone or at a line."},
          [](auto& c) -> auto& { return c.events.folder; })},
      {number_option<C>(
          {.key = "events.keep",
           .help = "Number of images of events that are kept.",
           .range = {1, 1e6}},
          [](auto& c) -> auto& { return c.events.keep; })},
  };
}

Table make_table() {
  Table all;
  for (Table part :
       {model_options(), engine_options(), source_options(), detection_options(), policy_options(),
        pose_options(), file_options(), site_options(), network_options()})
    std::move(part.begin(), part.end(), std::back_inserter(all));
  return all;
}

}  // namespace

const std::vector<LiveOption>& live_options() {
  static const Table table = make_table();
  return table;
}

std::vector<std::string> changed_options(const LiveConfig& a, const LiveConfig& b,
                                         TakesEffect when) {
  std::vector<std::string> names;
  for (const LiveOption& option : live_options()) {
    if (option.takes_effect == when && option.get(a) != option.get(b))
      names.push_back(option.name());
  }
  return names;
}

bool needs_watch(const LiveConfig& config) {
  if (config.auto_size || config.cameras.size() != 1 || is_stream(config.cameras[0].address))
    return true;
  const LiveConfig defaults;
  return std::any_of(live_options().begin(), live_options().end(), [&](const LiveOption& o) {
    return o.needs == Needs::kWatch && o.get(config) != o.get(defaults);
  });
}

}  // namespace octet
