// A bounded queue between two pipeline stages, on a ring allocated once. push() waits while it is
// full, pop() while it is empty; close() ends both: what is queued is still popped, then pop()
// returns nothing. Any number of threads on either side.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

namespace octet {

template <typename T>
class BoundedQueue {
 public:
  explicit BoundedQueue(size_t capacity) : ring_(capacity) {}

  // False when the queue was closed: the item was not taken.
  bool push(T item) {
    std::unique_lock lock(mutex_);
    has_room_.wait(lock, [this] { return closed_ || count_ < ring_.size(); });
    if (closed_) return false;
    put(std::move(item));
    return true;
  }

  // Never waits: false, and the item is where it was, when the queue is full or closed.
  bool try_push(T& item) {
    const std::scoped_lock lock(mutex_);
    if (closed_ || count_ == ring_.size()) return false;
    put(std::move(item));
    return true;
  }

  [[nodiscard]] std::optional<T> pop() {
    std::unique_lock lock(mutex_);
    has_item_.wait(lock, [this] { return closed_ || count_ > 0; });
    if (count_ == 0) return std::nullopt;
    T item = take();
    has_room_.notify_one();
    return item;
  }

  void close() {
    const std::scoped_lock lock(mutex_);
    closed_ = true;
    has_room_.notify_all();
    has_item_.notify_all();
  }

 private:
  void put(T item) {
    ring_[(first_ + count_++) % ring_.size()] = std::move(item);
    has_item_.notify_one();
  }
  T take() {
    T item = std::move(ring_[first_]);
    first_ = (first_ + 1) % ring_.size();
    --count_;
    return item;
  }

  std::mutex mutex_;
  std::condition_variable has_room_;
  std::condition_variable has_item_;
  std::vector<T> ring_;
  size_t first_ = 0;
  size_t count_ = 0;
  bool closed_ = false;
};

}  // namespace octet
