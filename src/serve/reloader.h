// Reads the configuration again when its file or a model's files change, and on SIGHUP. It waits
// until they rest: a model of two files arrives one after the other. A wrong configuration changes
// nothing, and its error is reported. A model is loaded beside the running one and takes over
// between two frames.
#pragma once

#include <filesystem>
#include <string>
#include <thread>
#include <vector>

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
  struct FileStamp {
    std::filesystem::file_time_type time;
    uintmax_t bytes = 0;
    bool operator==(const FileStamp&) const = default;
  };
  // Changes when one of the files does; empty: they cannot be read.
  using Stamp = std::vector<FileStamp>;
  struct Stamps {
    Stamp file, model, pose;
    bool operator==(const Stamps&) const = default;
  };
  [[nodiscard]] static Stamp stamp_of(const std::filesystem::path& path);
  [[nodiscard]] Stamps stamps() const;
  void run();
  [[nodiscard]] bool is_due(bool asked);
  void reload();
  void apply(LiveConfig config);
  void keep_outputs(LiveConfig& config) const;
  [[nodiscard]] bool wants_new_model(const LiveConfig& config) const;
  void warn_of_refused(const LiveConfig& config) const;
  void tell(const std::string& error);

  std::filesystem::path file_;
  const LiveConfig started_;  // has the options that are read at the start only
  LiveConfig running_;
  Size camera_size_;
  Watch& watch_;
  std::filesystem::path model_, pose_;  // as the file wants them, though they may be wrong
  Stamps seen_;                         // at the last look
  Stamps tried_;                        // at the last attempt to take them
  Stamps loaded_;                       // of what runs

  mutable Mutex mutex_;
  Condition changed_;
  bool stop_ OCTET_GUARDED_BY(mutex_) = false;
  ReloadStatus status_ OCTET_GUARDED_BY(mutex_);
  std::jthread thread_;  // the last member: it uses the others
};

}  // namespace octet
