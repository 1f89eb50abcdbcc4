#include "serve/http/dashboard_state.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "core/numeric/quantile.h"
#include "core/process.h"
#include "live/sink/annotate.h"
#include "media/image/image_io.h"

namespace octet {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr milliseconds kBetweenPictures{100};
constexpr seconds kLooking{3};  // how long somebody counts as looking after a request
constexpr size_t kHistory = 3600;
constexpr int kQuality = 80;
constexpr std::chrono::hours kKept{1};  // what a camera showed, when nothing more comes of it

}  // namespace

DashboardState::DashboardState()
    : drawer_("--http", 2, [this](Drawing& d) { draw(d); }), clock_([this] { tick(); }) {}

DashboardState::~DashboardState() {
  const MutexLock lock(mutex_);
  stop_ = true;
  stopped_.notify_all();
}

void DashboardState::show(const SharedResult& result, const Picture& picture) {
  const auto now = Clock::now();
  {
    const MutexLock lock(mutex_);
    View& view = views_[result->camera_id];
    view.result = result;
    view.heard = now;
    ages_.push_back(result->age_ms);
    if (now - view.wanted > kLooking || now - view.drawn < kBetweenPictures) return;
    view.drawn = now;
  }
  drawer_.offer({picture.share(), result, now});
}

void DashboardState::draw(Drawing& drawing) {
  const auto bytes = encode_jpeg(annotated(drawing.picture, *drawing.result), kQuality);
  std::string part = fmt::format("--{}\r\nContent-Type: image/jpeg\r\nContent-Length: {}\r\n\r\n",
                                 kBoundary, bytes.size());
  const size_t head = part.size();
  part.append(bytes.begin(), bytes.end()).append("\r\n");
  const MutexLock lock(mutex_);
  View& view = views_[drawing.result->camera_id];
  view.shot = {.part = std::make_shared<const std::string>(std::move(part)),
               .head = head,
               .version = view.shot.version + 1,
               .taken = drawing.taken};
  view.shown = drawing.result->frame;
  if (notify_) notify_();
}

DashboardState::Shot DashboardState::newest_shot(int64_t camera) {
  const MutexLock lock(mutex_);
  View& view = views_[camera];  // stays while somebody looks
  view.wanted = Clock::now();
  Shot shot = view.shot;
  shot.is_newest = view.result && view.result->frame == view.shown;
  return shot;
}

void DashboardState::on_shot(std::function<void()> notify) {
  const MutexLock lock(mutex_);
  notify_ = std::move(notify);
}

// Once a second what happened in it.
void DashboardState::tick() {
  ProcessUsage before = process_usage();
  auto next = Clock::now();
  MutexLock lock(mutex_);
  while (!stop_) {
    next += seconds(1);
    stopped_.wait_until(lock, next, [this]() OCTET_REQUIRES(mutex_) { return stop_; });
    const ProcessUsage now = process_usage();
    end_second((now.cpu - before.cpu).count() / 10);
    before = now;
  }
}

void DashboardState::end_second(double cpu_percent) {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  seconds_.push_back({.time = std::chrono::duration_cast<seconds>(now).count(),
                      .results = static_cast<int>(ages_.size()),
                      .age_p50 = quantile(ages_, 0.5),
                      .age_p99 = quantile(ages_, 0.99),
                      .cpu_percent = cpu_percent});
  ages_.clear();
  if (seconds_.size() > kHistory) seconds_.pop_front();
  std::erase_if(views_, [](const auto& v) {
    return std::max(v.second.heard, v.second.wanted) < Clock::now() - kKept;
  });
}

nlohmann::json DashboardState::history(int64_t since) const {
  nlohmann::json j;
  for (const char* key : {"time", "fps", "age_ms_p50", "age_ms_p99", "cpu_percent"})
    j[key] = nlohmann::json::array();
  const MutexLock lock(mutex_);
  for (const DashboardSample& s : seconds_) {
    if (s.time < since) continue;
    j["time"].push_back(s.time);
    j["fps"].push_back(s.results);
    j["age_ms_p50"].push_back(s.age_p50);
    j["age_ms_p99"].push_back(s.age_p99);
    j["cpu_percent"].push_back(s.cpu_percent);
  }
  return j;
}

nlohmann::json DashboardState::newest(const std::vector<CameraSummary>& cameras) const {
  auto j = nlohmann::json::object();
  const MutexLock lock(mutex_);
  for (const CameraSummary& camera : cameras) {
    const auto view = views_.find(camera.id);
    if (view != views_.end() && view->second.result) j[camera.name] = to_json(*view->second.result);
  }
  return j;
}

}  // namespace octet
