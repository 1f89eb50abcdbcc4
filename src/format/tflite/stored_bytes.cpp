#include "format/tflite/stored_bytes.h"

#include "core/error.h"

namespace octet {

std::span<const std::byte> stored_bytes(const tflite::Model& model, std::span<const std::byte> file,
                                        uint32_t buffer, const std::string& where) {
  if (buffer >= model.buffers()->size())
    fail("{}: buffer {} does not exist; the file is damaged", where, buffer);
  const tflite::Buffer& stored = *model.buffers()->Get(buffer);
  if (stored.offset() > 1) {
    if (stored.offset() > file.size() || stored.size() > file.size() - stored.offset())
      fail("{}: buffer {} lies beyond the end of the file, which is damaged or cut short", where,
           buffer);
    return file.subspan(stored.offset(), stored.size());
  }
  const auto* data = stored.data();
  if (data == nullptr) return {};
  return std::as_bytes(std::span(data->data(), data->size()));
}

}  // namespace octet
