#include "engine/openvino/devices.h"

#include <fmt/ranges.h>

#include <algorithm>

#include "core/error.h"
#include "core/text/split_text.h"

namespace octet {
namespace {

constexpr const char* kCpu = "CPU";
constexpr std::string_view kSharing[] = {"AUTO", "HETERO", "MULTI"};
struct Capability {
  const char* openvino;
  const char* octet;
};
constexpr Capability kPrecisions[] = {
    {"FP32", "fp32"}, {"FP16", "fp16"}, {"BF16", "bf16"}, {"INT8", "int8"}};

std::vector<std::string> capabilities(const ov::Core& core, const std::string& device) {
  try {
    return core.get_property(device, ov::device::capabilities);
  } catch (const std::exception&) {  // of a device that has gone, or has none
    return {};
  }
}

bool has(const std::vector<std::string>& list, const std::string& text) {
  return std::find(list.begin(), list.end(), text) != list.end();
}

// "GPU" is the first of "GPU.0" and "GPU.1".
bool is_present(const std::vector<std::string>& present, const std::string& device) {
  return std::any_of(present.begin(), present.end(), [&](const std::string& one) {
    return one == device || one.starts_with(device + ".") || device == one + ".0";
  });
}

[[noreturn]] void refuse(const std::string& asked, const std::string& why,
                         const std::vector<std::string>& present) {
  fail_usage("--device {}: {}; OpenVINO finds here: {}", asked, why, fmt::join(present, ", "));
}

std::string full_name(const ov::Core& core, const std::string& device) {
  try {
    return core.get_property(device, ov::device::full_name);
  } catch (const std::exception&) {
    return device;
  }
}

}  // namespace

bool DeviceChoice::only_cpu() const {
  return std::all_of(devices.begin(), devices.end(),
                     [](const std::string& device) { return device == kCpu; });
}

DeviceChoice choose_devices(const ov::Core& core, const std::string& asked) {
  if (asked.empty() || asked == kCpu) return {};
  const std::vector<std::string> present = core.get_available_devices();
  const size_t colon = asked.find(':');
  const std::string first = asked.substr(0, colon);
  DeviceChoice choice{.name = asked, .devices = {}};
  choice.shared = std::find(std::begin(kSharing), std::end(kSharing), first) != std::end(kSharing);
  if (!choice.shared) {
    choice.devices = {asked};
  } else if (colon == std::string::npos && first == "AUTO") {
    choice.devices = present;
  } else if (colon == std::string::npos) {
    refuse(asked, fmt::format("{} needs a list, as in {}:GPU,CPU", first, first), present);
  } else {
    for (const std::string_view one : split_text(std::string_view(asked).substr(colon + 1), ","))
      choice.devices.emplace_back(one);
  }
  if (choice.devices.empty()) refuse(asked, "names no device", present);
  for (const std::string& device : choice.devices) {
    if (!is_present(present, device)) refuse(asked, device + " is not present", present);
  }
  return choice;
}

std::vector<EngineDevice> list_devices(const ov::Core& core) {
  std::vector<EngineDevice> list;
  for (const std::string& device : core.get_available_devices()) {
    EngineDevice one{.name = device, .title = full_name(core, device), .precisions = {}};
    const std::vector<std::string> able = capabilities(core, device);
    for (const Capability& c : kPrecisions)
      if (has(able, c.openvino)) one.precisions.emplace_back(c.octet);
    list.push_back(std::move(one));
  }
  return list;
}

ov::AnyMap device_properties(const ov::Core& core, const DeviceChoice& choice,
                             const ov::AnyMap& wanted) {
  if (choice.name == kCpu) return wanted;
  ov::AnyMap each;
  for (const std::string& device : choice.devices) {
    ov::AnyMap map;
    const auto known = core.get_property(device, ov::supported_properties);
    const bool fp32 = has(capabilities(core, device), "FP32");
    for (const auto& [key, value] : wanted) {
      if (key == ov::hint::inference_precision.name() && !fp32) continue;
      const auto found = std::find(known.begin(), known.end(), key);
      if (found != known.end() && found->is_mutable()) map.emplace(key, value);
    }
    if (!choice.shared) return map;
    each.insert(ov::device::properties(device, map));
  }
  return each;
}

bool keeps_compiled(const ov::Core& core, const DeviceChoice& choice) {
  if (choice.name == kCpu) return true;
  return !choice.shared && has(capabilities(core, choice.name), "EXPORT_IMPORT");
}

std::string device_name(const ov::Core& core, const DeviceChoice& choice,
                        const ov::CompiledModel& model) {
  std::vector<std::string> running{choice.name};
  if (choice.shared) {
    try {
      running = model.get_property(ov::execution_devices);
    } catch (const std::exception&) {  // of a plugin that does not tell
      running = choice.devices;
    }
  }
  std::vector<std::string> names;
  for (const std::string& device : running)
    names.push_back(fmt::format("{}: {}", device, full_name(core, device)));
  const std::string all = fmt::format("{}", fmt::join(names, " and "));
  return choice.shared ? fmt::format("{} on {}", choice.name, all) : all;
}

}  // namespace octet
