#include "live/pose/pose_status.h"

#include <nlohmann/json.hpp>

namespace octet {

nlohmann::ordered_json to_json(const PoseStatus& status) {
  return {{"network", status.network},
          {"people_per_frame", status.people_per_frame()},
          {"ms_p50", status.time.quantile_ms(0.5)},
          {"skipped", status.skipped}};
}

}  // namespace octet
