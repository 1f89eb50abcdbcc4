// The data of the page: the newest annotated image of every camera, and figures of the last hour,
// one a second. Images are drawn only while a client asks for them.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "core/concurrency/background.h"
#include "core/mutex.h"
#include "live/watch.h"

namespace octet {

class DashboardState {
 public:
  DashboardState();
  ~DashboardState();

  // Called by the detection thread for every result; quick.
  void show(const SharedResult& result, const Picture& picture);

  static constexpr const char* kBoundary = "octet-picture";
  struct Shot {
    std::shared_ptr<const std::string> part;  // of multipart/x-mixed-replace; none yet: empty
    size_t head = 0;                          // bytes before the JPEG
    int64_t version = 0;
    Clock::time_point taken;  // by the drawer, of the detection's thread
    bool is_newest = false;   // no result came after its own
    [[nodiscard]] std::string_view jpeg() const {
      return std::string_view(*part).substr(head, part->size() - head - 2);
    }
  };
  // Returns the newest image of the camera, and lets its images be drawn for the next few seconds.
  [[nodiscard]] Shot newest_shot(int64_t camera);
  // `notify` is called for each new image, by the thread that drew it. It has to be quick and must
  // not use this object. One listener at a time; an empty function removes it.
  void on_shot(std::function<void()> notify);
  // {"time": [...], "fps": [...], "age_ms_p50": …} from this second on (seconds since 1970).
  [[nodiscard]] nlohmann::json history(int64_t since) const;
  // Returns the newest result of each of these cameras, by name.
  [[nodiscard]] nlohmann::json newest(const std::vector<CameraSummary>& cameras) const;

 private:
  struct Drawing {
    Picture picture;
    SharedResult result;
    Clock::time_point taken;
  };
  struct View {  // of a camera
    Shot shot;
    Clock::time_point drawn, wanted, heard;
    SharedResult result;  // the newest; none yet: empty
    int64_t shown = -1;   // frame of the shot
  };
  struct DashboardSample {
    int64_t time = 0;
    int results = 0;
    double age_p50 = 0, age_p99 = 0, cpu_percent = 0;
  };
  void draw(Drawing& drawing);
  void tick();
  void end_second(double cpu_percent) OCTET_REQUIRES(mutex_);

  mutable Mutex mutex_;
  Condition stopped_;
  std::map<int64_t, View> views_ OCTET_GUARDED_BY(mutex_);  // by camera
  std::vector<double> ages_ OCTET_GUARDED_BY(mutex_);       // of this second
  std::deque<DashboardSample> seconds_ OCTET_GUARDED_BY(mutex_);
  std::function<void()> notify_ OCTET_GUARDED_BY(mutex_);
  bool stop_ OCTET_GUARDED_BY(mutex_) = false;
  Background<Drawing> drawer_;
  std::jthread clock_;  // the last member: it uses the others
};

}  // namespace octet
