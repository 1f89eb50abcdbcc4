// A mutex, its lock and its condition, with annotations that clang checks at compile time: which
// member a mutex guards, which function needs it held. `make lint` runs the check; GCC ignores the
// annotations.
//
//   Mutex mutex_;
//   int count_ OCTET_GUARDED_BY(mutex_) = 0;
//   void add() { const MutexLock lock(mutex_); ++count_; }
//
// The check sees the predicate of a condition as a separate function, so it names the mutex again:
//   changed_.wait(lock, [this]() OCTET_REQUIRES(mutex_) { return count_ > 0; });
#pragma once

#include <condition_variable>
#include <mutex>
#include <utility>

#ifdef __clang__
#define OCTET_THREAD_ATTRIBUTE(x) __attribute__((x))
#else
#define OCTET_THREAD_ATTRIBUTE(x)
#endif
#define OCTET_GUARDED_BY(mutex) OCTET_THREAD_ATTRIBUTE(guarded_by(mutex))
#define OCTET_REQUIRES(mutex) OCTET_THREAD_ATTRIBUTE(requires_capability(mutex))
#define OCTET_UNCHECKED OCTET_THREAD_ATTRIBUTE(no_thread_safety_analysis)

namespace octet {

class OCTET_THREAD_ATTRIBUTE(capability("mutex")) Mutex {
 private:
  friend class MutexLock;
  std::mutex mutex_;
};

// Holds a mutex until it goes out of scope, or between unlock() and lock().
class OCTET_THREAD_ATTRIBUTE(scoped_lockable) MutexLock {
 public:
  explicit MutexLock(Mutex& mutex) OCTET_THREAD_ATTRIBUTE(acquire_capability(mutex))
      : lock_(mutex.mutex_) {}
  ~MutexLock() OCTET_THREAD_ATTRIBUTE(release_capability()) {}
  MutexLock(const MutexLock&) = delete;
  MutexLock& operator=(const MutexLock&) = delete;

  void unlock() OCTET_THREAD_ATTRIBUTE(release_capability()) { lock_.unlock(); }
  void lock() OCTET_THREAD_ATTRIBUTE(acquire_capability()) { lock_.lock(); }

 private:
  friend class Condition;
  std::unique_lock<std::mutex> lock_;
};

// std::condition_variable for a MutexLock. The waits return when the predicate is true. A timed
// wait also returns when its time is over, with the value of the predicate.
class Condition {
 public:
  void notify_one() { condition_.notify_one(); }
  void notify_all() { condition_.notify_all(); }

  template <typename Predicate>
  void wait(MutexLock& lock, Predicate predicate) OCTET_UNCHECKED {
    condition_.wait(lock.lock_, std::move(predicate));
  }
  template <typename Duration, typename Predicate>
  bool wait_for(MutexLock& lock, const Duration& at_most, Predicate predicate) OCTET_UNCHECKED {
    return condition_.wait_for(lock.lock_, at_most, std::move(predicate));
  }
  template <typename Time, typename Predicate>
  bool wait_until(MutexLock& lock, const Time& time, Predicate predicate) OCTET_UNCHECKED {
    return condition_.wait_until(lock.lock_, time, std::move(predicate));
  }

 private:
  std::condition_variable condition_;
};

}  // namespace octet
