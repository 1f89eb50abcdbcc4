// A profile for people: tables for a terminal, JSON, and a page.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "measure/profile/profile.h"
#include "report/facts.h"

namespace octet {

// docs/reference/json.md describes the keys.
[[nodiscard]] nlohmann::ordered_json to_json(const Profile& profile);

// A convolution with its activation, or another part of a network, in two profiles.
struct ComparedBlock {
  std::string name;  // of the block; of layers that belong to none, their type
  std::optional<double> first_ms, second_ms;  // empty: it has none
};
// In the order of the first profile; what the second has alone comes last.
[[nodiscard]] std::vector<ComparedBlock> compare_blocks(const Profile& first,
                                                        const Profile& second);
[[nodiscard]] nlohmann::ordered_json to_json(const std::vector<ComparedBlock>& blocks);

struct PrintOptions {
  int layers = 20;    // the slowest; 0: all, in their order
  int columns = 160;  // of the terminal
};
void print_profile(const Profile& profile, const PrintOptions& options);
void print_comparison(const Profile& first, const Profile& second, const PrintOptions& options);

// `second`: null without a comparison.
[[nodiscard]] std::string profile_page(const Profile& first, const Profile* second,
                                       const Facts& facts);

// The name of a layer: that of the node, or the engine's.
[[nodiscard]] std::string shown_name(const ProfiledLayer& layer);
// "yolov8n.onnx, ONNX Runtime"
[[nodiscard]] std::string short_name(const Profile& profile);
// The time of an inference that the layers add up to, in ms: its median, or its fast_ms where
// networks were cut.
[[nodiscard]] double whole_ms(const Profile& profile);
// A sentence: the sum of layers, and its share of whole_ms().
[[nodiscard]] std::string sum_text(const Profile& profile);
[[nodiscard]] std::string peak_text(const Peak& peak);

}  // namespace octet
