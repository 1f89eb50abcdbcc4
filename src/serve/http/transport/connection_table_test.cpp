#include "serve/http/transport/connection_table.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>

namespace octet {
namespace {

using std::chrono::seconds;

TEST(ConnectionTable, WhoHasBeenThereLongestGoes) {
  HttpLimits limits;
  limits.connections = 3;
  limits.connections_per_address = 2;
  limits.streams = 1;
  ConnectionTable table(limits);
  std::array<std::array<int, 2>, 6> pairs{};
  for (auto& pair : pairs) ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM, 0, pair.data()), 0);
  const ClientAddress a{{1}}, b{{2}}, c{{3}};
  const ConnectionTable::Time start{};
  const auto open = [&](size_t i, const ClientAddress& from) {
    table.open(&pairs[i], pairs[i][0], from, start + seconds(i));
  };
  open(0, a);
  EXPECT_TRUE(table.begin_stream(&pairs[0]));
  open(1, a);
  EXPECT_FALSE(table.begin_stream(&pairs[1]));
  open(2, a);  // a has two already; its stream stays
  EXPECT_FALSE(table.is_gone(&pairs[0]));
  EXPECT_TRUE(table.is_gone(&pairs[1]));
  open(3, b);
  table.begin_step(&pairs[2], start + seconds(10));
  open(4, c);  // three are there: the oldest step is that of 3
  EXPECT_TRUE(table.is_gone(&pairs[3]));
  EXPECT_FALSE(table.is_gone(&pairs[2]));
  table.begin_wait(&pairs[4]);
  table.drop_overdue(start + seconds(10) + limits.step);
  EXPECT_TRUE(table.is_gone(&pairs[0])) << "a picture that nobody takes";
  EXPECT_FALSE(table.is_gone(&pairs[2])) << "it has until then";
  EXPECT_FALSE(table.is_gone(&pairs[4])) << "it waits for us";
  for (const auto& pair : pairs) {
    ::close(pair[0]);
    ::close(pair[1]);
  }
}

}  // namespace
}  // namespace octet
