#include "live/sink/sinks.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstring>
#include <fstream>
#include <nlohmann/json.hpp>
#include <utility>

#include "core/error.h"
#include "core/file.h"
#include "core/text/json_text.h"
#include "media/image/image_io.h"
#include "vision/detections_json.h"

namespace octet {

namespace {

constexpr int kLineSchema = 1;  // another number where a key of a line means something else

// What is left of a line that was not written to its end.
void drop_broken_line(const std::filesystem::path& path) {
  std::error_code missing;
  if (std::filesystem::file_size(path, missing) == 0 || missing) return;
  std::ifstream file(path, std::ios::binary | std::ios::ate);
  auto end = static_cast<int64_t>(file.tellg());
  for (char c = 0; end > 0; --end) {
    file.seekg(end - 1);
    if (!file.get(c) || c == '\n') break;
  }
  std::filesystem::resize_file(path, static_cast<uintmax_t>(end));
}

}  // namespace

nlohmann::ordered_json to_json(const RegionSpec& spec, const RegionCounts& counts) {
  auto j = nlohmann::ordered_json::object();
  for (size_t i = 0; i < counts.zones.size(); ++i) {
    j["zones"][spec.zones[i].name] = {{"inside", counts.zones[i].inside},
                                      {"entered", counts.zones[i].entered}};
  }
  for (size_t i = 0; i < counts.lines.size(); ++i) {
    j["lines"][spec.lines[i].name] = {{"to_right", counts.lines[i].to_right},
                                      {"to_left", counts.lines[i].to_left}};
  }
  return j;
}

nlohmann::ordered_json to_json(const StreamResult& r) {
  nlohmann::ordered_json j{
      {"schema", kLineSchema},
      {"source", r.camera},
      {"frame", r.frame},
      {"time_ms", std::round(1e6 * r.seconds) / 1e3},
      {"captured", r.captured},
      {"age_ms", r.age_ms},
      {"by", decision_name(r.look)},
      {"skipped", {{"newer_frame", r.skipped_newer}, {"too_old", r.skipped_old}}},
      {"detections", to_json(r.detections, *r.class_names)}};
  if (r.regions) j.update(to_json(*r.regions, r.counts));
  for (const RegionEvent& e : r.events) {
    j["events"].push_back({{"event", event_name(e.kind)},
                           {"region", e.region},
                           {"name", e.class_name},
                           {"track", e.track}});
  }
  return j;
}

JsonLines::JsonLines(const JsonLinesOptions& options) : options_(options) {
  if (continues()) drop_broken_line(options_.path);
  open();
}

JsonLines::~JsonLines() {
  if (fd_ >= 0) ::close(fd_);
}

void JsonLines::open() {
  fd_ = open_to_write(options_.path, O_CREAT | O_APPEND | (continues() ? 0 : O_TRUNC));
  bytes_ = std::max<int64_t>(0, ::lseek(fd_, 0, SEEK_END));
}

void JsonLines::begin_anew() {
  rotate_files(options_.path, options_.keep);
  ::close(std::exchange(fd_, -1));
  open();
}

void JsonLines::write(const StreamResult& result) { write_line(dump_json(to_json(result)) + "\n"); }

void JsonLines::write_line(const std::string& line) {
  if (fd_ < 0) open();  // it could not be begun anew the last time
  const auto size = static_cast<int64_t>(line.size());
  if (options_.rotate_bytes > 0 && bytes_ > 0 && bytes_ + size > options_.rotate_bytes)
    begin_anew();
  const ssize_t written = ::write(fd_, line.data(), line.size());
  if (written == size) {
    bytes_ += size;
    return;
  }
  const int reason = written < 0 ? errno : ENOSPC;  // the beginning of it had room
  [[maybe_unused]] const int restored = bytes_ >= 0 ? ::ftruncate(fd_, bytes_) : -1;
  fail("{}: cannot be written: {}", options_.path.string(), std::strerror(reason));
}

Pictures::Pictures(Options options) : snapshot_(std::move(options.snapshot)) {
  if (!options.video.path.empty()) recording_.emplace(options.video, options.fps);
}

void Pictures::add(Image image, const Detections& detections, double seconds, int64_t camera) {
  if (recording_) recording_->add(image, seconds, camera);
  double score = 0;
  for (const Detection& d : detections.items) score += d.confidence;
  if (!snapshot_.empty() && score > best_score_) {
    best_score_ = score;
    best_ = std::move(image);
  }
}

void Pictures::finish() {
  if (recording_) recording_->finish();
  if (best_score_ >= 0) write_jpeg(snapshot_, best_);
}

}  // namespace octet
