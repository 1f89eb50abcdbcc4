#include "engine/openvino/compiled_cache.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <vector>

#include "core/error.h"
#include "core/file.h"
#include "core/folder.h"
#include "core/hash.h"
#include "core/log.h"

namespace octet {
namespace fs = std::filesystem;
namespace {

constexpr std::string_view kPrefix = "openvino-";
constexpr size_t kFiles = 16;
constexpr std::array<char, 8> kMark{'o', 'c', 't', 'e', 't', 'o', 'v', '1'};

struct Header {
  std::array<char, 8> mark = kMark;
  CacheKey key = 0;
  uint64_t content_bytes = 0;
  uint64_t content_hash = 0;
  bool operator==(const Header&) const = default;
};

// What the header of a file should be.
Header header_of(const fs::path& path, CacheKey key) {
  InputFile file(path);
  Header header{.key = key};
  std::array<std::byte, sizeof header> skipped{};
  if (file.read(skipped) < skipped.size()) fail("{}: is cut short", path.string());
  std::vector<std::byte> piece(1 << 20);
  ContentHash hash;
  for (size_t bytes = file.read(piece); bytes > 0; bytes = file.read(piece)) {
    hash.add(std::span(piece).first(bytes));
    header.content_bytes += bytes;
  }
  header.content_hash = hash.value();
  return header;
}

}  // namespace

fs::path CompiledCache::file_of(CacheKey key) const {
  return folder_ / fmt::format("{}{:016x}.blob", kPrefix, key);
}

std::optional<std::ifstream> CompiledCache::open(CacheKey key) const {
  const fs::path path = file_of(key);
  if (!keeps() || !fs::exists(path)) return std::nullopt;
  try {
    const Header expected = header_of(path, key);
    std::ifstream stream(path, std::ios::binary);
    Header found;
    stream.read(reinterpret_cast<char*>(&found), sizeof found);
    if (stream && found == expected) return stream;
    log_warning("{}: this compiled model is damaged or another's; it is made again", path.string());
  } catch (const Error& e) {
    log_warning("{}; the model is compiled again", e.what());
  }
  return std::nullopt;
}

void CompiledCache::keep(CacheKey key, const std::function<void(std::ostream&)>& write) const {
  try {
    make_folder(folder_);
    AtomicPath target(file_of(key));
    std::ofstream stream(target.temporary(), std::ios::binary);
    Header header;
    stream.write(reinterpret_cast<const char*>(&header), sizeof header);
    write(stream);
    if (!stream.flush()) fail("{}: cannot be written", target.final_path().string());
    header = header_of(target.temporary(), key);
    stream.seekp(0).write(reinterpret_cast<const char*>(&header), sizeof header);
    if (!stream.flush()) fail("{}: cannot be written", target.final_path().string());
    target.commit();
    drop_old();
  } catch (const std::exception& e) {
    log_warning("the compiled model is not kept: {}", e.what());
  }
}

void CompiledCache::drop_old() const {
  std::vector<fs::directory_entry> blobs;
  for (const fs::path& path : list_folder(folder_)) {
    if (path.filename().string().starts_with(kPrefix)) blobs.emplace_back(path);
  }
  std::sort(blobs.begin(), blobs.end(),
            [](const auto& a, const auto& b) { return a.last_write_time() > b.last_write_time(); });
  for (size_t i = kFiles; i < blobs.size(); ++i) fs::remove(blobs[i].path());
}

}  // namespace octet
