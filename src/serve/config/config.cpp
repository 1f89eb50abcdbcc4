#include "serve/config/config.h"

#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <cctype>
#include <cmath>
#include <set>
#include <utility>

#include "core/error.h"
#include "core/file.h"
#include "core/text/yaml_text.h"
#include "engine/registry.h"
#include "live/ranges.h"

namespace octet {
namespace {

namespace fs = std::filesystem;

constexpr int kAutoSides[] = {640, 480, 320};
constexpr double kBusy = 0.9;  // share of the processor above which a machine does not keep up

// A map of the file, whose keys are asked for one by one; one that nobody asked for is an error.
class Section {
 public:
  Section(const YAML::Node& node, const std::string& file, const fs::path& folder)
      : node_(node), file_(file), folder_(folder) {
    if (!node_.IsDefined() || node_.IsNull()) return;
    if (!node_.IsMap()) wrong(node_, "names and values are expected here, as in 'conf: 0.25'");
    std::set<std::string> seen;
    for (const auto& entry : node_) {
      if (!entry.first.IsScalar()) wrong(entry.first, "a name is expected");
      if (!seen.insert(entry.first.Scalar()).second)
        wrong(entry.first, fmt::format("'{}' is there twice", entry.first.Scalar()));
    }
  }

  [[noreturn]] void wrong(const YAML::Node& at, const std::string& what) const {
    fail("{}: line {}: {}", file_, at.Mark().line + 1, what);
  }

  YAML::Node find(const std::string& key) {
    known_.insert(key);
    return node_.IsDefined() && node_.IsMap() ? std::as_const(node_)[key]
                                              : YAML::Node(YAML::NodeType::Undefined);
  }
  void read(const std::string& key, std::string& out) {
    if (const YAML::Node n = scalar(key)) out = n.Scalar();
  }
  void read(const std::string& key, fs::path& out) {
    if (const YAML::Node n = scalar(key)) out = path(n.Scalar());
  }
  void read(const std::string& key, bool& out) {
    const YAML::Node n = scalar(key);
    if (n && !YAML::convert<bool>::decode(n, out))
      wrong(n, fmt::format("{}: true or false is expected", key));
  }
  template <typename Number>
  void read(const std::string& key, Number& out, Range range) {
    const YAML::Node n = scalar(key);
    if (!n) return;
    double value = 0;
    if (!YAML::convert<double>::decode(n, value) || !range.holds(value) ||
        (std::is_integral_v<Number> && value != std::floor(value)))
      wrong(n, fmt::format("{}: {}", key, expectation(range)));
    out = static_cast<Number>(value);
  }
  // Anything that parses a text; what it throws is given this place.
  template <typename Parse>
  void read_as(const std::string& key, Parse parse) {
    const YAML::Node n = scalar(key);
    if (!n) return;
    try {
      parse(n.Scalar());
    } catch (const Error& e) {
      wrong(n, fmt::format("{}: {}", key, e.what()));
    }
  }
  [[nodiscard]] fs::path path(const std::string& text) const {
    return text.empty() || fs::path(text).is_absolute() ? fs::path(text) : folder_ / text;
  }
  [[nodiscard]] Section section(const YAML::Node& node) const { return {node, file_, folder_}; }
  [[nodiscard]] const YAML::Node& node() const { return node_; }

  void require(const std::string& key) {
    if (!find(key)) wrong(node_, fmt::format("'{}' is missing", key));
  }
  // After all keys were asked for.
  void done() const {
    for (const auto& entry : node_) {
      const std::string key = entry.first.Scalar();
      if (!known_.contains(key))
        wrong(entry.first,
              fmt::format("'{}' is not known here; there are {}", key, fmt::join(known_, ", ")));
    }
  }

 private:
  YAML::Node scalar(const std::string& key) {
    const YAML::Node n = find(key);
    if (n && !n.IsScalar()) wrong(n, fmt::format("{}: one value is expected", key));
    return n;
  }

  YAML::Node node_;
  std::string file_;
  fs::path folder_;
  std::set<std::string> known_;
};

Point read_point(const Section& section, const YAML::Node& node) {
  Point p;
  if (!node.IsSequence() || node.size() != 2 || !YAML::convert<float>::decode(node[0], p.x) ||
      !YAML::convert<float>::decode(node[1], p.y) ||
      !(p.x >= 0 && p.x <= 1 && p.y >= 0 && p.y <= 1))
    section.wrong(node, "a point is expected: [x, y], shares of the picture from 0 to 1");
  return p;
}

std::vector<Point> read_points(Section& section, size_t least, size_t most) {
  section.require("points");
  const YAML::Node node = section.find("points");
  if (!node.IsSequence() || node.size() < least || node.size() > most)
    section.wrong(node, least == most ? fmt::format("points: {} are expected", least)
                                      : fmt::format("points: {} or more are expected", least));
  std::vector<Point> points;
  for (const auto& p : node) points.push_back(read_point(section, p));
  return points;
}

std::vector<std::string> read_classes(Section& section) {
  std::vector<std::string> out;
  const YAML::Node node = section.find("classes");
  if (node && !node.IsSequence()) section.wrong(node, "classes: a list of names is expected");
  for (const auto& name : node) out.push_back(name.as<std::string>());
  return out;
}

RegionSpec read_regions(Section& camera) {
  RegionSpec out;
  constexpr size_t kMostCorners = 100;
  Section zones = camera.section(camera.find("zones"));
  for (const auto& entry : zones.node()) {
    Section zone = zones.section(entry.second);
    out.zones.push_back({.name = entry.first.Scalar(),
                         .corners = read_points(zone, 3, kMostCorners),
                         .classes = read_classes(zone)});
    zone.read("motion", out.zones.back().motion);
    zone.done();
  }
  Section lines = camera.section(camera.find("lines"));
  for (const auto& entry : lines.node()) {
    Section line = lines.section(entry.second);
    const auto points = read_points(line, 2, 2);
    if (points[0] == points[1]) line.wrong(entry.second, "the two points of a line are one");
    out.lines.push_back({.name = entry.first.Scalar(),
                         .from = points[0],
                         .to = points[1],
                         .classes = read_classes(line)});
    line.done();
  }
  return out;
}

// A file among them counts from the configuration's folder.
std::string address_of(const Section& section, const std::string& text) {
  return is_stream(text) ? text : section.path(text).string();
}

void read_cameras(Section& root, LiveConfig& config) {
  root.require("sources");
  Section sources = root.section(root.find("sources"));
  if (sources.node().size() == 0) root.wrong(root.node(), "sources: none is named");
  for (const auto& entry : sources.node()) {
    CameraSpec spec{.name = entry.first.Scalar()};
    if (entry.second.IsScalar()) {
      spec.address = address_of(sources, entry.second.Scalar());
    } else {
      Section camera = sources.section(entry.second);
      camera.require("address");
      std::string address;
      camera.read("address", address);
      spec.address = address_of(camera, address);
      spec.regions = read_regions(camera);
      camera.done();
    }
    config.cameras.push_back(std::move(spec));
  }
}

void read_detector(Section& root, LiveConfig& config) {
  DetectorOptions& detector = config.detector;
  root.require("model");
  root.read("model", detector.model);
  root.read("engine", detector.engine);
  root.read_as("imgsz", [&](const std::string& text) {
    config.auto_size = text == "auto";
    if (!config.auto_size) detector.size = SizeOption::parse(text);
  });
  root.read("threads", detector.runtime.threads, {0, 1024});
  for (const EngineRow& row : engine_rows()) {
    for (const EngineOption& option : row.options) {
      const std::string key(option.key);
      root.read(key, detector.runtime.settings[key]);
    }
  }
  root.read_as("precision", [&](const std::string& text) {
    if (text != "f32" && text != "auto") fail("f32 or auto is expected");
    detector.runtime.precision = text == "f32" ? Precision::kF32 : Precision::kAuto;
  });
}

void read_watch(Section& root, WatchOptions& watch) {
  root.read("conf", watch.live.decode.score_threshold, kShareRange);
  root.read("iou", watch.live.decode.iou_threshold, kShareRange);
  root.read("max-age-ms", watch.max_age_ms, kMaxAgeRange);
  root.read("realtime", watch.camera.realtime);
  root.read("udp", watch.camera.stream.udp);
  double patience = 10;
  root.read("patience", patience, kPatienceRange);
  watch.camera.stream.patience = std::chrono::milliseconds(std::llround(1e3 * patience));
  root.read("track", watch.attention.track);
  root.read("motion-gate", watch.attention.motion_gate);
  root.read_as("skip", [&](const std::string& t) { watch.skip = parse_skip(t); });
  root.read("target-fps", watch.goals.target_fps, kRateRange);
  double percent = 0;
  root.read("cpu-budget", percent, kPercentRange);
  watch.goals.cpu_share = percent / 100;
}

void read_sinks(Section& root, LiveConfig& config) {
  Section http = root.section(root.find("http"));
  http.read("address", config.http.address);
  http.read("open", config.http.open);
  http.read_as("token",
               [&](const std::string& t) { config.http.token = read_secret(http.path(t)); });
  http.done();
  Section mqtt = root.section(root.find("mqtt"));
  mqtt.read_as("address", [&](const std::string& t) { config.mqtt = parse_mqtt(t); });
  mqtt.read_as("password",
               [&](const std::string& t) { config.mqtt.password = read_secret(mqtt.path(t)); });
  mqtt.done();
  Section lines = root.section(root.find("jsonl"));
  lines.read("file", config.watch.live.jsonl.path);
  int64_t megabytes = 100;
  lines.read("rotate-mb", megabytes, kMegabytesRange);
  config.watch.live.jsonl.rotate_bytes = megabytes * 1'000'000;
  lines.read("keep", config.watch.live.jsonl.keep, {1, 1000});
  lines.done();
  Section save = root.section(root.find("save"));
  RecordingOptions& video = config.watch.live.save;
  save.read("file", video.path);
  save.read("minutes", video.part_minutes, kMinutesRange);
  save.read("keep", video.keep, {1, 1000});
  save.done();
  Section events = root.section(root.find("events"));
  events.read("folder", config.events.folder);
  events.read("keep", config.events.keep, {1, 1e6});
  events.done();
}

}  // namespace

LiveConfig parse_live_config(const std::string& text, const std::string& name,
                             const fs::path& folder) {
  LiveConfig config;
  try {
    Section root(load_yaml(text, name), name, folder);
    read_detector(root, config);
    read_cameras(root, config);
    read_watch(root, config.watch);
    read_sinks(root, config);
    root.done();
  } catch (const YAML::Exception& e) {
    fail("{}: line {}: {}", name, e.mark.line + 1, e.msg);
  }
  return config;
}

LiveConfig read_live_config(const fs::path& file) {
  LiveConfig config =
      parse_live_config(read_text_file(file), file.string(), fs::absolute(file).parent_path());
  complete(config);
  return config;
}

CameraSpec parse_camera(const std::string& text) {
  const size_t equals = text.find('=');
  const auto is_name = [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '-' || c == '_';
  };
  const bool named =
      equals != std::string::npos && equals > 0 && !fs::exists(text) &&
      std::all_of(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(equals), is_name);
  if (!named) return {.name = public_address(text), .address = text};
  return {.name = text.substr(0, equals), .address = text.substr(equals + 1)};
}

int parse_skip(const std::string& text) {
  if (text == "auto") return kAutoSkip;
  if (text.empty() || text.size() > 3 || text.find_first_not_of("0123456789") != std::string::npos)
    fail_usage("a number below 1000 or auto is expected");
  return std::stoi(text);
}

std::string read_secret(const fs::path& file) {
  const std::string text = read_text_file(file);
  return text.substr(0, text.find_first_of("\r\n"));
}

void complete(LiveConfig& config) {
  std::set<std::string> names;
  bool regions = false, streams = false;
  for (const CameraSpec& spec : config.cameras) {
    if (!names.insert(spec.name).second)
      fail_usage("--source: two are called '{}'; give them names, as in front={}", spec.name,
                 spec.name);
    streams = streams || is_stream(spec.address);
    regions = regions || !spec.regions.empty();
    if (!is_stream(spec.address)) (void)open_source(spec.address);  // says now what is wrong
  }
  WatchOptions& watch = config.watch;
  if (config.cameras.size() > 1 && !watch.live.save.path.empty())
    fail_usage("--save: a video shows one source; name one");
  watch.live.save.endless = streams;
  watch.camera.complete = !watch.camera.realtime && !streams;
  Goals& goals = watch.goals;
  if (config.auto_size && !goals.any()) goals.cpu_share = kBusy;
  if (goals.any()) goals.age_ms = static_cast<double>(watch.max_age_ms);
  FramePolicyOptions& attention = watch.attention;
  attention.track =
      attention.track || watch.skip != 0 || attention.motion_gate || regions || goals.any();
}

Detectors make_detectors(const LiveConfig& config, Size camera) {
  DetectorOptions options = config.detector;
  options.source = camera;
  options.runtime.parallel = 1;
  if (!config.auto_size) return only(std::make_unique<Detector>(options));
  Detectors detectors;
  for (const int side : kAutoSides) {
    options.size = SizeOption{.size = {side, side}};
    detectors.push_back(std::make_unique<Detector>(options));
  }
  return detectors;
}

}  // namespace octet
