// Reads the configuration again when its file or a model's file changes, and on SIGHUP. A wrong
// configuration changes nothing, and its error is reported. A model is loaded beside the running
// one and takes over between two frames.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <thread>

#include "core/mutex.h"
#include "live/watch.h"
#include "serve/config/config.h"
#include "serve/status.h"

namespace octet {

class Reloader {
 public:
  // `running` was read from `file` and runs in `watch`, which has to outlive this object.
  // `camera_size` decides the shape of a model's input, as at the start.
  Reloader(std::filesystem::path file, LiveConfig running, Size camera_size, Watch& watch);
  ~Reloader();
  Reloader(const Reloader&) = delete;
  Reloader& operator=(const Reloader&) = delete;

  [[nodiscard]] ReloadStatus status() const;  // from any thread

 private:
  // Changes when the file does.
  struct Stamp {
    std::filesystem::file_time_type time;
    uintmax_t bytes = 0;
    bool operator==(const Stamp&) const = default;
  };
  [[nodiscard]] static Stamp stamp_of(const std::filesystem::path& path);
  void run();
  void reload(bool model_changed);
  void apply(LiveConfig config, bool model_changed);
  void warn_of_refused(const LiveConfig& config) const;
  void tell(const std::string& error);

  std::filesystem::path file_;
  const LiveConfig started_;  // has the options that are read at the start only
  LiveConfig running_;
  Size camera_size_;
  Watch& watch_;
  Stamp file_stamp_, model_stamp_, pose_stamp_;

  mutable Mutex mutex_;
  Condition changed_;
  bool stop_ OCTET_GUARDED_BY(mutex_) = false;
  ReloadStatus status_ OCTET_GUARDED_BY(mutex_);
  std::jthread thread_;  // the last member: it uses the others
};

}  // namespace octet
