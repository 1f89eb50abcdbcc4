#include "format/checkpoint/zip.h"

#include <zip.h>

#include <utility>

#include "core/error.h"

namespace octet {

struct ZipArchive::Handle {
  zip_t* zip = nullptr;
  ~Handle() {
    if (zip != nullptr) zip_discard(zip);
  }
};

namespace {

constexpr zip_uint64_t kMostUnpacked = 1 << 20;

void check_entry(const zip_stat_t& stat, size_t archive_bytes, Compressed compressed,
                 const std::string& name) {
  const std::string entry = stat.name;
  if (entry.starts_with('/') || entry.find("..") != std::string::npos ||
      entry.find('\\') != std::string::npos) {
    fail("{}: the entry '{}' leads out of the archive; refused", name, entry);
  }
  const bool stored =
      stat.comp_method == ZIP_CM_STORE && stat.size == stat.comp_size && stat.size <= archive_bytes;
  const bool small = compressed == Compressed::kSmall && stat.comp_method == ZIP_CM_DEFLATE &&
                     stat.size <= kMostUnpacked;
  if (stat.encryption_method != ZIP_EM_NONE || !(stored || small)) {
    fail("{}: the entry '{}' is compressed or encrypted, which files of this kind are not; refused",
         name, entry);
  }
}

}  // namespace

ZipArchive::ZipArchive(std::span<const std::byte> bytes, Budget& budget, Compressed compressed)
    : handle_(std::make_unique<Handle>()), name_(budget.name()) {
  if (bytes.empty()) fail("{}: is empty", name_);
  zip_error_t error;
  zip_error_init(&error);
  zip_source_t* source = zip_source_buffer_create(bytes.data(), bytes.size(), 0, &error);
  handle_->zip = source == nullptr ? nullptr : zip_open_from_source(source, ZIP_RDONLY, &error);
  if (handle_->zip == nullptr) {
    zip_source_free(source);
    const std::string reason = zip_error_strerror(&error);
    zip_error_fini(&error);
    fail("{}: is not a PyTorch checkpoint, or is cut short ({})", name_, reason);
  }
  zip_error_fini(&error);
  const zip_int64_t count = zip_get_num_entries(handle_->zip, 0);
  for (zip_int64_t i = 0; i < count; ++i) {
    zip_stat_t stat;
    zip_stat_init(&stat);
    constexpr zip_uint64_t kNeeded =
        ZIP_STAT_NAME | ZIP_STAT_SIZE | ZIP_STAT_COMP_SIZE | ZIP_STAT_COMP_METHOD;
    if (zip_stat_index(handle_->zip, i, 0, &stat) != 0 || (stat.valid & kNeeded) != kNeeded) {
      fail("{}: entry {} of the archive is damaged", name_, i);
    }
    check_entry(stat, bytes.size(), compressed, name_);
    entries_.push_back(budget.copy(stat.name));
  }
}

ZipArchive::~ZipArchive() = default;

bool ZipArchive::contains(const std::string& entry) const {
  return zip_name_locate(handle_->zip, entry.c_str(), 0) >= 0;
}

std::vector<std::byte> ZipArchive::read(const std::string& entry, Budget& budget) const {
  zip_stat_t stat;
  zip_stat_init(&stat);
  if (zip_stat(handle_->zip, entry.c_str(), 0, &stat) != 0)
    fail("{}: has no entry '{}'", name_, entry);
  budget.take(stat.size);
  std::vector<std::byte> bytes(stat.size);
  zip_file_t* file = zip_fopen(handle_->zip, entry.c_str(), 0);
  if (file == nullptr) fail("{}: the entry '{}' cannot be read", name_, entry);
  const zip_int64_t got = zip_fread(file, bytes.data(), bytes.size());
  std::byte extra{};
  const zip_int64_t beyond =
      zip_fread(file, &extra, 1);  // reaching the end makes libzip compare the checksum
  const int closed = zip_fclose(file);
  if (got != static_cast<zip_int64_t>(bytes.size()) || beyond != 0 || closed != 0) {
    fail("{}: the entry '{}' is damaged; copy or download the file again", name_, entry);
  }
  return bytes;
}

}  // namespace octet
