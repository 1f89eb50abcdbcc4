// Keeps the images of a site that teach most, with their detections as labels, in the layout of
// Ultralytics:
//
//   FOLDER/data.yaml  FOLDER/images/000001-CAMERA-REASON.jpg  FOLDER/labels/000001-CAMERA-REASON.txt
//
// Names are counted, since the clock of a small board may be wrong. A thread of its own writes.
#pragma once

#include <chrono>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "core/concurrency/background.h"
#include "live/watch.h"
#include "serve/options.h"

namespace octet {

// The reason to keep an image: the site changed, a certain object was lost, a detection is
// uncertain, or none of these for an hour.
enum class CollectReason { kChanged, kLost, kUncertain, kUsual };
[[nodiscard]] std::string_view reason_name(CollectReason reason);

// Decides which images of one camera are kept. Pure logic, one thread.
class CollectPolicy {
 public:
  // `seconds`: on any clock that does not go back. `pause`: seconds between two images, at least.
  // `changed`: the site looks other than usual.
  [[nodiscard]] std::optional<CollectReason> look(const Detections& detections, bool changed,
                                                  double seconds, double pause);

 private:
  std::optional<double> last_;  // when an image was kept, or the first frame came
  int certain_ = 0;             // objects in the frame before
};

// The labels of an image: "class x y width height [x y visibility …]" a line, as shares of it.
// Objects whose centre lies in a hidden zone are left out.
[[nodiscard]] std::string label_text(const Detections& detections, Size picture,
                                     const RegionSpec& regions);

class Collector {
 public:
  // Creates the folders. Images that are there count for the limits. Throws an Error that names a
  // folder that cannot be written.
  explicit Collector(const CollectOptions& options);

  // Quick: called by the detection thread.
  void add(const SharedResult& result, const Picture& picture, bool changed);

 private:
  struct Kept {
    Picture picture;
    SharedResult result;
    CollectReason reason = CollectReason::kUsual;
  };
  struct Entry {
    std::string name;
    int64_t bytes = 0;
  };
  [[nodiscard]] bool within_day();
  [[nodiscard]] double pause() const;
  [[nodiscard]] std::filesystem::path image_file(const std::string& name) const;
  [[nodiscard]] std::filesystem::path label_file(const std::string& name) const;
  [[nodiscard]] std::string new_name(const std::string& camera, CollectReason reason);
  void write(const Kept& kept);
  void describe(const StreamResult& result);
  void make_room();

  CollectOptions options_;
  std::map<std::string, CollectPolicy> policies_;  // by camera
  Clock::time_point day_began_ = Clock::now();
  int today_ = 0;              // images
  std::deque<Entry> entries_;  // the oldest first
  int64_t bytes_ = 0;          // of all
  int64_t number_ = 0;         // of the newest
  std::string described_;      // the content of data.yaml that was seen or written
  Background<Kept> writer_;    // the last member: it uses the others
};

}  // namespace octet
