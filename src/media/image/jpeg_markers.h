// Reads the markers of a JPEG without decoding it (ITU-T T.81, annex B).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace octet {

class JpegMarkers {
 public:
  // Any bytes.
  explicit JpegMarkers(std::span<const std::byte> bytes);

  [[nodiscard]] int scans() const { return scans_; }
  // Of the first EXIF segment, a TIFF file; empty where there is none.
  [[nodiscard]] std::span<const std::byte> exif() const { return exif_; }
  [[nodiscard]] bool has_end() const { return has_end_; }
  // Whether the beginnings of all scans are there: every coefficient of each component, to its last
  // bit. A baseline image needs one scan of each component, a progressive one many.
  [[nodiscard]] bool has_all_scans() const;

 private:
  void see(uint8_t marker, std::span<const std::byte> segment);
  void see_frame(std::span<const std::byte> segment);
  void see_scan(std::span<const std::byte> segment);

  struct Component {
    std::byte id;
    std::array<uint8_t, 64> missing_bits;  // of each coefficient
  };
  std::vector<Component> components_;
  int scans_ = 0;
  std::span<const std::byte> exif_;
  bool has_end_ = false;
};

}  // namespace octet
