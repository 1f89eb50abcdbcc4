// A thread that does one piece of work again and again: start() wakes it, wait() waits for its end.
// Nothing is allocated a run. start() and wait() belong to one thread at a time.
#pragma once

#include <condition_variable>
#include <exception>
#include <functional>
#include <mutex>
#include <thread>
#include <utility>

namespace octet {

class Worker {
 public:
  explicit Worker(std::function<void()> work)
      : work_(std::move(work)), thread_([this] { loop(); }) {}
  // Waits for a run that is under way; what it throws is lost.
  ~Worker() {
    const std::scoped_lock lock(mutex_);
    end_ = true;
    changed_.notify_all();
  }
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  // Runs the work once. A run that nobody waited for is waited for first.
  void start() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return !busy_; });
    error_ = nullptr;
    busy_ = true;
    changed_.notify_all();
  }

  // Returns when the last run has ended, and throws what it threw. Without a run: at once.
  void wait() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return !busy_; });
    if (error_) std::rethrow_exception(std::exchange(error_, nullptr));
  }

 private:
  void loop() {
    std::unique_lock lock(mutex_);
    for (;;) {
      changed_.wait(lock, [this] { return busy_ || end_; });
      if (!busy_) return;
      lock.unlock();
      std::exception_ptr error;
      try {
        work_();
      } catch (...) {  // thrown again by wait()
        error = std::current_exception();
      }
      lock.lock();
      error_ = std::move(error);
      busy_ = false;
      changed_.notify_all();
    }
  }

  std::function<void()> work_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool busy_ = false, end_ = false;
  std::exception_ptr error_;
  std::jthread thread_;  // the last member: it uses all the others
};

}  // namespace octet
