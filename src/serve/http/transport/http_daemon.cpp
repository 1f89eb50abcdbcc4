#include "serve/http/transport/http_daemon.h"

#include <microhttpd.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstring>
#include <set>
#include <thread>

#include "core/error.h"
#include "core/log.h"
#include "serve/http/transport/connection_table.h"
#include "serve/http/transport/listen_socket.h"
#include "serve/http/transport/message.h"

namespace octet {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using Time = ConnectionTable::Time;

constexpr int kNice = 10;
constexpr seconds kBetweenLooks{1};
// From one turn of the loop to the next, at least. What comes in between is read at once: the library
// goes through an unfinished header line again in each turn, however few bytes have come.
constexpr milliseconds kBetweenTurns{1};
constexpr size_t kBlock = 16 << 10;  // bytes of a live body at a time

Time now() { return std::chrono::steady_clock::now(); }

// What select() waits for, and what came. Of the library's ways to wait it is the one in which a
// handshake that hangs costs no time: with epoll the loop would turn until it ends.
struct Events {
  fd_set readable{}, writable{}, urgent{};
};

struct StopDaemon {
  void operator()(MHD_Daemon* daemon) const { ::MHD_stop_daemon(daemon); }
};

}  // namespace

// The members are of the loop's thread alone, but for `wake_` and `stopping_`.
class HttpDaemon::Loop {
 public:
  Loop(const HttpDaemonOptions& options, HttpHandler& handler)
      : options_(options),
        handler_(handler),
        table_(options.limits),
        wake_(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {
    start();
    thread_ = std::jthread([this] { run(); });
  }
  ~Loop() {
    stopping_ = true;
    wake();
  }
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  void wake() const {
    const uint64_t one = 1;
    // It cannot fail in a way that matters: a counter that is full wakes as well.
    (void)!::write(wake_.get(), &one, sizeof(one));
  }
  [[nodiscard]] int port() const { return port_; }

 private:
  struct Exchange {
    Loop* loop = nullptr;
    MHD_Connection* connection = nullptr;
    ReceivedRequest received;
    std::optional<HttpAnswer> answer;  // known, and not yet on its way
    std::function<LivePiece()> live;
    LivePiece piece;  // of `live`, of which `sent` bytes are on their way
    size_t sent = 0;
    bool gone = false;  // the client, while the exchange was put aside
  };

  void start();
  void run();
  // Whether wake() was called.
  [[nodiscard]] bool wait_for_events(Time until, Events& events) const;
  void ask_those_put_aside(bool look);
  void put_aside(Exchange& e);
  [[nodiscard]] bool can_go_on(Exchange& e, bool look);

  [[nodiscard]] std::optional<HttpAnswer> ask(const HttpRequest& request, bool complete);
  void fetch_piece(Exchange& e);
  MHD_Result begin(MHD_Connection* connection, const char* method, const char* path, void** state);
  MHD_Result complete(Exchange& e);
  MHD_Result send(Exchange& e);
  [[nodiscard]] Response response_to(Exchange& e);
  ssize_t read_live(Exchange& e, char* to, size_t room);

  // What libmicrohttpd calls; nothing may be thrown through it.
  static MHD_Result on_request(void* loop, MHD_Connection* connection, const char* path,
                               const char* method, const char* version, const char* bytes,
                               size_t* count, void** state) noexcept;
  static ssize_t on_live(void* exchange, uint64_t position, char* to, size_t room) noexcept;
  static void on_connection(void* loop, MHD_Connection* connection, void** state,
                            MHD_ConnectionNotificationCode what) noexcept;
  static void on_completed(void* loop, MHD_Connection* connection, void** state,
                           MHD_RequestTerminationCode why) noexcept;

  HttpDaemonOptions options_;
  HttpHandler& handler_;
  ConnectionTable table_;
  CompressedFiles files_;
  std::set<Exchange*> aside_;  // suspended: nothing can be sent yet
  int port_ = 0;
  OwnedDescriptor wake_;
  std::atomic<bool> stopping_ = false;
  std::unique_ptr<MHD_Daemon, StopDaemon> daemon_;
  std::jthread thread_;  // the last member: it uses the others
};

void HttpDaemon::Loop::start() {
  OwnedDescriptor socket = listen_on(options_.endpoint, options_.limits.socket_bytes);
  port_ = port_of(socket);
  if (std::max(socket.get(), wake_.get()) >= FD_SETSIZE || wake_.get() < 0)
    fail("--http {}: {} files are open already", options_.endpoint.host, FD_SETSIZE);
  unsigned flags = MHD_ALLOW_SUSPEND_RESUME;
  std::vector<MHD_OptionItem> tls;
  if (options_.tls) {
    flags |= MHD_USE_TLS;
    tls = {{MHD_OPTION_HTTPS_MEM_CERT, 0, options_.tls->certificate.data()},
           {MHD_OPTION_HTTPS_MEM_KEY, 0, options_.tls->key.data()},
           {MHD_OPTION_HTTPS_PRIORITIES, 0,
            const_cast<char*>("NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2")}};
  }
  tls.push_back({MHD_OPTION_END, 0, nullptr});
  const HttpLimits& limits = options_.limits;
  // The table drops connections beyond the limit; those count until they are closed.
  const auto most = static_cast<unsigned>(2 * limits.connections);
  daemon_.reset(::MHD_start_daemon(flags, 0, nullptr, nullptr, &Loop::on_request, this,          //
                                   MHD_OPTION_LISTEN_SOCKET, socket.get(),                       //
                                   MHD_OPTION_CONNECTION_LIMIT, most,                            //
                                   MHD_OPTION_CONNECTION_MEMORY_LIMIT, limits.connection_bytes,  //
                                   MHD_OPTION_CONNECTION_TIMEOUT,
                                   static_cast<unsigned>(limits.silence.count()),             //
                                   MHD_OPTION_STRICT_FOR_CLIENT, 1,                           //
                                   MHD_OPTION_NOTIFY_CONNECTION, &Loop::on_connection, this,  //
                                   MHD_OPTION_NOTIFY_COMPLETED, &Loop::on_completed, this,    //
                                   MHD_OPTION_ARRAY, tls.data(), MHD_OPTION_END));
  if (!daemon_) fail("--http {}: the server cannot be started", options_.endpoint.host);
  (void)socket.release();  // the daemon's from now on
}

void HttpDaemon::Loop::run() {
  ::setpriority(PRIO_PROCESS, static_cast<id_t>(::gettid()), kNice);
  Time next_look = now() + kBetweenLooks;
  Time turn{};
  while (!stopping_) {
    std::this_thread::sleep_until(turn + kBetweenTurns);
    turn = now();
    Events events;
    const bool woken = wait_for_events(next_look, events);
    const bool look = now() >= next_look;
    if (woken || look) ask_those_put_aside(look);
    ::MHD_run_from_select(daemon_.get(), &events.readable, &events.writable, &events.urgent);
    if (!look) continue;
    table_.drop_overdue(now());
    next_look = now() + kBetweenLooks;
  }
  for (Exchange* e : aside_)
    ::MHD_resume_connection(e->connection);  // else it could not be stopped
  aside_.clear();
  daemon_.reset();
}

bool HttpDaemon::Loop::wait_for_events(Time until, Events& events) const {
  int highest = wake_.get();
  FD_SET(wake_.get(), &events.readable);
  ::MHD_get_fdset(daemon_.get(), &events.readable, &events.writable, &events.urgent, &highest);
  auto at_most = std::chrono::ceil<milliseconds>(until - now());
  MHD_UNSIGNED_LONG_LONG due = 0;
  if (::MHD_get_timeout(daemon_.get(), &due) == MHD_YES)
    at_most = std::min(at_most, milliseconds(due));
  const auto left = std::chrono::microseconds(std::max(at_most, milliseconds(0))).count();
  timeval timeout{.tv_sec = left / 1'000'000, .tv_usec = left % 1'000'000};
  const int count =
      ::select(highest + 1, &events.readable, &events.writable, &events.urgent, &timeout);
  if (count < 0) events = {};  // a signal came
  if (!FD_ISSET(wake_.get(), &events.readable)) return false;
  uint64_t wishes = 0;
  return ::read(wake_.get(), &wishes, sizeof(wishes)) == sizeof(wishes);
}

void HttpDaemon::Loop::put_aside(Exchange& e) {
  table_.begin_wait(e.connection);
  aside_.insert(&e);
  ::MHD_suspend_connection(e.connection);
}

bool HttpDaemon::Loop::can_go_on(Exchange& e, bool look) {
  e.gone = look && table_.is_gone(e.connection);
  if (e.gone) return true;
  if (!e.live) {
    e.answer = ask(e.received.request, true);
    return e.answer.has_value();
  }
  fetch_piece(e);
  return e.piece.ended || e.piece.bytes;
}

void HttpDaemon::Loop::ask_those_put_aside(bool look) {
  for (auto at = aside_.begin(); at != aside_.end();) {
    Exchange& e = **at;
    if (!can_go_on(e, look)) {
      ++at;
      continue;
    }
    at = aside_.erase(at);
    table_.begin_step(e.connection, now());
    ::MHD_resume_connection(e.connection);
  }
}

std::optional<HttpAnswer> HttpDaemon::Loop::ask(const HttpRequest& request, bool complete) {
  try {
    return complete ? handler_.answer(request) : handler_.refuse(request);
  } catch (const std::exception& e) {
    log_warning("--http: a request failed: {}", e.what());
    return error_answer(500, "it failed inside");
  }
}

void HttpDaemon::Loop::fetch_piece(Exchange& e) {
  e.sent = 0;
  try {
    e.piece = e.live();
  } catch (const std::exception& error) {
    log_warning("--http: a stream failed: {}", error.what());
    e.piece = {.bytes = {}, .ended = true};
  }
}

MHD_Result HttpDaemon::Loop::begin(MHD_Connection* connection, const char* method, const char* path,
                                   void** state) {
  auto e = std::make_unique<Exchange>();
  e->loop = this;
  e->connection = connection;
  e->received = read_request(connection, method, path, options_.limits);
  const auto* info = ::MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
  e->received.request.from = client_address(info->client_addr);
  table_.begin_step(connection, now());
  e->answer = e->received.unreadable;
  if (!e->answer) e->answer = ask(e->received.request, false);
  Exchange& begun = *e;
  *state = e.release();  // on_completed() takes it back
  if (!begun.received.unreadable) return MHD_YES;
  begun.answer->headers.emplace_back("Connection", "close");
  return send(begun);
}

MHD_Result HttpDaemon::Loop::complete(Exchange& e) {
  if (e.gone) return MHD_NO;
  if (!e.answer) e.answer = ask(e.received.request, true);
  if (e.answer) return send(e);
  put_aside(e);
  return MHD_YES;
}

MHD_Result HttpDaemon::Loop::send(Exchange& e) {
  if (e.answer->live && !table_.begin_stream(e.connection))
    e.answer = error_answer(503, "too many look at pictures already");
  encode_body(*e.answer, e.received, files_);
  const Response response = response_to(e);
  if (!response) return MHD_NO;
  if (!e.answer->type.empty()) add_header(response.get(), "Content-Type", e.answer->type);
  for (const auto& [name, value] : options_.headers) add_header(response.get(), name, value);
  for (const auto& [name, value] : e.answer->headers) add_header(response.get(), name, value);
  const auto status = static_cast<unsigned>(e.answer->status);
  e.live = std::move(e.answer->live);
  e.answer.reset();
  return ::MHD_queue_response(e.connection, status, response.get());
}

Response HttpDaemon::Loop::response_to(Exchange& e) {
  if (!e.answer->live) return make_response(*e.answer);
  return Response(
      ::MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, kBlock, &Loop::on_live, &e, nullptr));
}

// A client that is slow gets, after a piece, the newest one, and none of those in between.
ssize_t HttpDaemon::Loop::read_live(Exchange& e, char* to, size_t room) {
  if (stopping_ || e.gone) return MHD_CONTENT_READER_END_WITH_ERROR;
  if (!e.piece.bytes && !e.piece.ended) fetch_piece(e);
  if (e.piece.ended) return MHD_CONTENT_READER_END_OF_STREAM;
  if (!e.piece.bytes) {
    put_aside(e);
    return 0;
  }
  if (e.sent == 0) table_.begin_step(e.connection, now());
  const size_t count = std::min(room, e.piece.bytes->size() - e.sent);
  std::memcpy(to, e.piece.bytes->data() + e.sent, count);
  e.sent += count;
  if (e.sent == e.piece.bytes->size()) e.piece.bytes.reset();
  return static_cast<ssize_t>(count);
}

MHD_Result HttpDaemon::Loop::on_request(void* loop, MHD_Connection* connection, const char* path,
                                        const char* method, const char*, const char* bytes,
                                        size_t* count, void** state) noexcept {
  try {
    auto* e = static_cast<Exchange*>(*state);
    if (e == nullptr) return static_cast<Loop*>(loop)->begin(connection, method, path, state);
    if (*count == 0) return e->loop->complete(*e);
    if (!e->answer) e->received.request.body.append(bytes, *count);
    *count = 0;  // the body of a refused request is read and forgotten
    return MHD_YES;
  } catch (const std::exception&) {
    return MHD_NO;  // no memory: the connection is closed
  }
}

ssize_t HttpDaemon::Loop::on_live(void* exchange, uint64_t, char* to, size_t room) noexcept {
  auto& e = *static_cast<Exchange*>(exchange);
  return e.loop->read_live(e, to, room);
}

void HttpDaemon::Loop::on_connection(void* loop, MHD_Connection* connection, void**,
                                     MHD_ConnectionNotificationCode what) noexcept {
  ConnectionTable& table = static_cast<Loop*>(loop)->table_;
  if (what == MHD_CONNECTION_NOTIFY_CLOSED) return table.close(connection);
  const auto* socket = ::MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
  const auto* address = ::MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
  table.open(connection, socket->connect_fd, client_address(address->client_addr), now());
}

void HttpDaemon::Loop::on_completed(void* loop, MHD_Connection* connection, void** state,
                                    MHD_RequestTerminationCode) noexcept {
  const std::unique_ptr<Exchange> done(static_cast<Exchange*>(std::exchange(*state, nullptr)));
  static_cast<Loop*>(loop)->aside_.erase(done.get());
  static_cast<Loop*>(loop)->table_.end_exchange(connection, now());
}

HttpDaemon::HttpDaemon(const HttpDaemonOptions& options, HttpHandler& handler)
    : loop_(std::make_unique<Loop>(options, handler)) {}
HttpDaemon::~HttpDaemon() = default;

int HttpDaemon::port() const { return loop_->port(); }
void HttpDaemon::wake() { loop_->wake(); }

}  // namespace octet
