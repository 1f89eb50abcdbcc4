// A bounded queue between two pipeline stages, on a ring that is allocated once. push() waits while
// it is full, pop() while it is empty. close() ends both: pop() still returns the queued items, and
// then nothing. Any number of threads on either side.
#pragma once

#include <cstddef>
#include <optional>
#include <utility>
#include <vector>

#include "core/mutex.h"
namespace octet {

template <typename T>
class BoundedQueue {
 public:
  explicit BoundedQueue(size_t capacity) : ring_(capacity) {}

  // Returns false when the queue was closed. The item was then not queued.
  bool push(T item) {
    MutexLock lock(mutex_);
    has_room_.wait(lock,
                   [this]() OCTET_REQUIRES(mutex_) { return closed_ || count_ < ring_.size(); });
    if (closed_) return false;
    put(std::move(item));
    return true;
  }

  // Never waits. Returns false, and leaves the item unchanged, when the queue is full or closed.
  bool try_push(T& item) {
    const MutexLock lock(mutex_);
    if (closed_ || count_ == ring_.size()) return false;
    put(std::move(item));
    return true;
  }

  [[nodiscard]] std::optional<T> pop() {
    MutexLock lock(mutex_);
    has_item_.wait(lock, [this]() OCTET_REQUIRES(mutex_) { return closed_ || count_ > 0; });
    if (count_ == 0) return std::nullopt;
    T item = take();
    has_room_.notify_one();
    return item;
  }

  void close() {
    const MutexLock lock(mutex_);
    closed_ = true;
    has_room_.notify_all();
    has_item_.notify_all();
  }

 private:
  void put(T item) OCTET_REQUIRES(mutex_) {
    ring_[(first_ + count_++) % ring_.size()] = std::move(item);
    has_item_.notify_one();
  }
  T take() OCTET_REQUIRES(mutex_) {
    T item = std::move(ring_[first_]);
    first_ = (first_ + 1) % ring_.size();
    --count_;
    return item;
  }

  Mutex mutex_;
  Condition has_room_;
  Condition has_item_;
  std::vector<T> ring_ OCTET_GUARDED_BY(mutex_);
  size_t first_ OCTET_GUARDED_BY(mutex_) = 0;
  size_t count_ OCTET_GUARDED_BY(mutex_) = 0;
  bool closed_ OCTET_GUARDED_BY(mutex_) = false;
};

}  // namespace octet
