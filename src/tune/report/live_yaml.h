// The file that 'octet live --config' takes, with the reason of every choice.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "tune/choice/configuration.h"
#include "tune/choice/goals.h"
#include "tune/look/footage.h"

namespace octet {

struct LiveYaml {
  const Configuration& configuration;
  const Footage& footage;
  const TuneGoals& goals;
  std::vector<std::string> head;               // comments at the top, a line each
  std::map<std::string, std::string> reasons;  // by key, such as "engine"
  // With the limit of the processor, which live then holds by skipping frames. A try goes without
  // it, so that it shows what it costs.
  bool holds_limit = false;
};
// Files stand with their whole path, so that the text may lie in any folder. The address of the
// source is in it with its password.
[[nodiscard]] std::string live_yaml(const LiveYaml& yaml);

}  // namespace octet
