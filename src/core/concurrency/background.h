// Work that must not delay detection. It runs on a thread of its own behind a bounded queue. An
// item that does not fit is dropped and counted. An item that fails is logged and counted.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <string>
#include <thread>
#include <utility>

#include "core/concurrency/queue.h"
#include "core/log.h"

namespace octet {

template <typename Item>
class Background {
 public:
  Background(std::string name, size_t capacity, std::function<void(Item&)> work)
      : name_(std::move(name)),
        work_(std::move(work)),
        queue_(capacity),
        thread_([this] { run(); }) {}
  ~Background() { queue_.close(); }
  Background(const Background&) = delete;
  Background& operator=(const Background&) = delete;

  void offer(Item item) {
    if (!queue_.try_push(item)) ++lost_;
  }
  // Waits until the queue has room. For files, of which no frame may be dropped.
  void add(Item item) { queue_.push(std::move(item)); }
  // Finishes the queued items and ends the thread. Returns a sentence about the lost items, or an
  // empty text.
  [[nodiscard]] std::string finish() {
    queue_.close();
    thread_.join();
    if (lost_ == 0) return {};
    return fmt::format("{}: {} lost{}{}", name_, lost_.load(), error_.empty() ? "" : ": ", error_);
  }

 private:
  void run() {
    while (auto item = queue_.pop()) {
      try {
        work_(*item);
      } catch (const std::exception& e) {
        ++lost_;
        error_ = e.what();
        log_warning("{}: {} ({} lost so far)", name_, error_, lost_.load());
      }
    }
  }

  std::string name_;
  std::function<void(Item&)> work_;
  BoundedQueue<Item> queue_;
  std::atomic<int64_t> lost_ = 0;
  std::string error_;    // of the last item that failed
  std::jthread thread_;  // the last member: it uses all the others
};

}  // namespace octet
