#include "format/npz/npz.h"

#include <fmt/ranges.h>
#include <zip.h>

#include <memory>

#include "core/error.h"
#include "core/file.h"

namespace octet {
namespace {

// The header of NumPy's format 1.0: its length makes the numbers begin at a multiple of 64.
std::string npy_header(const Shape& shape) {
  constexpr size_t kBefore = 10, kAlignment = 64;  // magic, version and length come first
  std::string text = fmt::format("{{'descr': '<f4', 'fortran_order': False, 'shape': ({},), }}",
                                 fmt::join(shape, ", "));
  const size_t whole = kBefore + text.size() + 1;
  text.append((kAlignment - whole % kAlignment) % kAlignment, ' ');
  text.push_back('\n');
  std::string header("\x93NUMPY\x01\x00", 8);
  header.push_back(static_cast<char>(text.size() & 0xff));
  header.push_back(static_cast<char>(text.size() >> 8));
  return header + text;
}

std::string npy(const NamedArray& array) {
  std::string bytes = npy_header(array.shape);
  const auto raw = std::as_bytes(std::span(array.values));
  bytes.append(reinterpret_cast<const char*>(raw.data()), raw.size());
  return bytes;
}

}  // namespace

void write_npz(const std::filesystem::path& path, const std::vector<NamedArray>& arrays) {
  AtomicPath target(path);
  const std::string name = path.string();
  int code = 0;
  zip_t* archive = zip_open(target.temporary().c_str(), ZIP_CREATE | ZIP_TRUNCATE, &code);
  if (archive == nullptr) fail("{}: cannot be written", name);
  std::unique_ptr<zip_t, void (*)(zip_t*)> open(archive, zip_discard);
  std::vector<std::string> contents;  // read when the archive is closed
  contents.reserve(arrays.size());
  for (const NamedArray& array : arrays) {
    contents.push_back(npy(array));
    zip_source_t* source =
        zip_source_buffer(archive, contents.back().data(), contents.back().size(), 0);
    const zip_int64_t index = source == nullptr
                                  ? -1
                                  : zip_file_add(archive, (array.name + ".npy").c_str(), source,
                                                 ZIP_FL_ENC_UTF_8 | ZIP_FL_OVERWRITE);
    if (index < 0) {
      zip_source_free(source);
      fail("{}: the array '{}' cannot be written", name, array.name);
    }
    zip_set_file_compression(archive, static_cast<zip_uint64_t>(index), ZIP_CM_STORE, 0);
  }
  if (zip_close(archive) != 0) fail("{}: {}", name, zip_strerror(archive));
  (void)open.release();
  target.commit();
}

}  // namespace octet
