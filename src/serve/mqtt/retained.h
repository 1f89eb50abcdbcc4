// Messages that a broker keeps of each source: its state, its zones' counts and, where discovery is
// wanted, its description for Home Assistant. Only changes become messages. What belongs to a source
// or a zone that is gone is removed by an empty message. One thread at a time.
#pragma once

#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <vector>

#include "live/watch.h"
#include "serve/mqtt/message.h"
#include "serve/status.h"

namespace octet {

class RetainedMessages {
 public:
  explicit RetainedMessages(const MqttOptions& options) : options_(options) {}

  // `cameras` are all sources that there are. `changes`: of those that look other than usual.
  [[nodiscard]] std::vector<MqttMessage> update(const std::vector<CameraSummary>& cameras,
                                                const SiteChanges& changes = {});
  // Zones whose count is another with this result. Allocates only where there is one.
  [[nodiscard]] std::vector<MqttMessage> update(const StreamResult& result);
  // Whether this topic of a picture was removed with its source, of which no result came since. What
  // is published there now would stay for ever.
  [[nodiscard]] bool is_removed(const std::string& picture) const;
  // The broker may have lost all of them: the next update() for all sources says everything again.
  void repeat();

 private:
  struct Published {
    std::string text;
    bool repeat = false;
  };
  struct Device {
    std::shared_ptr<const RegionSpec> regions;
    nlohmann::ordered_json payload;  // as Home Assistant has it
  };
  struct ZoneCounts {
    std::shared_ptr<const RegionSpec> regions;
    std::vector<ZoneCount> zones;
  };
  using Messages = std::vector<MqttMessage>;
  void publish(const std::string& topic, std::string text, Messages& out);
  void publish_zones(const std::string& source, const ZoneCounts& counts, Messages& out);
  void publish_device(const CameraSummary& camera, Messages& out);
  void remove_gone(const std::vector<CameraSummary>& cameras, Messages& out);
  [[nodiscard]] std::set<std::string> topics_of(const std::vector<CameraSummary>& cameras) const;

  MqttOptions options_;
  std::map<std::string, Published> published_;   // by topic
  std::map<std::string, Device> devices_;        // by topic
  std::map<std::string, std::string> pictures_;  // sources, by topics that somebody else fills
  std::map<std::string, std::string> removed_;   // topics of them, by source
  std::map<int64_t, ZoneCounts> zones_;          // by camera: of its newest result
};

}  // namespace octet
