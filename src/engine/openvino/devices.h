// The devices that OpenVINO finds, and the choice among them by --device: one such as GPU, or
// several behind AUTO, HETERO or MULTI.
#pragma once

#include <openvino/openvino.hpp>
#include <string>
#include <vector>

#include "engine/engine.h"

namespace octet {

struct DeviceChoice {
  std::string name = "CPU";                 // as OpenVINO takes it: "HETERO:GPU,CPU"
  std::vector<std::string> devices{"CPU"};  // those behind it
  bool shared = false;                      // behind AUTO, HETERO or MULTI

  // Only the CPU computes octet's own steps of integers (integer_steps.h).
  [[nodiscard]] bool only_cpu() const;
};

// Chooses by the text of --device; empty: CPU. Throws a usage Error that names the devices present
// where one is absent, or where the text has another form.
[[nodiscard]] DeviceChoice choose_devices(const ov::Core& core, const std::string& asked);

// The devices present, with the precisions that each computes.
[[nodiscard]] std::vector<EngineDevice> list_devices(const ov::Core& core);

// Properties for compiling: those of `wanted` that each device has. The precision fp32 is wanted
// only of devices that compute it.
[[nodiscard]] ov::AnyMap device_properties(const ov::Core& core, const DeviceChoice& choice,
                                           const ov::AnyMap& wanted);

// Whether compiled networks of this choice can be kept in files.
[[nodiscard]] bool keeps_compiled(const ov::Core& core, const DeviceChoice& choice);

// "CPU: AMD EPYC"; "AUTO on CPU: AMD EPYC".
[[nodiscard]] std::string device_name(const ov::Core& core, const DeviceChoice& choice,
                                      const ov::CompiledModel& model);

}  // namespace octet
