// The table of connections. It decides which connection is dropped to make room, and which takes
// too long. It drops a connection by shutting its socket down, which its owner sees like any other
// end. One thread.
#pragma once

#include <chrono>
#include <map>

#include "serve/config/address.h"
#include "serve/http/transport/limits.h"

namespace octet {

class ConnectionTable {
 public:
  using Key = const void*;  // names a connection
  using Time = std::chrono::steady_clock::time_point;

  explicit ConnectionTable(const HttpLimits& limits) : limits_(limits) {}

  // `socket` belongs to the caller and is open until close(). Where the limits are reached, the
  // connection that has been at its step for longest is dropped; streams are not.
  void open(Key connection, int socket, const ClientAddress& from, Time now);
  void close(Key connection) { places_.erase(connection); }

  // Begins the next step: a request, its answer, or an image of a stream.
  void begin_step(Key connection, Time now) { places_.at(connection).since = now; }
  // The connection waits for this program until the next step, so its time does not count.
  void begin_wait(Key connection) { places_.at(connection).since = Time::max(); }
  // Until end_exchange(). False when there are too many.
  [[nodiscard]] bool begin_stream(Key connection);
  // Ends the exchange: the answer was sent, or the client is gone. The next request follows.
  void end_exchange(Key connection, Time now);

  void drop_overdue(Time now);
  // Whether the other side has gone, of a connection that nobody reads from at present.
  [[nodiscard]] bool is_gone(Key connection) const;

 private:
  struct Place {
    int socket = -1;
    ClientAddress from;
    Time since;
    bool stream = false, dropped = false;
  };
  static void drop(Place& place);
  template <typename Counts>
  void make_room(size_t limit, Counts counts);

  HttpLimits limits_;
  std::map<Key, Place> places_;
};

}  // namespace octet
