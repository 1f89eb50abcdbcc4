// How often an address may bring a wrong token: ten times in a row, and then once every six seconds.
// Memory is bounded, however many addresses try. For one thread.
#pragma once

#include <chrono>
#include <map>

#include "serve/http/access/address.h"

namespace octet {

class AttemptLimiter {
 public:
  using Time = std::chrono::steady_clock::time_point;
  static constexpr int kInARow = 10;
  static constexpr std::chrono::seconds kEvery{6};
  static constexpr size_t kAddresses = 1024;  // of which wrong tokens are remembered

  // Until the address may try again; zero: it may.
  [[nodiscard]] std::chrono::seconds wait(const ClientAddress& from, Time now) const;
  void failed(const ClientAddress& from, Time now);

 private:
  void make_room(Time now);

  std::map<ClientAddress, Time> forgotten_;  // by address: when its failures will be forgotten
};

}  // namespace octet
