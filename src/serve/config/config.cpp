#include "serve/config/config.h"

#include <yaml-cpp/yaml.h>

#include <map>
#include <set>
#include <utility>
#include <vector>

#include "core/error.h"
#include "core/file.h"
#include "core/text/clean_text.h"
#include "core/yaml/yaml_text.h"
#include "serve/config/live_options.h"

namespace octet {
namespace {

namespace fs = std::filesystem;

constexpr size_t kMostSources = 64;   // each has a thread, a connection and a decoder
constexpr size_t kLongestName = 200;  // bytes, of a camera: a part of topics and file names
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
  void read(const std::string& key, bool& out) {
    const YAML::Node n = scalar(key);
    if (n && !YAML::convert<bool>::decode(n, out))
      wrong(n, fmt::format("{}: true or false is expected", key));
  }
  void read(const std::string& key, const LiveOption& option, LiveConfig& config) {
    const YAML::Node n = scalar(key);
    if (!n) return;
    const bool file = option.kind == OptionKind::kFile || option.kind == OptionKind::kSecret;
    try {
      option.set(config, file ? path(n.Scalar()).string() : n.Scalar());
    } catch (const Error& e) {
      wrong(n, fmt::format("{}: {}", key, e.what()));
    }
  }
  [[nodiscard]] fs::path path(const std::string& text) const {
    return text.empty() || fs::path(text).is_absolute() ? fs::path(text) : folder_ / text;
  }
  [[nodiscard]] Section section(const YAML::Node& node) const { return {node, file_, folder_}; }
  [[nodiscard]] const YAML::Node& node() const { return node_; }

  // Where the key stands in the file.
  [[nodiscard]] YAML::Node key_node(const std::string& key) const {
    for (const auto& entry : node_) {
      if (entry.first.Scalar() == key) return entry.first;
    }
    return node_;
  }

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
    section.wrong(node, "a point is expected: [x, y], shares of the image from 0 to 1");
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
    out.zones.push_back({.name = clean_text(entry.first.Scalar()),
                         .corners = read_points(zone, 3, kMostCorners),
                         .classes = read_classes(zone)});
    zone.read("motion", out.zones.back().motion);
    zone.read("hide", out.zones.back().hide);
    zone.done();
  }
  Section lines = camera.section(camera.find("lines"));
  for (const auto& entry : lines.node()) {
    Section line = lines.section(entry.second);
    const auto points = read_points(line, 2, 2);
    if (points[0] == points[1]) line.wrong(entry.second, "the two points of a line are one");
    out.lines.push_back({.name = clean_text(entry.first.Scalar()),
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
  if (sources.node().size() == 0)
    root.wrong(root.key_node("sources"),
               "'sources' names no camera; write your address below it, as in "
               "'  yard: rtsp://camera/stream', without # in front");
  for (const auto& entry : sources.node()) {
    CameraSpec spec{.name = clean_text(entry.first.Scalar())};
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

// Every option that has a key; "http.address" is 'address' in the section 'http'.
void read_options(Section& root, LiveConfig& config) {
  root.require("model");
  std::map<std::string, Section> sections;
  for (const LiveOption& option : live_options()) {
    if (option.key.empty() || option.kind == OptionKind::kList) continue;
    const size_t dot = option.key.find('.');
    if (dot == std::string::npos) {
      root.read(option.key, option, config);
      continue;
    }
    const std::string name = option.key.substr(0, dot);
    const auto at = sections.try_emplace(name, root.section(root.find(name))).first;
    at->second.read(option.key.substr(dot + 1), option, config);
  }
  for (auto& [name, section] : sections) section.done();
}

// Whether writing `path` would take the place of `original`, a file or a picture of a folder.
bool would_overwrite(const fs::path& path, const fs::path& original) {
  std::error_code missing;
  if (path.empty()) return false;
  if (!fs::is_directory(original, missing)) return fs::equivalent(path, original, missing);
  const fs::path folder = path.has_parent_path() ? path.parent_path() : fs::path(".");
  return fs::is_regular_file(path, missing) && fs::equivalent(folder, original, missing);
}

}  // namespace

LiveConfig parse_live_config(const std::string& text, const std::string& name,
                             const fs::path& folder) {
  LiveConfig config;
  try {
    Section root(load_yaml(text, name), name, folder);
    read_options(root, config);
    read_cameras(root, config);
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
  config.watch.live.jsonl.endless = true;  // a service, which may be started again at any time
  return config;
}

void require_other_files(const LiveConfig& config) {
  const LiveOptions& live = config.watch.live;
  std::vector<fs::path> originals{config.detector.model, config.pose};
  for (const CameraSpec& spec : config.cameras) {
    if (!is_stream(spec.address)) originals.emplace_back(spec.address);
  }
  const std::pair<const char*, fs::path> written[] = {{"--save", live.save.path},
                                                      {"--jsonl", live.jsonl.path},
                                                      {"--snapshot", live.snapshot},
                                                      {"--drift", config.site.drift}};
  for (const auto& [option, path] : written) {
    for (const fs::path& original : originals) {
      if (would_overwrite(path, original))
        fail_usage("{} {}: {} would be overwritten; name another file", option, path.string(),
                   original.string());
    }
  }
}

void complete(LiveConfig& config) {
  std::set<std::string> names;
  bool regions = false, streams = false;
  if (config.cameras.size() > kMostSources)
    fail_usage("--source: {} are too many; {} at most are watched by one program",
               config.cameras.size(), kMostSources);
  for (const CameraSpec& spec : config.cameras) {
    if (spec.name.size() > kLongestName)
      fail_usage("--source {}…: a name of {} bytes is too long; {} at most",
                 spec.name.substr(0, 20), spec.name.size(), kLongestName);
    if (!names.insert(spec.name).second)
      fail_usage("--source: two are called '{}'; give them names, as in front={}", spec.name,
                 spec.name);
    streams = streams || is_stream(spec.address);
    regions = regions || !spec.regions.empty();
  }
  if (!config.mqtt.discovery.empty() && config.mqtt.host.empty())
    fail_usage("--mqtt-discovery: it needs a broker; give --mqtt ADDRESS");
  require_other_files(config);
  WatchOptions& watch = config.watch;
  if (config.pose.empty() && watch.people != PeopleOptions{})
    fail_usage("--max-people, --pose-budget, --pose-smooth: they need a network; give --pose NET");
  if (config.cameras.size() > 1 && !watch.live.save.path.empty())
    fail_usage("--save: a video shows one source; name one");
  watch.live.save.endless = watch.live.jsonl.endless = streams;
  watch.camera.complete = !watch.camera.realtime && !streams;
  Goals& goals = watch.goals;
  if (config.auto_size && !goals.any()) goals.cpu_share = kBusy;
  if (goals.any()) goals.age_ms = static_cast<double>(watch.max_age_ms);
  FramePolicyOptions& attention = watch.attention;
  attention.track =
      attention.track || watch.skip != 0 || attention.motion_gate || regions || goals.any();
}

}  // namespace octet
