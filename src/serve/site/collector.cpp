#include "serve/site/collector.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <nlohmann/json.hpp>

#include "core/error.h"
#include "core/file.h"
#include "core/folder.h"
#include "core/text/clean_text.h"
#include "core/text/json_text.h"
#include "media/image/image_io.h"

namespace octet {
namespace {
namespace fs = std::filesystem;

constexpr double kCertain = 0.6, kUncertain = 0.4;  // confidences
constexpr double kLeastPause = 30, kUsualPause = 3600, kDaySeconds = 86400;
constexpr size_t kBehind = 2;
constexpr size_t kDigits = 6, kMostDigits = 12, kLongestCamera = 100;  // of a name
constexpr std::string_view kReasons[] = {"changed", "lost", "uncertain", "usual"};

// The number of an image that this class wrote: NUMBER-CAMERA-REASON. 0: it is another.
int64_t number_of(const std::string& name) {
  const size_t end = name.find('-'), reason = name.rfind('-');
  if (end == std::string::npos || end < kDigits || end > kMostDigits || reason == end) return 0;
  const std::string_view last = std::string_view(name).substr(reason + 1);
  if (std::find(std::begin(kReasons), std::end(kReasons), last) == std::end(kReasons)) return 0;
  const bool digits = std::all_of(name.begin(), name.begin() + static_cast<std::ptrdiff_t>(end),
                                  [](char c) { return c >= '0' && c <= '9'; });
  return digits ? std::atoll(name.c_str()) : 0;
}

int64_t size_of(const fs::path& file) {
  std::error_code gone;
  const auto bytes = fs::file_size(file, gone);
  return gone ? 0 : static_cast<int64_t>(bytes);
}

bool is_hidden(const RegionSpec& regions, Point point) {
  return std::any_of(regions.zones.begin(), regions.zones.end(),
                     [&](const Zone& zone) { return zone.hide && contains(zone.corners, point); });
}

// Zones that stay private become black.
void hide(Image& image, const RegionSpec& regions) {
  const bool any = std::any_of(regions.zones.begin(), regions.zones.end(),
                               [](const Zone& zone) { return zone.hide; });
  for (int y = 0; any && y < image.height; ++y) {
    for (int x = 0; x < image.width; ++x) {
      if (is_hidden(regions, {(static_cast<float>(x) + 0.5F) / static_cast<float>(image.width),
                              (static_cast<float>(y) + 0.5F) / static_cast<float>(image.height)}))
        std::fill_n(&image.rgb[(static_cast<size_t>(y) * image.width + x) * 3], 3, uint8_t{0});
    }
  }
}

std::string data_text(const StreamResult& result) {
  std::string text =
      "# Images that octet live collected, with its detections as labels. Correct the labels "
      "before you train with them, and name images of their own for val.\ntrain: images\n";
  const int keypoints = result.top_down ? 0 : result.detections.keypoints_per_object;
  if (keypoints > 0) text += fmt::format("kpt_shape: [{}, 3]\n", keypoints);
  text += "names:\n";
  for (size_t i = 0; i < result.class_names->size(); ++i)
    text += fmt::format("  {}: {}\n", i, dump_json(nlohmann::json((*result.class_names)[i])));
  return text;
}

// Without comments and without the parts, which somebody may have changed.
std::string names_in(const std::string& data) {
  const size_t names = data.find("names:");
  return names == std::string::npos ? "" : data.substr(names);
}

}  // namespace

std::string_view reason_name(CollectReason reason) { return kReasons[static_cast<size_t>(reason)]; }

std::optional<CollectReason> CollectPolicy::look(const Detections& detections, bool changed,
                                                 double seconds, double pause) {
  int certain = 0;
  bool uncertain = false;
  for (const Detection& d : detections.items) {
    certain += d.confidence >= kCertain;
    uncertain = uncertain || d.confidence < kUncertain;
  }
  const bool lost = certain < certain_;
  certain_ = certain;
  if (!last_) last_ = seconds;  // a program that starts again and again keeps nothing
  const double since = seconds - *last_;
  std::optional<CollectReason> reason;
  if (since < pause) return reason;
  if (since >= std::max(pause, kUsualPause)) reason = CollectReason::kUsual;
  if (uncertain) reason = CollectReason::kUncertain;
  if (lost) reason = CollectReason::kLost;
  if (changed) reason = CollectReason::kChanged;
  if (reason) last_ = seconds;
  return reason;
}

std::string label_text(const Detections& detections, Size picture, const RegionSpec& regions) {
  std::string text;
  const double w = picture.width, h = picture.height;
  for (size_t i = 0; i < detections.items.size(); ++i) {
    const Detection& d = detections.items[i];
    const double x = (d.box.x1 + d.box.x2) / 2 / w, y = (d.box.y1 + d.box.y2) / 2 / h;
    if (is_hidden(regions, {static_cast<float>(x), static_cast<float>(y)})) continue;
    text += fmt::format("{} {:.5f} {:.5f} {:.5f} {:.5f}", d.class_index, x, y,
                        (d.box.x2 - d.box.x1) / w, (d.box.y2 - d.box.y1) / h);
    for (const Keypoint& point : detections.keypoints_of(i))
      text += fmt::format(" {:.5f} {:.5f} {}", std::clamp(point.x / w, 0.0, 1.0),
                          std::clamp(point.y / h, 0.0, 1.0), point.confidence >= 0.5F ? 2 : 1);
    text += '\n';
  }
  return text;
}

Collector::Collector(const CollectOptions& options)
    : options_(options), writer_("collect", kBehind, [this](Kept& k) { write(k); }) {
  for (const char* part : {"images", "labels"}) {
    make_folder(options_.folder / part);
    require_room(options_.folder / part, 0);
  }
  for (const fs::path& file : list_folder(options_.folder / "images")) {
    const std::string name = file.stem().string();
    if (number_of(name) == 0 || file.extension() != ".jpg") continue;
    entries_.push_back({name, size_of(file) + size_of(label_file(name))});
    bytes_ += entries_.back().bytes;
  }
  std::sort(entries_.begin(), entries_.end(),
            [](const Entry& a, const Entry& b) { return number_of(a.name) < number_of(b.name); });
  if (!entries_.empty()) number_ = number_of(entries_.back().name);
}

bool Collector::within_day() {
  const auto now = Clock::now();
  if (std::chrono::duration<double>(now - day_began_).count() > kDaySeconds) {
    day_began_ = now;
    today_ = 0;
  }
  return today_ < options_.per_day;
}

// So that the images of a day are spread over it.
double Collector::pause() const {
  return std::max(kLeastPause, kDaySeconds * static_cast<double>(policies_.size()) /
                                   static_cast<double>(options_.per_day));
}

fs::path Collector::image_file(const std::string& name) const {
  return options_.folder / "images" / (name + ".jpg");
}
fs::path Collector::label_file(const std::string& name) const {
  return options_.folder / "labels" / (name + ".txt");
}

void Collector::add(const SharedResult& result, const Picture& picture, bool changed) {
  if (result->look != FrameDecision::kDetect || !within_day()) return;
  CollectPolicy& policy = policies_[result->camera];
  const double now = std::chrono::duration<double>(picture.captured.time_since_epoch()).count();
  const auto reason = policy.look(result->detections, changed, now, pause());
  if (!reason) return;
  ++today_;
  writer_.offer({picture.share(), result, *reason});
}

// The labels are there before the image: without them it would count as one without objects.
void Collector::write(const Kept& kept) {
  const StreamResult& r = *kept.result;
  describe(r);
  const RegionSpec regions = r.regions ? *r.regions : RegionSpec{};
  Image image = kept.picture.to_rgb();
  hide(image, regions);
  make_room();
  const std::string name = new_name(r.camera, kept.reason);
  Detections labels = r.detections;
  if (r.top_down) labels.reset_keypoints(0);  // the model does not learn them
  try {
    write_text_file(label_file(name), label_text(labels, image.size(), regions));
    write_jpeg(image_file(name), image);
  } catch (...) {
    std::error_code gone;
    fs::remove(label_file(name), gone);
    throw;
  }
  entries_.push_back({name, size_of(image_file(name)) + size_of(label_file(name))});
  bytes_ += entries_.back().bytes;
}

// Its file of labels is there afterwards, so that no other process takes the same name.
std::string Collector::new_name(const std::string& camera, CollectReason reason) {
  const std::string rest = fmt::format(
      "{}-{}", clean_text(escaped_name(camera).substr(0, kLongestCamera)), reason_name(reason));
  for (;;) {
    std::string name = fmt::format("{:06}-{}", ++number_, rest);
    const fs::path labels = label_file(name);
    const int fd = ::open(labels.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    const int reason_of_failure = errno;
    if (fd >= 0) ::close(fd);
    if (fd >= 0) return name;
    if (reason_of_failure != EEXIST)
      fail("{}: cannot be written: {}", labels.string(), std::strerror(reason_of_failure));
  }
}

// The oldest goes for the next one.
void Collector::make_room() {
  while (!entries_.empty() &&
         (entries_.size() >= static_cast<size_t>(options_.keep) || bytes_ >= options_.max_bytes)) {
    std::error_code gone;  // somebody else removed it
    fs::remove(image_file(entries_.front().name), gone);
    fs::remove(label_file(entries_.front().name), gone);
    bytes_ -= entries_.front().bytes;
    entries_.pop_front();
  }
}

// So that the folder is a dataset. Labels of two models would mean different classes.
void Collector::describe(const StreamResult& result) {
  const std::string text = data_text(result);
  if (text == described_) return;
  const fs::path file = options_.folder / "data.yaml";
  if (!fs::exists(file)) {
    write_text_file(file, text);
  } else if (names_in(read_text_file(file)) != names_in(text)) {
    fail("{}: has images of a model with other classes; name another folder",
         options_.folder.string());
  }
  described_ = text;
}

}  // namespace octet
