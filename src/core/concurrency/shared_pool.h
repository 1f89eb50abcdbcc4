// A pool of objects that one thread fills and many threads read. When the last reader releases an
// object, the pool uses it again. In steady state nothing is allocated: neither the object, which
// keeps its buffers, nor the control block of the shared_ptr. Any thread. Objects may outlive the
// pool.
#pragma once

#include <cstddef>
#include <memory>
#include <new>
#include <utility>
#include <vector>

#include "core/mutex.h"

namespace octet {

template <typename T>
class SharedPool {
 public:
  // Returns a free object with its old content, or a new one.
  [[nodiscard]] std::unique_ptr<T> take() { return shelf_->take(); }

  // Shares the object with any number of readers. The last one returns it to the pool.
  [[nodiscard]] std::shared_ptr<const T> share(std::unique_ptr<T> object) {
    return std::shared_ptr<T>(object.release(), GiveBack{shelf_}, Blocks<T>{shelf_});
  }

 private:
  struct Shelf {
    Mutex mutex;
    size_t made OCTET_GUARDED_BY(mutex) = 0;
    std::vector<std::unique_ptr<T>> objects OCTET_GUARDED_BY(mutex);
    // For control blocks, which are all of one type.
    std::vector<void*> blocks OCTET_GUARDED_BY(mutex);

    ~Shelf() OCTET_UNCHECKED {
      for (void* block : blocks) ::operator delete(block);
    }
    std::unique_ptr<T> take() {
      const MutexLock lock(mutex);
      if (objects.empty()) {
        ++made;
        objects.reserve(made);  // so that returning an object never allocates
        blocks.reserve(made);
        return std::make_unique<T>();
      }
      std::unique_ptr<T> object = std::move(objects.back());
      objects.pop_back();
      return object;
    }
    void give_back(std::unique_ptr<T> object) {
      const MutexLock lock(mutex);
      objects.push_back(std::move(object));
    }
    void* take_block(size_t bytes) {
      const MutexLock lock(mutex);
      if (blocks.empty()) return ::operator new(bytes);
      void* block = blocks.back();
      blocks.pop_back();
      return block;
    }
    void give_back_block(void* block) {
      const MutexLock lock(mutex);
      blocks.push_back(block);
    }
  };

  struct GiveBack {
    std::shared_ptr<Shelf> shelf;
    void operator()(T* object) const { shelf->give_back(std::unique_ptr<T>(object)); }
  };

  // The allocator of the control blocks of shared_ptr.
  template <typename U>
  struct Blocks {
    using value_type = U;
    std::shared_ptr<Shelf> shelf;

    explicit Blocks(std::shared_ptr<Shelf> s) : shelf(std::move(s)) {}
    template <typename V>
    Blocks(const Blocks<V>& other) : shelf(other.shelf) {}  // NOLINT: allocators convert
    U* allocate(size_t count) { return static_cast<U*>(shelf->take_block(count * sizeof(U))); }
    void deallocate(U* block, size_t) { shelf->give_back_block(block); }
    template <typename V>
    bool operator==(const Blocks<V>& other) const {
      return shelf == other.shelf;
    }
  };

  std::shared_ptr<Shelf> shelf_ = std::make_shared<Shelf>();
};

}  // namespace octet
