#include "serve/http/transport/connection_table.h"

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>

namespace octet {

void ConnectionTable::drop(Place& place) {
  place.dropped = true;
  ::shutdown(place.socket, SHUT_RDWR);
}

// Among those of the table that count, of which there may be no more than `limit`.
template <typename Counts>
void ConnectionTable::make_room(size_t limit, Counts counts) {
  size_t count = 0;
  Place* oldest = nullptr;
  for (auto& [key, place] : places_) {
    if (place.dropped || !counts(place)) continue;
    ++count;
    if (!place.stream && (oldest == nullptr || place.since < oldest->since)) oldest = &place;
  }
  if (count >= limit && oldest != nullptr) drop(*oldest);
}

void ConnectionTable::open(Key connection, int socket, const ClientAddress& from, Time now) {
  make_room(limits_.connections_per_address, [&](const Place& p) { return p.from == from; });
  make_room(limits_.connections, [](const Place&) { return true; });
  places_[connection] = {.socket = socket, .from = from, .since = now};
}

bool ConnectionTable::begin_stream(Key connection) {
  const auto streams = std::count_if(places_.begin(), places_.end(), [](const auto& entry) {
    return entry.second.stream && !entry.second.dropped;
  });
  if (static_cast<size_t>(streams) >= limits_.streams) return false;
  places_.at(connection).stream = true;
  return true;
}

void ConnectionTable::end_exchange(Key connection, Time now) {
  Place& place = places_.at(connection);
  place.since = now;
  place.stream = false;
}

void ConnectionTable::drop_overdue(Time now) {
  for (auto& [key, place] : places_) {
    if (!place.dropped && place.since < now - limits_.step) drop(place);
  }
}

bool ConnectionTable::is_gone(Key connection) const {
  pollfd events{.fd = places_.at(connection).socket, .events = POLLRDHUP, .revents = 0};
  return ::poll(&events, 1, 0) > 0;
}

}  // namespace octet
