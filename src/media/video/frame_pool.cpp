#include "media/video/frame_pool.h"

extern "C" {
#include <libavcodec/avcodec.h>
#include <libavutil/cpu.h>
#include <libavutil/imgutils.h>
#include <libavutil/pixdesc.h>
}

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include "core/mutex.h"

namespace octet {

namespace {

struct AvFree {
  void operator()(uint8_t* data) const { av_free(data); }
};
using Memory = std::unique_ptr<uint8_t[], AvFree>;

}  // namespace

// A frame's memory, and, while it is lent, where it goes back to.
struct FramePool::Block {
  Memory data;
  size_t bytes = 0;
  std::shared_ptr<Spares> home;
};

struct FramePool::Spares {
  Mutex mutex;
  size_t bytes OCTET_GUARDED_BY(mutex) = 0;  // of each
  std::vector<std::unique_ptr<Block>> blocks OCTET_GUARDED_BY(mutex);

  Spares() { blocks.reserve(kSpares); }
  std::unique_ptr<Block> take(size_t size) {
    {
      const MutexLock lock(mutex);
      if (size != std::exchange(bytes, size)) blocks.clear();
      if (!blocks.empty()) {
        auto block = std::move(blocks.back());
        blocks.pop_back();
        return block;
      }
    }
    Memory data(static_cast<uint8_t*>(av_mallocz(size)));
    if (data == nullptr) return nullptr;
    return std::make_unique<Block>(Block{.data = std::move(data), .bytes = size, .home = nullptr});
  }

  void give_back(std::unique_ptr<Block> block) {
    const MutexLock lock(mutex);
    if (block->bytes == bytes && blocks.size() < kSpares) blocks.push_back(std::move(block));
  }
};

namespace {

// As avcodec_align_dimensions2 asks for; planes stand behind each other.
int get_buffer(AVCodecContext* decoder, AVFrame* frame, int flags) {
  const auto format = static_cast<AVPixelFormat>(frame->format);
  const AVPixFmtDescriptor* known = av_pix_fmt_desc_get(format);
  const bool own = known != nullptr && (known->flags & AV_PIX_FMT_FLAG_HWACCEL) == 0 &&
                   (decoder->codec->capabilities & AV_CODEC_CAP_DR1) != 0;
  if (!own) return avcodec_default_get_buffer2(decoder, frame, flags);
  int width = frame->width;
  int height = frame->height;
  std::array<int, AV_NUM_DATA_POINTERS> strides{};
  avcodec_align_dimensions2(decoder, &width, &height, strides.data());
  const int align = std::max(*std::max_element(strides.begin(), strides.end()),
                             static_cast<int>(av_cpu_max_align()));
  width = FFALIGN(width, 2 * align);  // so that planes of half the width are aligned as well
  const int bytes = av_image_get_buffer_size(format, width, height, align);
  if (bytes < 0) return bytes;
  auto& pool = *static_cast<FramePool*>(decoder->opaque);
  // Decoders may write a little beyond what is seen.
  frame->buf[0] = pool.take(static_cast<size_t>(bytes) + static_cast<size_t>(align));
  if (frame->buf[0] == nullptr) return AVERROR(ENOMEM);
  frame->extended_data = frame->data;
  const int status = av_image_fill_arrays(frame->data, frame->linesize, frame->buf[0]->data, format,
                                          width, height, align);
  return std::min(status, 0);
}

}  // namespace

FramePool::FramePool() : spares_(std::make_shared<Spares>()) {}

void FramePool::serve(AVCodecContext& decoder) {
  decoder.opaque = this;
  decoder.get_buffer2 = get_buffer;
}

AVBufferRef* FramePool::take(size_t bytes) {
  const auto give_back = [](void* opaque, uint8_t*) {
    std::unique_ptr<Block> block(static_cast<Block*>(opaque));
    const auto home = std::move(block->home);
    home->give_back(std::move(block));
  };
  std::unique_ptr<Block> block = spares_->take(bytes);
  if (block == nullptr) return nullptr;
  block->home = spares_;
  AVBufferRef* buffer = av_buffer_create(block->data.get(), bytes, give_back, block.get(), 0);
  if (buffer == nullptr) return nullptr;
  [[maybe_unused]] const auto* in_buffer = block.release();
  return buffer;
}

size_t FramePool::spares() const {
  const MutexLock lock(spares_->mutex);
  return spares_->blocks.size();
}

}  // namespace octet
