// Watches the sites of the cameras: says when one looks other than usual, and collects pictures.
#pragma once

#include <atomic>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/mutex.h"
#include "live/watch.h"
#include "serve/options.h"
#include "serve/site/collector.h"
#include "serve/site/drift.h"
#include "serve/status.h"

namespace octet {

// The usual looks of cameras, by name, in a file of JSON.
using UsualLooks = std::map<std::string, UsualLook>;
// Throws an Error that names the file when it is damaged. Empty where there is no file.
[[nodiscard]] UsualLooks read_usual_looks(const std::filesystem::path& file);
[[nodiscard]] UsualLooks parse_usual_looks(const std::string& text, const std::string& name);
void write_usual_looks(const std::filesystem::path& file, const UsualLooks& looks);
// Writes `looks` beside those of other cameras that are in the file, which another process may have
// learned.
void add_usual_looks(const std::filesystem::path& file, const UsualLooks& looks);

class SiteWatch {
 public:
  // Throws an Error for a file that is damaged, and for a folder that cannot be written.
  explicit SiteWatch(const SiteOptions& options);

  // Quick: called by the detection thread. Measures a picture every two seconds of the source.
  void add(const SharedResult& result, const Picture& picture);
  // The changes of each camera that looks other than usual, in words. From any thread.
  [[nodiscard]] SiteChanges changes() const;

 private:
  struct Site {
    int64_t camera_id = 0;
    Drift drift;
    double next = 0;  // of the source's seconds, when an image is measured
  };
  Site& site_of(const StreamResult& result);
  void measure(Site& site, const StreamResult& result, const Picture& picture);
  void say(const std::string& camera, const std::vector<Change>& changes);

  SiteOptions options_;
  UsualLooks usual_;
  UsualLooks learned_;                   // of these, what was learned here
  std::map<std::string, Site> sites_;    // by camera
  std::atomic<bool> unwritten_ = false;  // the file could not be written
  int since_offer_ = 0;                  // samples
  std::optional<Collector> collector_;
  mutable Mutex mutex_;
  SiteChanges changes_ OCTET_GUARDED_BY(mutex_);
  Background<UsualLooks> writer_;  // the last member: it uses the others
};

}  // namespace octet
