#include "serve/mqtt/mqtt.h"

#include <mosquitto.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <deque>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <thread>
#include <utility>

#include "core/error.h"
#include "core/log.h"
#include "core/mutex.h"
#include "media/stream/stream.h"

namespace octet {
namespace {

using nlohmann::ordered_json;
using std::chrono::seconds;

constexpr size_t kResultsWaiting = 1024, kNoticesWaiting = 1024;
constexpr int kInFlight = 20;  // given to the library and not yet acknowledged
constexpr int kKeepAliveSeconds = 20;
constexpr int kBreathMs = 100;
constexpr seconds kFirstPause{1}, kLongestPause{30};  // between attempts
constexpr seconds kFarewell{2};

// A level of a topic: what means something else there is replaced.
std::string level(std::string name) {
  for (char& c : name) {
    if (c == '/' || c == '+' || c == '#' || static_cast<unsigned char>(c) < ' ') c = '_';
  }
  return name;
}

struct Library {
  Library() { mosquitto_lib_init(); }
  ~Library() { mosquitto_lib_cleanup(); }
};

struct Notice {
  std::string topic, text;
  bool retain = false;
};

}  // namespace

struct Mqtt::Parts {
  explicit Parts(const MqttOptions& o) : options(o) {
    client = mosquitto_new(nullptr, true, this);
    if (client == nullptr) throw std::bad_alloc();
    const std::string available = options.topic + "/available";
    mosquitto_will_set(client, available.c_str(), 7, "offline", 1, true);
    if (!options.user.empty())
      mosquitto_username_pw_set(client, options.user.c_str(), options.password.c_str());
    if (options.tls)
      mosquitto_tls_set(client, nullptr, "/etc/ssl/certs", nullptr, nullptr, nullptr);
    mosquitto_threaded_set(client, true);
    mosquitto_max_inflight_messages_set(client, kInFlight);
    mosquitto_connect_callback_set(client, [](mosquitto*, void* self, int code) {
      static_cast<Parts*>(self)->on_connect(code);
    });
    mosquitto_disconnect_callback_set(client, [](mosquitto*, void* self, int code) {
      static_cast<Parts*>(self)->on_disconnect(code);
    });
    mosquitto_publish_callback_set(client, [](mosquitto*, void* self, int message) {
      static_cast<Parts*>(self)->on_delivered(message);
    });
    error = "it was not reached yet";
    worker = std::jthread([this] { run(); });
    network = std::jthread([this] { keep_connected(); });
  }

  ~Parts() {
    {
      const MutexLock lock(mutex);
      stop = true;
    }
    changed.notify_all();
    worker.join();
    network.join();
    mosquitto_destroy(client);
  }
  Parts(const Parts&) = delete;
  Parts& operator=(const Parts&) = delete;

  void on_connect(int code) {
    {
      const MutexLock lock(mutex);
      connected = code == 0;
      was_connected = was_connected || connected;
      error = code == 0 ? "" : mosquitto_connack_string(code);
      states.clear();  // retained ones may be of somebody else by now
    }
    if (code == 0) {
      log_info("mqtt: connected to {}:{}", options.host, options.port);
      int message = 0;  // its delivery is heard of by this thread, later
      mosquitto_publish(client, &message, (options.topic + "/available").c_str(), 6, "online", 1,
                        true);
      greetings.insert(message);
    } else {
      log_warning("mqtt: {}:{} refuses: {}", options.host, options.port,
                  mosquitto_connack_string(code));
    }
    changed.notify_all();
  }
  void on_disconnect(int code) {
    {
      const MutexLock lock(mutex);
      if (connected && code != 0)
        log_warning("mqtt: {}:{} is away; results wait", options.host, options.port);
      connected = false;
      if (code != 0) error = mosquitto_strerror(code);
    }
    changed.notify_all();
  }
  void on_delivered(int message) {
    if (greetings.erase(message) > 0) return;
    {
      const MutexLock lock(mutex);
      ++delivered;
      --in_flight;
    }
    changed.notify_all();
  }

  // For ever: the library's own thread gives up when a name cannot be resolved.
  void keep_connected() {
    seconds pause = kFirstPause;
    for (;;) {
      const int code =
          mosquitto_connect_async(client, options.host.c_str(), options.port, kKeepAliveSeconds);
      if (code == MOSQ_ERR_SUCCESS) {
        while (!is_stopped() && mosquitto_loop(client, kBreathMs, 1) == MOSQ_ERR_SUCCESS) {
        }
      }
      MutexLock lock(mutex);
      if (stop) break;
      if (code != MOSQ_ERR_SUCCESS)
        error = code == MOSQ_ERR_ERRNO ? std::strerror(errno) : mosquitto_strerror(code);
      pause = was_connected ? kFirstPause : std::min(2 * pause, kLongestPause);
      was_connected = false;
      if (changed.wait_for(lock, pause, [this]() OCTET_REQUIRES(mutex) { return stop; })) break;
    }
    say_goodbye();
  }

  void say_goodbye() {
    mosquitto_publish(client, nullptr, (options.topic + "/available").c_str(), 7, "offline", 1,
                      true);
    mosquitto_disconnect(client);
    const auto deadline = Clock::now() + seconds(1);
    while (Clock::now() < deadline && mosquitto_loop(client, kBreathMs, 1) == MOSQ_ERR_SUCCESS) {
    }
  }

  [[nodiscard]] bool is_stopped() {
    const MutexLock lock(mutex);
    return stop;
  }

  // Gives one message after another to the library, while it has room for them.
  void run() {
    MutexLock lock(mutex);
    for (;;) {
      changed.wait(lock, [this]() OCTET_REQUIRES(mutex) {
        return stop ||
               (connected && in_flight < kInFlight && (!results.empty() || !notices.empty()));
      });
      if (stop) return;
      ++in_flight;
      Notice notice;
      if (!notices.empty()) {
        notice = std::move(notices.front());
        notices.pop_front();
        lock.unlock();
      } else {
        const SharedResult result = std::move(results.front());
        results.pop_front();
        lock.unlock();
        notice = {topic(result->camera, "result"), to_json(*result).dump()};
      }
      const int code = mosquitto_publish(client, nullptr, notice.topic.c_str(),
                                         static_cast<int>(notice.text.size()), notice.text.data(),
                                         1, notice.retain);
      lock.lock();
      if (code == MOSQ_ERR_SUCCESS || code == MOSQ_ERR_NO_CONN) continue;  // it sends it later
      --in_flight;
      ++lost;
      error = mosquitto_strerror(code);
    }
  }

  [[nodiscard]] std::string topic(const std::string& camera, const char* what) const {
    return fmt::format("{}/{}/{}", options.topic, level(camera), what);
  }
  void add(Notice notice) OCTET_REQUIRES(mutex) {
    if (notices.size() >= kNoticesWaiting) {
      notices.pop_front();
      ++lost;
    }
    notices.push_back(std::move(notice));
  }

  Library library;
  MqttOptions options;
  mosquitto* client = nullptr;
  mutable Mutex mutex;
  Condition changed;
  bool connected OCTET_GUARDED_BY(mutex) = false;
  bool was_connected OCTET_GUARDED_BY(mutex) = false;
  bool stop OCTET_GUARDED_BY(mutex) = false;
  std::string error OCTET_GUARDED_BY(mutex);
  std::set<int> greetings;  // of the network's thread
  std::deque<SharedResult> results OCTET_GUARDED_BY(mutex);
  std::deque<Notice> notices OCTET_GUARDED_BY(mutex);  // events and states: they go first
  std::map<std::string, std::string> states OCTET_GUARDED_BY(mutex);
  int in_flight OCTET_GUARDED_BY(mutex) = 0;
  int64_t delivered OCTET_GUARDED_BY(mutex) = 0;
  int64_t lost OCTET_GUARDED_BY(mutex) = 0;
  std::jthread worker, network;
};

Mqtt::Mqtt(const MqttOptions& options) : parts_(std::make_unique<Parts>(options)) {}
Mqtt::~Mqtt() = default;

void Mqtt::add(const SharedResult& result) {
  {
    const MutexLock lock(parts_->mutex);
    for (const RegionEvent& e : result->events) {
      parts_->add(
          {parts_->topic(result->camera, "event"), ordered_json{{"captured", result->captured},
                                                                {"event", event_name(e.kind)},
                                                                {"region", e.region},
                                                                {"name", e.class_name},
                                                                {"track", e.track}}
                                                       .dump()});
    }
    if (parts_->results.size() >= kResultsWaiting) {
      parts_->results.pop_front();
      ++parts_->lost;
    }
    parts_->results.push_back(result);
  }
  parts_->changed.notify_all();
}

void Mqtt::add(const std::vector<CameraSummary>& cameras) {
  {
    const MutexLock lock(parts_->mutex);
    for (const CameraSummary& c : cameras) {
      const std::string text = ordered_json{
          {"state", camera_state_name(c.status.state)},
          {"error",
           c.status.error}}.dump();
      std::string& last = parts_->states[c.name];
      if (last == text) continue;
      last = text;
      parts_->add({parts_->topic(c.name, "state"), text, true});
    }
  }
  parts_->changed.notify_all();
}

MqttStatus Mqtt::finish() {
  {
    MutexLock lock(parts_->mutex);
    parts_->changed.wait_for(lock, kFarewell, [this]() OCTET_REQUIRES(parts_->mutex) {
      return !parts_->connected ||
             (parts_->results.empty() && parts_->notices.empty() && parts_->in_flight == 0);
    });
  }
  return status();
}

MqttStatus Mqtt::status() const {
  const MutexLock lock(parts_->mutex);
  const auto waiting = parts_->results.size() + parts_->notices.size();
  return {.connected = parts_->connected,
          .delivered = parts_->delivered,
          .waiting = static_cast<int64_t>(waiting) + parts_->in_flight,
          .lost = parts_->lost,
          .error = parts_->error};
}

}  // namespace octet
