// Results, events and states to an MQTT broker, at least once each (QoS 1). While the broker is
// away they wait, up to a bound; the oldest results go first, counted. It is reconnected for ever. A
// broker is not trusted: one that sends what nobody asked for is left alone for a while.
//
//   TOPIC/available        online, or offline by last will; retained
//   TOPIC/CAMERA/state     {"state","error"}; retained
//   TOPIC/CAMERA/result    as a line of JSON Lines has it
//   TOPIC/CAMERA/event     {"captured","event","region","name","track"}
//
// CAMERA is the camera's escaped_name().
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "live/watch.h"
#include "serve/options.h"
#include "serve/status.h"

namespace octet {

class Mqtt {
 public:
  explicit Mqtt(const MqttOptions& options);
  ~Mqtt();  // says offline
  Mqtt(const Mqtt&) = delete;
  Mqtt& operator=(const Mqtt&) = delete;

  // Quick: called by the detection thread.
  void add(const SharedResult& result);
  // What the cameras' states are now; those that changed are published.
  void add(const std::vector<CameraSummary>& cameras);

  [[nodiscard]] MqttStatus status() const;
  // At the end: gives what waits two seconds to arrive.
  [[nodiscard]] MqttStatus finish();

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace octet
