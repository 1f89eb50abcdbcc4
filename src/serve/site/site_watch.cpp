#include "serve/site/site_watch.h"

#include <fcntl.h>
#include <fmt/ranges.h>
#include <sys/file.h>
#include <unistd.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "core/error.h"
#include "core/file.h"
#include "core/folder.h"
#include "core/json/parse_json.h"
#include "core/log.h"
#include "core/text/json_text.h"

namespace octet {
namespace {
namespace fs = std::filesystem;
using nlohmann::json;
using nlohmann::ordered_json;

constexpr const char* kFormat = "octet usual looks";
constexpr int kVersion = 1;
constexpr size_t kMostBytes = size_t{1} << 20;
constexpr size_t kMostCameras = 1000;
constexpr size_t kBehind = 8;

// One process after the other reads and writes in a folder. Where the system has no such locks,
// nothing waits.
class FolderLock {
 public:
  explicit FolderLock(const fs::path& folder)
      : fd_(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)) {
    if (fd_ >= 0) (void)::flock(fd_, LOCK_EX);
  }
  ~FolderLock() {
    if (fd_ >= 0) ::close(fd_);
  }
  FolderLock(const FolderLock&) = delete;
  FolderLock& operator=(const FolderLock&) = delete;

 private:
  int fd_;
};

// NaN, of a measure that had no value, is null.
ordered_json to_json(const Appearance& values) {
  auto list = ordered_json::array();
  for (const double v : values) list.push_back(std::isfinite(v) ? ordered_json(v) : ordered_json());
  return list;
}

// Measures without a value are equal.
bool equal(const UsualLook& a, const UsualLook& b) {
  return to_json(a.mean) == to_json(b.mean) && to_json(a.spread) == to_json(b.spread);
}

Appearance appearance_in(const json& j, const char* key) {
  const json& list = j.at(key);
  if (!list.is_array() || list.size() != kMeasures)
    fail("'{}' is not a list of {} numbers", key, kMeasures);
  Appearance values{};
  for (size_t i = 0; i < kMeasures; ++i) {
    if (!list[i].is_null() && !list[i].is_number()) fail("'{}' has a value that is no number", key);
    values[i] = list[i].is_null() ? NAN : list[i].get<double>();
  }
  return values;
}

UsualLooks looks_in(const json& j) {
  if (j.value("format", "") != kFormat || j.value("version", 0) != kVersion)
    fail("is not a file of usual looks of version {}; name another file", kVersion);
  UsualLooks looks;
  if (j.at("cameras").size() > kMostCameras) fail("has more than {} cameras", kMostCameras);
  for (const auto& [camera, look] : j.at("cameras").items())
    looks[camera] = {.mean = appearance_in(look, "mean"), .spread = appearance_in(look, "spread")};
  return looks;
}

}  // namespace

UsualLooks parse_usual_looks(const std::string& text, const std::string& name) {
  try {
    Budget budget("the file", text.size());
    return looks_in(parse_json(text, budget));
  } catch (const json::exception& e) {
    fail("{}: is damaged ({}); remove it, and octet learns the usual look again", name, e.what());
  } catch (const Error& e) {
    fail("{}: {}", name, e.what());
  }
}

UsualLooks read_usual_looks(const fs::path& file) {
  if (!fs::exists(file)) return {};
  return parse_usual_looks(read_text_file(file, kMostBytes), file.string());
}

void write_usual_looks(const fs::path& file, const UsualLooks& looks) {
  ordered_json j{{"format", kFormat}, {"version", kVersion}, {"cameras", ordered_json::object()}};
  for (const auto& [camera, look] : looks)
    j["cameras"][camera] = {{"mean", to_json(look.mean)}, {"spread", to_json(look.spread)}};
  write_text_file(file, dump_json(j) + "\n");
}

void add_usual_looks(const fs::path& file, const UsualLooks& looks) {
  const FolderLock lock(fs::absolute(file).parent_path());
  UsualLooks all = read_usual_looks(file);
  for (const auto& [camera, look] : looks) all[camera] = look;
  write_usual_looks(file, all);
}

SiteWatch::SiteWatch(const SiteOptions& options)
    : options_(options), writer_("drift", kBehind, [this](UsualLooks& looks) {
        unwritten_ = true;
        add_usual_looks(options_.drift, looks);
        unwritten_ = false;
      }) {
  if (!options_.drift.empty()) {
    usual_ = read_usual_looks(options_.drift);
    require_room(fs::absolute(options_.drift).parent_path(), 0);
  }
  if (!options_.collect.folder.empty()) collector_.emplace(options_.collect);
}

void SiteWatch::add(const SharedResult& result, const Picture& picture) {
  bool changed = false;
  if (!options_.drift.empty()) {
    Site& site = site_of(*result);
    if (result->seconds >= site.next) measure(site, *result, picture);
    changed = !site.drift.changes().empty();
  }
  if (collector_) collector_->add(result, picture, changed);
}

SiteChanges SiteWatch::changes() const {
  const MutexLock lock(mutex_);
  return changes_;
}

// A camera of the same name with another address begins anew.
SiteWatch::Site& SiteWatch::site_of(const StreamResult& result) {
  const auto at = sites_.find(result.camera);
  if (at != sites_.end() && at->second.camera_id == result.camera_id) return at->second;
  if (at != sites_.end() && !at->second.drift.changes().empty()) say(result.camera, {});
  const auto usual = usual_.find(result.camera);
  Drift drift(usual == usual_.end() ? std::nullopt : std::optional(usual->second));
  return sites_
      .insert_or_assign(result.camera,
                        Site{.camera_id = result.camera_id, .drift = std::move(drift)})
      .first->second;
}

void SiteWatch::measure(Site& site, const StreamResult& result, const Picture& picture) {
  site.next = result.seconds + kSampleSeconds;
  if (site.drift.add(appearance_of(picture, result.detections)))
    say(result.camera, site.drift.changes());
  const std::optional<UsualLook>& usual = site.drift.usual();
  const auto kept = usual_.find(result.camera);
  const bool is_new = usual && (kept == usual_.end() || !equal(kept->second, *usual));
  if (!is_new && (++since_offer_ < kWindowSamples || !unwritten_)) return;
  if (is_new) {
    if (kept == usual_.end()) log_info("{}: its usual look is learned", result.camera);
    usual_[result.camera] = learned_[result.camera] = *usual;
  }
  since_offer_ = 0;
  writer_.offer(learned_);
}

void SiteWatch::say(const std::string& camera, const std::vector<Change>& changes) {
  std::vector<std::string> words;
  for (const Change& change : changes) words.push_back(change.text());
  if (words.empty())
    log_info("{}: looks as usual again", camera);
  else
    log_warning("{}: looks other than usual: {}", camera, fmt::join(words, "; "));
  const MutexLock lock(mutex_);
  if (words.empty())
    changes_.erase(camera);
  else
    changes_[camera] = std::move(words);
}

}  // namespace octet
