#include "serve/mqtt/mqtt.h"

#include <fcntl.h>
#include <linux/tcp.h>
#include <mosquitto.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstddef>
#include <cstdint>
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
#include "core/text/clean_text.h"
#include "core/text/json_text.h"

namespace octet {
namespace {

constexpr const char* kSystemAuthorities = "/etc/ssl/certs";
constexpr const char* kDistrusted =
    "its certificate has expired, is for another name, or is signed by nobody that "
    "--tls-ca or the system holds";

using nlohmann::ordered_json;
using std::chrono::seconds;

constexpr size_t kResultsWaiting = 1024, kNoticesWaiting = 1024;
constexpr int kInFlight = 20;  // given to the library and not yet acknowledged
constexpr int kKeepAliveSeconds = 20;
constexpr int kBreathMs = 100;
constexpr seconds kFirstPause{1}, kLongestPause{30};  // between attempts
constexpr seconds kFarewell{2};

// What a broker may send on one connection. octet subscribes to nothing: there are acknowledgements of
// what was published, pings, and the beginning of TLS. The library keeps whatever else comes.
constexpr int64_t kUnasked = 64 << 10, kForAMessage = 256, kForASecond = 64;  // bytes
constexpr std::chrono::milliseconds kBetweenLooks{25};
// So that a large packet is seen before it is there. Less than two segments of the loopback device would
// make its sender wait for longer and longer.
constexpr int kReceiveBuffer = 128 << 10;

// Bytes that came in on a connection; 0 where there is none.
int64_t received_bytes(int socket) {
  tcp_info info{};
  socklen_t size = sizeof(info);
  if (::getsockopt(socket, IPPROTO_TCP, TCP_INFO, &info, &size) != 0) return 0;
  const bool known = size >= offsetof(tcp_info, tcpi_bytes_received) + sizeof(__u64);
  return known ? static_cast<int64_t>(info.tcpi_bytes_received) : 0;
}

struct Library {
  Library() { mosquitto_lib_init(); }
  ~Library() { mosquitto_lib_cleanup(); }
};

struct Destroy {
  void operator()(mosquitto* client) const { mosquitto_destroy(client); }
};

// What is watched of the connection there is.
struct BrokerConnection {
  int socket = -1;  // a second descriptor of it; -1: there is none
  int64_t published_before = 0;
  Clock::time_point since;
  bool flooded = false;
};

struct Notice {
  std::string topic, text;
  bool retain = false;
};

}  // namespace

struct Mqtt::Parts {
  explicit Parts(const MqttOptions& o) : options(o), client(mosquitto_new(nullptr, true, this)) {
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
      states.clear();  // retained ones may be of somebody else by now
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
    const int socket = mosquitto_socket(client.get());
    ::setsockopt(socket, SOL_SOCKET, SO_RCVBUF, &kReceiveBuffer, sizeof(kReceiveBuffer));
    {
      const MutexLock lock(mutex);
      connection = {.socket = ::fcntl(socket, F_DUPFD_CLOEXEC, 0),
                    .published_before = published,
                    .since = Clock::now()};
    }
    int code = MOSQ_ERR_SUCCESS;
    while (code == MOSQ_ERR_SUCCESS && goes_on() && !was_refused())
      code = mosquitto_loop(client.get(), kBreathMs, 1);
    const MutexLock lock(mutex);
    if (code != MOSQ_ERR_SUCCESS) note_failure(code);  // on_disconnect does not hear of all
    ::close(connection.socket);
    return std::exchange(connection, {}).flooded;
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

  [[nodiscard]] bool goes_on() {
    const MutexLock lock(mutex);
    cut_flood();
    return !stop && !connection.flooded;
  }

  // Ends a connection on which more came in than was asked for. Both threads look: the network's may
  // be busy with a single packet of 256 MB.
  void cut_flood() OCTET_REQUIRES(mutex) {
    if (connection.socket < 0) return;
    const auto whole_seconds =
        std::chrono::duration_cast<seconds>(Clock::now() - connection.since).count();
    const int64_t asked = kUnasked + kForAMessage * (published - connection.published_before) +
                          kForASecond * whole_seconds;
    if (received_bytes(connection.socket) <= asked) return;
    ::shutdown(connection.socket, SHUT_RDWR);
    connection.flooded = true;
  }

  // The library keeps messages of a broker over connections; a new client has none.
  void forget_connection() {
    log_warning("mqtt: {}:{} sends what nobody asked for; it is left alone for a while",
                options.host, options.port);
    {
      const MutexLock lock(mutex);
      connected = false;
      error = "it sends what nobody asked for";
      lost += std::exchange(in_flight, 0);
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
        return stop ||
               (connected && in_flight < kInFlight && (!results.empty() || !notices.empty()));
      });
      if (stop) return;
      cut_flood();
      if (!wanted) continue;
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
        notice = {topic(result->camera, "result"), dump_json(to_json(*result))};
      }
      const int code = publish(notice);
      lock.lock();
      if (code == MOSQ_ERR_SUCCESS || code == MOSQ_ERR_NO_CONN) continue;  // it sends it later
      in_flight = std::max(0, in_flight - 1);
      ++lost;
      error = mosquitto_strerror(code);
    }
  }

  int publish(const Notice& notice) {
    const MutexLock lock(client_mutex);
    ++published;
    return mosquitto_publish(client.get(), nullptr, notice.topic.c_str(),
                             static_cast<int>(notice.text.size()), notice.text.data(), 1,
                             notice.retain);
  }

  [[nodiscard]] std::string topic(const std::string& camera, const char* what) const {
    return fmt::format("{}/{}/{}", options.topic, escaped_name(camera), what);
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
  BrokerConnection connection OCTET_GUARDED_BY(mutex);
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
      const std::string text = dump_json(ordered_json{{"captured", result->captured},
                                                      {"event", event_name(e.kind)},
                                                      {"region", e.region},
                                                      {"name", e.class_name},
                                                      {"track", e.track}});
      parts_->add({parts_->topic(result->camera, "event"), text});
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
      const std::string text = dump_json(
          ordered_json{{"state", camera_state_name(c.status.state)}, {"error", c.status.error}});
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
