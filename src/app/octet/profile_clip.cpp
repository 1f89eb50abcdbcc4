#include "app/octet/profile_clip.h"

#include "core/error.h"

namespace octet {

ClipFeed::ClipFeed(std::string source)
    : address_(std::move(source)), source_(open_source(address_)), lines_({.path = "/dev/null"}) {
  result_.camera = address_;
  result_.class_names = std::make_shared<const std::vector<std::string>>();
}

void ClipFeed::name_classes(std::vector<std::string> names) {
  result_.class_names = std::make_shared<const std::vector<std::string>>(std::move(names));
}

std::chrono::duration<double, std::milli> ClipFeed::next() {
  auto began = Clock::now();
  if (source_->next(picture_)) return Clock::now() - began;
  began = Clock::now();
  source_ = open_source(address_);  // from the beginning again; decodes the first of images
  if (picture_.is_video) began = Clock::now();
  if (source_->next(picture_)) return Clock::now() - began;
  fail("{}: has no frame that can be read", address_);
}

void ClipFeed::tell(const Detections& detections) {
  result_.detections = detections;
  result_.seconds = picture_.seconds;
  ++result_.frame;
  lines_.write(result_);
}

}  // namespace octet
