// Any bytes as a checkpoint, and as the pickle inside a sound archive, so that the checksums of zip
// do not shield what lies behind them.
#include <zip.h>

#include <cstdint>
#include <span>
#include <vector>

#include "core/error.h"
#include "format/checkpoint/checkpoint.h"

namespace {

void try_read(std::span<const std::byte> bytes) {
  try {
    (void)octet::parse_checkpoint(bytes, "fuzz.pt");
  } catch (const octet::Error&) {
    return;  // refused, as it should
  }
}

std::vector<std::byte> wrapped(std::span<const std::byte> pickle) {
  static const char storage[4096] = {};
  zip_error_t error;
  zip_error_init(&error);
  zip_source_t* target = zip_source_buffer_create(nullptr, 0, 0, &error);
  zip_source_keep(target);
  zip_t* zip = zip_open_from_source(target, ZIP_TRUNCATE, &error);
  const auto add = [&](const char* name, const void* data, size_t bytes) {
    const auto index = zip_file_add(zip, name, zip_source_buffer(zip, data, bytes, 0), 0);
    zip_set_file_compression(zip, static_cast<zip_uint64_t>(index), ZIP_CM_STORE, 0);
  };
  add("a/data.pkl", pickle.data(), pickle.size());
  for (const char* name : {"a/data/0", "a/data/1", "a/data/2", "a/data/3"})
    add(name, storage, sizeof storage);
  zip_close(zip);
  zip_source_open(target);
  zip_source_seek(target, 0, SEEK_END);
  std::vector<std::byte> out(static_cast<size_t>(zip_source_tell(target)));
  zip_source_seek(target, 0, SEEK_SET);
  zip_source_read(target, out.data(), out.size());
  zip_source_close(target);
  zip_source_free(target);
  zip_error_fini(&error);
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto bytes = std::as_bytes(std::span(data, size));
  try_read(bytes);
  try_read(wrapped(bytes));
  return 0;
}
