#include "serve/site/collector.h"

#include <algorithm>
#include <cstdlib>
#include <nlohmann/json.hpp>

#include "core/error.h"
#include "core/file.h"
#include "core/text/clean_text.h"
#include "core/text/json_text.h"
#include "media/image/image_io.h"

namespace octet {
namespace {
namespace fs = std::filesystem;

constexpr double kCertain = 0.6, kUncertain = 0.4;  // confidences
constexpr double kPause = 30, kUsualPause = 3600;   // seconds between two pictures of a camera
constexpr std::chrono::hours kDay{24};
constexpr size_t kBehind = 2;
constexpr size_t kDigits = 6, kLongestCamera = 100;  // of a name

// The number that a name begins with; 0: it is not one of ours.
int64_t number_of(const std::string& name) {
  const size_t end = name.find('-');
  if (end == std::string::npos || end < kDigits || end > 12) return 0;
  const bool digits = std::all_of(name.begin(), name.begin() + static_cast<std::ptrdiff_t>(end),
                                  [](char c) { return c >= '0' && c <= '9'; });
  return digits ? std::atoll(name.c_str()) : 0;
}

// Zones that stay private become black.
void hide(Image& image, const RegionSpec& regions, const std::vector<std::string>& names) {
  for (const Zone& zone : regions.zones) {
    if (std::find(names.begin(), names.end(), zone.name) == names.end()) continue;
    for (int y = 0; y < image.height; ++y) {
      for (int x = 0; x < image.width; ++x) {
        const Point point{(static_cast<float>(x) + 0.5F) / static_cast<float>(image.width),
                          (static_cast<float>(y) + 0.5F) / static_cast<float>(image.height)};
        if (contains(zone.corners, point))
          std::fill_n(&image.rgb[(static_cast<size_t>(y) * image.width + x) * 3], 3, uint8_t{0});
      }
    }
  }
}

}  // namespace

const char* reason_name(CollectReason reason) {
  switch (reason) {
    case CollectReason::kUncertain:
      return "uncertain";
    case CollectReason::kLost:
      return "lost";
    case CollectReason::kChanged:
      return "changed";
    case CollectReason::kUsual:
    case CollectReason::kNone:
      break;
  }
  return "usual";
}

CollectReason CollectPolicy::look(const Detections& detections, bool changed, double seconds) {
  int certain = 0;
  bool uncertain = false;
  for (const Detection& d : detections.items) {
    certain += d.confidence >= kCertain;
    uncertain = uncertain || d.confidence < kUncertain;
  }
  const bool lost = certain < certain_;
  certain_ = certain;
  if (seconds < last_) last_ = -1e9;  // the source began anew
  if (seconds - last_ < kPause) return CollectReason::kNone;
  const CollectReason reason = changed                         ? CollectReason::kChanged
                               : lost                          ? CollectReason::kLost
                               : uncertain                     ? CollectReason::kUncertain
                               : seconds - last_ > kUsualPause ? CollectReason::kUsual
                                                               : CollectReason::kNone;
  if (reason != CollectReason::kNone) last_ = seconds;
  return reason;
}

std::string label_text(const Detections& detections, Size picture) {
  std::string text;
  const double w = picture.width, h = picture.height;
  for (size_t i = 0; i < detections.items.size(); ++i) {
    const Detection& d = detections.items[i];
    text += fmt::format("{} {:.5f} {:.5f} {:.5f} {:.5f}", d.class_index,
                        (d.box.x1 + d.box.x2) / 2 / w, (d.box.y1 + d.box.y2) / 2 / h,
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
  for (const char* part : {"images", "labels"}) make_folder(options_.folder / part);
  for (const auto& entry : fs::directory_iterator(options_.folder / "images")) {
    const std::string name = entry.path().stem().string();
    if (number_of(name) > 0 && entry.path().extension() == ".jpg") names_.push_back(name);
  }
  std::sort(names_.begin(), names_.end(),
            [](const auto& a, const auto& b) { return number_of(a) < number_of(b); });
  if (!names_.empty()) number_ = number_of(names_.back());
}

bool Collector::within_day() {
  const auto now = Clock::now();
  if (now - day_began_ > kDay) {
    day_began_ = now;
    today_ = 0;
  }
  return today_ < options_.per_day;
}

void Collector::add(const SharedResult& result, const Picture& picture, bool changed) {
  if (result->look != FrameDecision::kDetect || !within_day()) return;
  const CollectReason reason =
      policies_[result->camera_id].look(result->detections, changed, result->seconds);
  if (reason == CollectReason::kNone) return;
  ++today_;
  writer_.offer({picture.share(), result, reason});
}

void Collector::write(const Kept& kept) {
  const StreamResult& r = *kept.result;
  const std::string name = fmt::format("{:06}-{}-{}", ++number_,
                                       clean_text(escaped_name(r.camera).substr(0, kLongestCamera)),
                                       reason_name(kept.reason));
  Image image = kept.picture.to_rgb();
  if (r.regions) hide(image, *r.regions, options_.hide);
  describe(r);
  // The labels first: a picture without labels would count as one without objects.
  write_text_file(options_.folder / "labels" / (name + ".txt"),
                  label_text(r.detections, image.size()));
  write_jpeg(options_.folder / "images" / (name + ".jpg"), image);
  names_.push_back(name);
  while (names_.size() > static_cast<size_t>(options_.keep)) {
    std::error_code gone;  // somebody else removed it
    fs::remove(options_.folder / "images" / (names_.front() + ".jpg"), gone);
    fs::remove(options_.folder / "labels" / (names_.front() + ".txt"), gone);
    names_.pop_front();
  }
}

// So that the folder is a data set.
void Collector::describe(const StreamResult& result) const {
  const fs::path file = options_.folder / "data.yaml";
  if (fs::exists(file) || !result.class_names) return;
  std::string text =
      "# Pictures that octet live collected, with its detections as labels. Correct the labels "
      "before you train with them.\ntrain: images\nval: images\n";
  if (const int keypoints = result.detections.keypoints_per_object; keypoints > 0)
    text += fmt::format("kpt_shape: [{}, 3]\n", keypoints);
  text += "names:\n";
  for (size_t i = 0; i < result.class_names->size(); ++i)
    text += fmt::format("  {}: {}\n", i, dump_json(nlohmann::json((*result.class_names)[i])));
  write_text_file(file, text);
}

}  // namespace octet
