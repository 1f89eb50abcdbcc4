// The threads that answer requests.
#pragma once

#include <httplib.h>
#include <sys/resource.h>
#include <unistd.h>

#include <functional>
#include <thread>
#include <vector>

#include "core/concurrency/queue.h"

namespace octet {

// As many as there may be viewers, since each keeps one. Whoever comes when all are taken waits
// outside, in the system's own short queue, so that no number of connections takes the descriptors
// that cameras and files need. They step back for detection: looking never costs results.
class Workers : public httplib::TaskQueue {
 public:
  explicit Workers(size_t count) : waiting_(1) {
    while (threads_.size() < count) threads_.emplace_back([this] { work(); });
  }

  void enqueue(std::function<void()> answer) override { waiting_.push(std::move(answer)); }

  void shutdown() override {
    waiting_.close();
    threads_.clear();
  }

 private:
  static constexpr int kNice = 10;

  void work() {
    ::setpriority(PRIO_PROCESS, static_cast<id_t>(::gettid()), kNice);
    while (auto answer = waiting_.pop()) (*answer)();
  }

  BoundedQueue<std::function<void()>> waiting_;
  std::vector<std::jthread> threads_;
};

}  // namespace octet
