#include "serve/event_pictures.h"

#include <fmt/chrono.h>

#include <algorithm>
#include <cctype>
#include <cmath>

#include "core/error.h"
#include "core/file.h"
#include "core/text/clean_text.h"
#include "live/sink/annotate.h"
#include "media/image/image_io.h"

namespace octet {
namespace {

constexpr size_t kBehind = 4;
constexpr size_t kLongestName = 240;  // bytes; file systems allow 255

std::string file_name(const StreamResult& r) {
  const RegionEvent& event = r.events.front();
  const auto seconds = static_cast<std::time_t>(r.captured);
  const int thousandths = static_cast<int>((r.captured - std::floor(r.captured)) * 1000);
  const std::string name =
      fmt::format("{:%Y%m%d-%H%M%S}.{:03}-{}-{}-{}", fmt::gmtime(seconds), thousandths,
                  escaped_name(r.camera), escaped_name(event.region), event_name(event.kind));
  return clean_text(name.substr(0, kLongestName)) + ".jpg";
}

// Other pictures in the folder stay.
bool is_ours(const std::string& name) {
  constexpr std::string_view kBegin = "00000000-000000.000-";
  if (name.size() <= kBegin.size() || !name.ends_with(".jpg")) return false;
  return std::equal(kBegin.begin(), kBegin.end(), name.begin(), [](char wanted, char c) {
    return wanted == '0' ? std::isdigit(static_cast<unsigned char>(c)) != 0 : c == wanted;
  });
}

}  // namespace

EventPictures::EventPictures(const EventOptions& options)
    : options_(options), writer_("events", kBehind, [this](Drawing& d) { write(d); }) {
  make_folder(options_.folder);
  for (const auto& entry : std::filesystem::directory_iterator(options_.folder)) {
    if (is_ours(entry.path().filename().string())) pictures_.push_back(entry.path());
  }
  std::sort(pictures_.begin(), pictures_.end());  // their names begin with the time
}

void EventPictures::add(const SharedResult& result, const Picture& picture) {
  if (!result->events.empty()) writer_.offer({picture.share(), result});
}

void EventPictures::write(const Drawing& drawing) {
  const auto file = options_.folder / file_name(*drawing.result);
  write_jpeg(file, annotated(drawing.picture, *drawing.result));
  pictures_.push_back(file);
  while (pictures_.size() > static_cast<size_t>(options_.keep)) {
    std::error_code gone;  // somebody else removed it
    std::filesystem::remove(pictures_.front(), gone);
    pictures_.pop_front();
  }
}

}  // namespace octet
