// A thread that does one piece of work again and again: start() wakes it, wait() waits for its end.
// Nothing is allocated a run. start() and wait() belong to one thread at a time.
#pragma once

#include <exception>
#include <functional>
#include <thread>
#include <utility>

#include "core/mutex.h"

namespace octet {

class Worker {
 public:
  explicit Worker(std::function<void()> work)
      : work_(std::move(work)), thread_([this] { loop(); }) {}
  // Waits for a run that is under way; what it throws is lost.
  ~Worker() {
    const MutexLock lock(mutex_);
    end_ = true;
    changed_.notify_all();
  }
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  // Runs the work once. A run that nobody waited for is waited for first.
  void start() {
    MutexLock lock(mutex_);
    changed_.wait(lock, [this]() OCTET_REQUIRES(mutex_) { return !busy_; });
    error_ = nullptr;
    busy_ = true;
    changed_.notify_all();
  }

  // Returns when the last run has ended, and throws what it threw. Without a run: at once.
  void wait() {
    MutexLock lock(mutex_);
    changed_.wait(lock, [this]() OCTET_REQUIRES(mutex_) { return !busy_; });
    if (error_) std::rethrow_exception(std::exchange(error_, nullptr));
  }

 private:
  void loop() {
    MutexLock lock(mutex_);
    for (;;) {
      changed_.wait(lock, [this]() OCTET_REQUIRES(mutex_) { return busy_ || end_; });
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
  Mutex mutex_;
  Condition changed_;
  bool busy_ OCTET_GUARDED_BY(mutex_) = false;
  bool end_ OCTET_GUARDED_BY(mutex_) = false;
  std::exception_ptr error_ OCTET_GUARDED_BY(mutex_);
  std::jthread thread_;  // the last member: it uses all the others
};

}  // namespace octet
