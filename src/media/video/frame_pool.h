// Memory for decoded pictures. FFmpeg's own pool keeps as many as were ever in use at once, as long
// as the stream lasts: after one busy moment a watch would stay larger for months. This one keeps
// the few that go round, and gives the others back.
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

  // The decoder takes the memory of its pictures from here. The pool must outlive the decoder; the
  // pictures may outlive both.
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
