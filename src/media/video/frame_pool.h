// Memory for decoded images. FFmpeg's own pool keeps the largest number that was ever in use, as
// long as the stream lasts. After one busy moment a watch would stay larger for months. This pool
// keeps the few images in use, and frees the others.
#pragma once

#include <cstddef>
#include <memory>

struct AVBufferRef;
struct AVCodecContext;

namespace octet {

class FramePool {
 public:
  static constexpr size_t kSpares = 3;

  FramePool();

  // Makes the decoder take the memory of its images from this pool. The pool must outlive the
  // decoder. Images may outlive both.
  void serve(AVCodecContext& decoder);

  // Null where there is no memory.
  [[nodiscard]] AVBufferRef* take(size_t bytes);
  [[nodiscard]] size_t spares() const;

 private:
  struct Block;
  struct Spares;
  std::shared_ptr<Spares> spares_;
};

}  // namespace octet
