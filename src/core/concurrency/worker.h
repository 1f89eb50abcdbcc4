// A thread that repeats one piece of work. start() wakes it, and wait() waits until the work is
// done. A run allocates nothing. One thread at a time may call start() and wait().
//
//   Worker worker([&] { infer(); });
//   worker.start();
//   decode_next_frame();
//   worker.wait();  // throws the exception of infer(), if there was one
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
  // Waits for the current run. An exception of it is discarded.
  ~Worker() {
    const MutexLock lock(mutex_);
    end_ = true;
    changed_.notify_all();
  }
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  // Runs the work once. Waits first for an earlier run that is still active.
  void start() {
    MutexLock lock(mutex_);
    changed_.wait(lock, [this]() OCTET_REQUIRES(mutex_) { return !busy_; });
    error_ = nullptr;
    busy_ = true;
    changed_.notify_all();
  }

  // Returns when the last run has ended, and throws its exception. Returns at once without a run.
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
