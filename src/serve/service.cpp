#include "serve/service.h"

#include <algorithm>
#include <thread>
#include <utility>

#include "core/log.h"
#include "core/mutex.h"
#include "serve/event_pictures.h"
#include "serve/http/server.h"
#include "serve/mqtt/last_pictures.h"
#include "serve/mqtt/mqtt.h"
#include "serve/reloader.h"
#include "serve/site/site_watch.h"
#include "serve/systemd.h"

namespace octet {
namespace {

constexpr Size kUsualCamera{1280, 720};  // its shape, while no camera has shown its own
// How long its shape is waited for: nobody sees a page or a state before.
constexpr std::chrono::milliseconds kFirstFrame{10'000};
constexpr std::chrono::milliseconds kBeat{500};
constexpr std::chrono::seconds kHangs{30};  // a turn that takes longer will not end

// Tells systemd and the broker, as long as the watch goes on, how it goes.
class Heartbeat {
 public:
  Heartbeat(Watch& watch, Mqtt* mqtt, const SiteWatch* sites)
      : watch_(watch), mqtt_(mqtt), sites_(sites), thread_([this] { run(); }) {}
  ~Heartbeat() {
    {
      const MutexLock lock(mutex_);
      stop_ = true;
    }
    changed_.notify_all();
  }
  Heartbeat(const Heartbeat&) = delete;
  Heartbeat& operator=(const Heartbeat&) = delete;

 private:
  void run() {
    notify_systemd("READY=1");
    const auto watchdog = systemd_watchdog();
    MutexLock lock(mutex_);
    while (!changed_.wait_for(lock, kBeat, [this]() OCTET_REQUIRES(mutex_) { return stop_; })) {
      publish_states();
      if (watchdog && watch_.since_last_turn() < kHangs) notify_systemd("WATCHDOG=1");
    }
    publish_states();  // the last ones, and all of a source that ended within one beat
    notify_systemd("STOPPING=1");
  }

  void publish_states() {
    if (mqtt_ != nullptr)
      mqtt_->add(watch_.cameras(), sites_ != nullptr ? sites_->changes() : SiteChanges{});
  }

  Watch& watch_;
  Mqtt* mqtt_;
  const SiteWatch* sites_;
  Mutex mutex_;
  Condition changed_;
  bool stop_ OCTET_GUARDED_BY(mutex_) = false;
  std::jthread thread_;  // the last member: it uses the others
};

}  // namespace

ServiceSummary run_service(const LiveConfig& config, const std::filesystem::path& file) {
  require_sources(config.cameras);
  std::optional<DashboardState> board;
  std::optional<Mqtt> mqtt;
  std::optional<LastPictures> pictures;  // they use the broker
  std::optional<EventPictures> events;
  std::optional<SiteWatch> sites;
  if (!config.http.address.empty()) board.emplace();
  if (!config.mqtt.host.empty()) {
    MqttOptions broker = config.mqtt;
    broker.authorities = config.watch.camera.stream.authorities;
    mqtt.emplace(std::move(broker));
  }
  if (mqtt && !config.mqtt.discovery.empty()) {
    pictures.emplace([&mqtt](const std::string& source, std::string jpeg) {
      mqtt->add_picture(source, std::move(jpeg));
    });
  }
  if (!config.events.folder.empty()) events.emplace(config.events);
  if (config.site != SiteOptions{}) sites.emplace(config.site);
  WatchOptions options = config.watch;
  options.on_result = [&](const SharedResult& r, const Picture& p) {
    if (board) board->show(r, p);
    if (mqtt) mqtt->add(r);
    if (pictures) pictures->add(r, p);
    if (events) events->add(r, p);
    if (sites) sites->add(r, p);
  };
  Watch watch(config.cameras, options);
  const auto first_frame = std::min(options.camera.stream.patience, kFirstFrame);
  const Size size = watch.wait_for_size(first_frame).value_or(kUsualCamera);
  Detectors detectors = make_detectors(config.detector, config.auto_size, size);
  auto poser = make_poser(config.detector, config.pose, *detectors[0]);
  ServiceSummary summary{.network = detectors[0]->description(),
                         .input = detectors[0]->input_size()};
  std::optional<Reloader> reloader;
  if (!file.empty()) reloader.emplace(file, config, size, watch);
  std::optional<Server> server;
  if (board) {
    StatusSources sources;
    if (mqtt) sources.mqtt = [&mqtt] { return mqtt->status(); };
    if (reloader) sources.reload = [&reloader] { return reloader->status(); };
    if (!config.site.drift.empty()) sources.sites = [&sites] { return sites->changes(); };
    server.emplace(config.http, watch, *board, sources);
    log_info("the page is at {}://{}/", config.http.certificate.empty() ? "http" : "https",
             server->address());
  }
  {
    const Heartbeat keeper(watch, mqtt ? &*mqtt : nullptr, sites ? &*sites : nullptr);
    summary.watch = watch.run(std::move(detectors), std::move(poser));
  }
  server.reset();    // nobody who looks holds up what follows
  pictures.reset();  // those that it still draws are published
  if (mqtt) summary.mqtt = mqtt->finish();
  return summary;
}

}  // namespace octet
