#include "core/concurrency/worker.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <set>
#include <stdexcept>

namespace octet {
namespace {

TEST(Worker, RunsOnOneThreadAsOftenAsItIsStarted) {
  constexpr int kRuns = 20000;
  int runs = 0;
  std::set<std::thread::id> threads;
  Worker worker([&] {
    ++runs;
    threads.insert(std::this_thread::get_id());
  });
  for (int i = 0; i < kRuns; ++i) {
    worker.start();
    worker.wait();
    ASSERT_EQ(runs, i + 1);
  }
  EXPECT_EQ(threads.size(), 1U);
  EXPECT_FALSE(threads.contains(std::this_thread::get_id()));
}

TEST(Worker, ThrowsInWaitWhatTheWorkThrewAndGoesOn) {
  int runs = 0;
  Worker worker([&] {
    if (++runs % 2 == 1) throw std::runtime_error("odd");
  });
  for (int i = 0; i < 10; ++i) {
    worker.start();
    EXPECT_THROW(worker.wait(), std::runtime_error);
    EXPECT_NO_THROW(worker.wait()) << "once";
    worker.start();
    EXPECT_NO_THROW(worker.wait());
  }
  EXPECT_EQ(runs, 20);
}

TEST(Worker, EndsWhileIdleAndWhileItRuns) {
  {
    const Worker idle([] {});
  }
  std::atomic<bool> done = false;
  {
    Worker running([&] {
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
      done = true;
    });
    running.start();
  }
  EXPECT_TRUE(done) << "the run was waited for";
  {
    Worker failing([] { throw std::runtime_error("nobody waits"); });
    failing.start();
  }
}

TEST(Worker, AStartWaitsForTheRunBefore) {
  std::atomic<int> at_once = 0, most = 0, runs = 0;
  Worker worker([&] {
    most = std::max(most.load(), ++at_once);
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
    --at_once;
    ++runs;
  });
  for (int i = 0; i < 20; ++i) worker.start();
  worker.wait();
  EXPECT_EQ(most, 1);
  EXPECT_EQ(runs, 20);
}

}  // namespace
}  // namespace octet
