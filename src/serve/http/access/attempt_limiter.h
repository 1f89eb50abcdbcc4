// Limits wrong tokens of an address: ten in a row, then one every six seconds. Memory is bounded
// for any number of addresses. One thread.
#pragma once

#include <chrono>
#include <map>

#include "serve/config/address.h"

namespace octet {

class AttemptLimiter {
 public:
  using Time = std::chrono::steady_clock::time_point;
  static constexpr int kInARow = 10;
  static constexpr std::chrono::seconds kEvery{6};
  static constexpr size_t kAddresses = 1024;  // of which wrong tokens are remembered

  // The time until the address may try again; zero: at once.
  [[nodiscard]] std::chrono::seconds wait(const ClientAddress& from, Time now) const;
  void failed(const ClientAddress& from, Time now);

 private:
  void make_room(Time now);

  std::map<ClientAddress, Time> forgotten_;  // by address: when its failures will be forgotten
};

}  // namespace octet
