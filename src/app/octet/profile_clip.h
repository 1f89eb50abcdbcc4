// The frames of a file as 'octet live' reads and tells them, for 'octet profile'.
#pragma once

#include <memory>
#include <string>

#include "live/sink/sinks.h"
#include "live/source/source.h"
#include "measure/profile/feed.h"

namespace octet {

// A file, a folder or a glob, again and again. Results become JSON lines that nobody keeps.
class ClipFeed : public FrameFeed {
 public:
  // Throws as open_source() does.
  explicit ClipFeed(std::string source);

  // The names of classes in the lines; before the first tell().
  void name_classes(std::vector<std::string> names);

  [[nodiscard]] std::optional<Size> size() const override { return source_->info().size; }
  [[nodiscard]] bool has_ends() const override { return true; }
  std::chrono::duration<double, std::milli> next() override;
  void submit(Job& job) override { picture_.submit(job); }
  void tell(const Detections& detections) override;

 private:
  std::string address_;
  std::unique_ptr<Source> source_;
  Picture picture_;
  StreamResult result_;
  JsonLines lines_;
};

}  // namespace octet
