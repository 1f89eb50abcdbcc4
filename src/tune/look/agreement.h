// How much the detections of one model are those of another, on the same images.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <vector>

#include "vision/detections.h"

namespace octet {

// AP50-95 of `found` with the detections of `reference` as labels, those with a confidence of 0.25
// or more. Both have one entry an image. Classes count by their labels, so that a class that was
// seen once does not decide. With keypoints the AP is that of the keypoints. Nothing where
// `reference` has no detection to compare with.
[[nodiscard]] std::optional<double> agreement(const std::vector<Detections>& reference,
                                              const std::vector<Detections>& found);

// [[class, confidence, x1, y1, x2, y2, keypoints as x, y, confidence …] …], for another process.
[[nodiscard]] nlohmann::ordered_json pack(const Detections& detections);
// Throws an Error where it is no such list.
[[nodiscard]] Detections unpack(const nlohmann::ordered_json& json);

}  // namespace octet
