#include "serve/mqtt/mqtt.h"

#include <mosquitto.h>
#include <poll.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <nlohmann/json.hpp>
#include <set>
#include <thread>
#include <utility>

#include "core/error.h"
#include "core/log.h"
#include "core/mutex.h"
#include "core/text/json_text.h"
#include "serve/mqtt/flood_guard.h"
#include "serve/mqtt/outbox.h"
#include "serve/mqtt/retained.h"

namespace octet {
namespace {

constexpr const char* kSystemAuthorities = "/etc/ssl/certs";
constexpr const char* kDistrusted =
    "its certificate has expired, is for another name, or is signed by nobody that "
    "--tls-ca or the system holds";

using nlohmann::ordered_json;
using std::chrono::seconds;

constexpr int kInFlight = 20;  // given to the library and not yet acknowledged
constexpr int kKeepAliveSeconds = 20;
constexpr int kBreathMs = 100;
constexpr seconds kFirstPause{1}, kLongestPause{30};  // between attempts
constexpr seconds kFarewell{2};
constexpr std::chrono::milliseconds kBetweenLooks{25};

struct Library {
  Library() { mosquitto_lib_init(); }
  ~Library() { mosquitto_lib_cleanup(); }
};

struct Destroy {
  void operator()(mosquitto* client) const { mosquitto_destroy(client); }
};

}  // namespace

struct Mqtt::Parts {
  explicit Parts(const MqttOptions& o)
      : options(o), client(mosquitto_new(nullptr, true, this)), retained(o) {
    if (client == nullptr) throw std::bad_alloc();
    set_up_client();
    error = "it was not reached yet";
    worker = std::jthread([this] { run(); });
    try {
      network = std::jthread([this] { keep_connected(); });
    } catch (...) {
      end_threads();
      throw;
    }
  }
  ~Parts() { end_threads(); }
  Parts(const Parts&) = delete;
  Parts& operator=(const Parts&) = delete;

  void end_threads() {
    {
      const MutexLock lock(mutex);
      stop = true;
    }
    changed.notify_all();
    worker.join();
    if (network.joinable()) network.join();
  }

  void set_up_client() {
    mosquitto* const c = client.get();
    const std::string available = options.topic + "/available";
    mosquitto_will_set(c, available.c_str(), 7, "offline", 1, true);
    if (!options.user.empty())
      mosquitto_username_pw_set(c, options.user.c_str(), options.password.c_str());
    if (options.tls) set_up_tls();
    mosquitto_threaded_set(c, true);
    mosquitto_max_inflight_messages_set(c, kInFlight);
    mosquitto_connect_callback_set(
        c, [](mosquitto*, void* self, int code) { static_cast<Parts*>(self)->on_connect(code); });
    mosquitto_disconnect_callback_set(c, [](mosquitto*, void* self, int code) {
      static_cast<Parts*>(self)->on_disconnect(code);
    });
    mosquitto_log_callback_set(c, [](mosquitto*, void* self, int level, const char* text) {
      if (level == MOSQ_LOG_ERR) static_cast<Parts*>(self)->on_log(text);
    });
    mosquitto_publish_callback_set(c, [](mosquitto*, void* self, int message) {
      static_cast<Parts*>(self)->on_delivered(message);
    });
  }

  void set_up_tls() {
    const std::string file = options.authorities.string();
    const int code =
        mosquitto_tls_set(client.get(), file.empty() ? nullptr : file.c_str(),
                          file.empty() ? kSystemAuthorities : nullptr, nullptr, nullptr, nullptr);
    if (code != MOSQ_ERR_SUCCESS)
      fail("--tls-ca {}: cannot be read as certificates in PEM", file.empty() ? "" : file);
  }

  // The library tells a certificate that is not trusted from other failures in its log alone.
  void on_log(const std::string& text) {
    if (text.find("verif") == std::string::npos) return;
    const MutexLock lock(mutex);
    if (!std::exchange(distrusted, true))
      log_warning("mqtt: {}:{}: {}", options.host, options.port, kDistrusted);
  }
  void note_failure(int code) OCTET_REQUIRES(mutex) {
    error = distrusted               ? kDistrusted
            : code == MOSQ_ERR_ERRNO ? std::strerror(errno)
                                     : mosquitto_strerror(code);
  }

  void on_connect(int code) {
    {
      const MutexLock lock(mutex);
      connected = code == 0;
      distrusted = false;
      was_connected = was_connected || connected;
      error = code == 0 ? "" : mosquitto_connack_string(code);
      retained.repeat();  // the broker may have lost them
    }
    if (code == 0) {
      log_info("mqtt: connected to {}:{}", options.host, options.port);
      // One that was not acknowledged is sent again by the library. Its delivery is heard of by this
      // thread, later.
      if (greetings.empty()) {
        int message = 0;
        mosquitto_publish(client.get(), &message, (options.topic + "/available").c_str(), 6,
                          "online", 1, true);
        greetings.insert(message);
      }
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
      if (code != 0) note_failure(code);
    }
    changed.notify_all();
  }
  void on_delivered(int message) {
    if (greetings.erase(message) > 0) return;
    {
      const MutexLock lock(mutex);
      ++delivered;
      in_flight = std::max(0, in_flight - 1);
    }
    changed.notify_all();
  }

  // For ever: the library's own thread gives up when a name cannot be resolved.
  void keep_connected() {
    seconds pause = kFirstPause;
    for (;;) {
      const int code = mosquitto_connect_async(client.get(), options.host.c_str(), options.port,
                                               kKeepAliveSeconds);
      const bool flooded = code == MOSQ_ERR_SUCCESS && stay_connected();
      if (flooded) forget_connection();
      MutexLock lock(mutex);
      if (stop) break;
      if (code != MOSQ_ERR_SUCCESS) note_failure(code);
      pause = was_connected && !flooded ? kFirstPause : std::min(2 * pause, kLongestPause);
      was_connected = false;
      if (changed.wait_for(lock, pause, [this]() OCTET_REQUIRES(mutex) { return stop; })) break;
    }
    say_goodbye();
  }

  // Until the connection or the program ends; true when the broker sent what nobody asked for.
  [[nodiscard]] bool stay_connected() {
    {
      const MutexLock lock(mutex);
      guard.begin(mosquitto_socket(client.get()), published);
    }
    int code = MOSQ_ERR_SUCCESS;
    while (code == MOSQ_ERR_SUCCESS && goes_on() && !was_refused())
      code = mosquitto_loop(client.get(), kBreathMs, 1);
    const MutexLock lock(mutex);
    if (code != MOSQ_ERR_SUCCESS) note_failure(code);  // on_disconnect does not hear of all
    return guard.end();
  }

  // Version 2.0.11 of the library does not see that a connection for TLS is refused: it returns at
  // once, without an error, for ever.
  [[nodiscard]] bool was_refused() {
    pollfd waiting{.fd = mosquitto_socket(client.get()), .events = 0, .revents = 0};
    if (::poll(&waiting, 1, 0) <= 0 || (waiting.revents & (POLLERR | POLLHUP)) == 0) return false;
    const MutexLock lock(mutex);
    if (connected) return false;
    error = std::strerror(ECONNREFUSED);
    return true;
  }

  // Both threads look at the guard: the network's may be busy with a single packet of 256 MB.
  [[nodiscard]] bool goes_on() {
    const MutexLock lock(mutex);
    guard.look(published);
    return !stop && !guard.flooded();
  }

  // The library keeps messages of a broker over connections; a new client has none.
  void forget_connection() {
    log_warning("mqtt: {}:{} sends what nobody asked for; it is left alone for a while",
                options.host, options.port);
    {
      const MutexLock lock(mutex);
      connected = false;
      error = "it sends what nobody asked for";
      outbox.lose(std::exchange(in_flight, 0));
    }
    greetings.clear();
    const MutexLock lock(client_mutex);
    if (mosquitto* fresh = mosquitto_new(nullptr, true, this); fresh != nullptr) {
      client.reset(fresh);
      set_up_client();
    }
  }

  void say_goodbye() {
    mosquitto_publish(client.get(), nullptr, (options.topic + "/available").c_str(), 7, "offline",
                      1, true);
    mosquitto_disconnect(client.get());
    const auto deadline = Clock::now() + seconds(1);
    while (Clock::now() < deadline &&
           mosquitto_loop(client.get(), kBreathMs, 1) == MOSQ_ERR_SUCCESS) {
    }
  }

  // Gives one message after another to the library, while it has room for them.
  void run() {
    MutexLock lock(mutex);
    for (;;) {
      const bool wanted = changed.wait_for(lock, kBetweenLooks, [this]() OCTET_REQUIRES(mutex) {
        return stop || (connected && in_flight < kInFlight && !outbox.empty());
      });
      if (stop) return;
      guard.look(published);
      if (!wanted) continue;
      ++in_flight;
      Outbox::Item next = outbox.take();
      lock.unlock();
      const int code = publish(next);
      lock.lock();
      if (code == MOSQ_ERR_SUCCESS || code == MOSQ_ERR_NO_CONN) continue;  // it sends it later
      in_flight = std::max(0, in_flight - 1);
      outbox.lose(1);
      error = mosquitto_strerror(code);
    }
  }

  int publish(Outbox::Item& item) {
    MqttMessage& message = item.message;
    if (item.result) {
      message.topic = source_topic(options, item.result->camera, "result");
      message.text = dump_json(to_json(*item.result));
    }
    const MutexLock lock(client_mutex);
    ++published;
    return mosquitto_publish(client.get(), nullptr, message.topic.c_str(),
                             static_cast<int>(message.text.size()), message.text.data(), 1,
                             message.retain);
  }

  void add(std::vector<MqttMessage> messages) OCTET_REQUIRES(mutex) {
    for (MqttMessage& message : messages) outbox.add(std::move(message));
  }

  Library library;
  MqttOptions options;
  Mutex client_mutex;  // while the client is used by the worker, or replaced
  std::unique_ptr<mosquitto, Destroy> client;
  std::atomic<int64_t> published = 0;
  mutable Mutex mutex;
  Condition changed;
  bool connected OCTET_GUARDED_BY(mutex) = false;
  bool was_connected OCTET_GUARDED_BY(mutex) = false;
  bool stop OCTET_GUARDED_BY(mutex) = false;
  std::string error OCTET_GUARDED_BY(mutex);
  bool distrusted OCTET_GUARDED_BY(mutex) = false;  // its certificate
  FloodGuard guard OCTET_GUARDED_BY(mutex);         // of the connection that there is
  std::set<int> greetings;                          // of the network's thread
  Outbox outbox OCTET_GUARDED_BY(mutex);
  RetainedMessages retained OCTET_GUARDED_BY(mutex);
  int in_flight OCTET_GUARDED_BY(mutex) = 0;
  int64_t delivered OCTET_GUARDED_BY(mutex) = 0;
  std::jthread worker, network;
};

Mqtt::Mqtt(const MqttOptions& options) : parts_(std::make_unique<Parts>(options)) {}
Mqtt::~Mqtt() = default;

void Mqtt::add(const SharedResult& result) {
  {
    const MutexLock lock(parts_->mutex);
    for (const RegionEvent& e : result->events) {
      std::string text = dump_json(ordered_json{{"captured", result->captured},
                                                {"event", event_name(e.kind)},
                                                {"region", e.region},
                                                {"name", e.class_name},
                                                {"track", e.track}});
      parts_->outbox.add({source_topic(parts_->options, result->camera, "event"), std::move(text)});
    }
    parts_->add(parts_->retained.update(*result));
    parts_->outbox.add(result);
  }
  parts_->changed.notify_all();
}

void Mqtt::add(const std::vector<CameraSummary>& cameras, const SiteChanges& changes) {
  {
    const MutexLock lock(parts_->mutex);
    parts_->add(parts_->retained.update(cameras, changes));
  }
  parts_->changed.notify_all();
}

void Mqtt::add_picture(const std::string& source, std::string jpeg) {
  {
    const MutexLock lock(parts_->mutex);
    const std::string topic = source_topic(parts_->options, source, "picture");
    if (parts_->retained.is_removed(topic)) return;
    parts_->outbox.add_picture(topic, std::move(jpeg));
  }
  parts_->changed.notify_all();
}

MqttStatus Mqtt::finish() {
  {
    MutexLock lock(parts_->mutex);
    parts_->changed.wait_for(lock, kFarewell, [this]() OCTET_REQUIRES(parts_->mutex) {
      return !parts_->connected || (parts_->outbox.empty() && parts_->in_flight == 0);
    });
  }
  return status();
}

MqttStatus Mqtt::status() const {
  const MutexLock lock(parts_->mutex);
  return {.connected = parts_->connected,
          .delivered = parts_->delivered,
          .waiting = static_cast<int64_t>(parts_->outbox.size()) + parts_->in_flight,
          .lost = parts_->outbox.lost(),
          .error = parts_->error};
}

}  // namespace octet
