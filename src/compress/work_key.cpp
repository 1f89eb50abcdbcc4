#include "compress/work_key.h"

#include <fmt/ranges.h>

#include <functional>
#include <optional>
#include <vector>

namespace octet {
namespace {
namespace fs = std::filesystem;

// Size and time of a file: another content is other work.
std::string stamp_of(const std::string& file) {
  std::error_code error;
  const auto size = fs::file_size(file, error);
  const auto time = fs::last_write_time(file, error);
  return error ? file : fmt::format("{} ({}, {})", file, size, time.time_since_epoch().count());
}

class Fingerprint {
 public:
  template <typename T>
  void add(const T& value) {
    // FNV-1a over hashes.
    sum_ = (sum_ ^ std::hash<T>()(value)) * 0x100000001b3;
  }
  [[nodiscard]] uint64_t sum() const { return sum_; }

 private:
  uint64_t sum_ = 0xcbf29ce484222325;
};

std::string fingerprint(const Dataset& data) {
  Fingerprint f;
  for (const std::string& name : data.names) f.add(name);
  for (const int other : data.flip_index) f.add(other);
  for (const Sample& sample : data.samples) {
    f.add(sample.image.string());
    for (const TruthObject& o : sample.objects) {
      f.add(o.class_index);
      for (const double side : {o.box.x1, o.box.y1, o.box.x2, o.box.y2}) f.add(side);
      for (const TruthObject::Point& p : o.keypoints) {
        f.add(p.x);
        f.add(p.y);
        f.add(p.visibility);
      }
    }
  }
  return fmt::format("{} images {:016x}", data.samples.size(), f.sum());
}

}  // namespace

std::string work_key(const CompressOptions& o, const CompressData& data, const Pricing& pricing) {
  std::vector<std::string> models;
  for (const std::string& model : o.models) models.push_back(stamp_of(model));
  const auto number = [](const std::optional<double>& v) {
    return v ? fmt::format("{:.9g}", *v) : "";
  };
  return fmt::format(
      "{} on {}: {}, {}; speedup {}, most {} s, drop {}, {} of {} bits ({}), size {}, {}, "
      "{} epochs of batch {}, seed {}, budget {}, octet {}",
      fmt::join(models, " "), o.data, fingerprint(data.training), fingerprint(data.validation),
      number(o.target.speedup), number(o.target.most_s), number(o.target.max_drop),
      pricing.origin(), pricing.weight_bits(), o.pricing.source, o.size ? to_string(*o.size) : "",
      fmt::join(o.activations, " "), o.epochs, o.batch, o.seed, o.budget_s, o.version);
}

}  // namespace octet
