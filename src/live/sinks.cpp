#include "live/sinks.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <nlohmann/json.hpp>
#include <utility>

#include "core/error.h"
#include "media/image_io.h"
#include "vision/detections_json.h"
#include "vision/draw.h"

namespace octet {

JsonLines::JsonLines(const std::filesystem::path& path)
    : path_(path), fd_(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644)) {
  if (fd_ < 0) fail("{}: cannot be written: {}", path.string(), std::strerror(errno));
}

JsonLines::~JsonLines() { ::close(fd_); }

void JsonLines::write(int64_t frame, double time_ms, const Detections& detections,
                      const std::vector<std::string>& class_names) {
  const nlohmann::ordered_json j{
      {"frame", frame}, {"time_ms", time_ms}, {"detections", to_json(detections, class_names)}};
  write_line(j.dump() + "\n");
}

void JsonLines::write(const StreamResult& r, const std::vector<std::string>& class_names) {
  const nlohmann::ordered_json j{
      {"source", r.camera},
      {"frame", r.frame},
      {"captured", r.captured},
      {"age_ms", r.age_ms},
      {"by", look_name(r.look)},
      {"skipped", {{"newer_frame", r.skipped_newer}, {"too_old", r.skipped_old}}},
      {"detections", to_json(r.detections, class_names)}};
  write_line(j.dump() + "\n");
}

void JsonLines::write_line(const std::string& line) {
  const off_t before = ::lseek(fd_, 0, SEEK_END);
  if (::write(fd_, line.data(), line.size()) != static_cast<ssize_t>(line.size())) {
    const int reason = errno;
    [[maybe_unused]] const int restored = before >= 0 ? ::ftruncate(fd_, before) : -1;
    fail("{}: cannot be written: {}", path_.string(), std::strerror(reason));
  }
}

void Pictures::add(Image image, const Detections& detections,
                   const std::vector<std::string>& class_names, double seconds) {
  draw_detections(image, detections, class_names);
  if (!options_.video.empty()) {
    if (!writer_) {
      size_ = image.size();
      writer_.emplace(options_.video, size_, options_.fps);
    }
    if (image.size() != size_)
      fail("{}: a frame of {} follows frames of {}; a video has one size", options_.video.string(),
           to_string(image.size()), to_string(size_));
    writer_->write_at(image, seconds);
  }
  double score = 0;
  for (const Detection& d : detections.items) score += d.confidence;
  if (!options_.snapshot.empty() && score > best_score_) {
    best_score_ = score;
    best_ = std::move(image);
  }
}

void Pictures::finish() {
  if (writer_) writer_->finish();
  if (best_score_ >= 0) write_jpeg(options_.snapshot, best_);
}

}  // namespace octet
