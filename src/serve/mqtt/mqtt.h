// Results, events and states to an MQTT broker, at least once each (QoS 1). While the broker is
// away they wait, up to a bound; the oldest results go first, counted. It is reconnected for ever. A
// broker is not trusted: one that sends what nobody asked for is left alone for a while.
//
//   TOPIC/available          online, or offline by last will; retained
//   TOPIC/SOURCE/state       {"state","error","changes"}; retained
//   TOPIC/SOURCE/zone/ZONE   {"count","occupied"}; retained
//   TOPIC/SOURCE/result      as a line of JSON Lines has it
//   TOPIC/SOURCE/event       {"captured","event","region","name","track"}
//   TOPIC/SOURCE/picture     the last picture, a JPEG; retained
//
// SOURCE and ZONE are escaped_name()s. serve/mqtt/discovery.h describes the messages for Home
// Assistant.
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
  // All sources that there are, and those that look other than usual. What changed is published;
  // what is gone is removed.
  void add(const std::vector<CameraSummary>& cameras, const SiteChanges& changes = {});
  // Takes the place of a picture of that source that still waits. One that was drawn late, of a
  // source that is gone, is dropped.
  void add_picture(const std::string& source, std::string jpeg);

  [[nodiscard]] MqttStatus status() const;
  // At the end: gives what waits two seconds to arrive.
  [[nodiscard]] MqttStatus finish();

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace octet
