#include "tune/choice/configuration.h"

#include <fmt/format.h>

#include <filesystem>

#include "core/text/count_text.h"
#include "live/policy/frame_policy.h"

namespace octet {

std::string Configuration::text() const {
  std::string out =
      fmt::format("{} at {}, {}, {}", std::filesystem::path(model).filename().string(),
                  to_string(input), engine, counted(threads, "thread"));
  if (precision == "f32") out += ", in f32";
  if (skip == kAutoSkip) out += ", frames skipped as tracks allow";
  if (skip > 0) out += fmt::format(", {} skipped", counted(skip, "frame"));
  if (motion_gate) out += ", motion gate";
  return out;
}

const char* evidence_name(Evidence evidence) {
  constexpr const char* kNames[] = {"predicted", "looked", "live"};
  return kNames[static_cast<size_t>(evidence)];
}

}  // namespace octet
