#include "serve/mqtt/retained.h"

#include <algorithm>
#include <utility>

#include "core/text/json_text.h"
#include "serve/mqtt/discovery.h"

namespace octet {
namespace {

using nlohmann::ordered_json;

std::string state_text(const CameraSummary& camera, const SiteChanges& changes) {
  ordered_json j{{"state", camera_state_name(camera.status.state)}, {"error", camera.status.error}};
  if (const auto at = changes.find(camera.name); at != changes.end()) j["changes"] = at->second;
  return dump_json(j);
}

std::string zone_text(const ZoneCount& zone) {
  return dump_json(ordered_json{{"count", zone.inside}, {"occupied", zone.inside > 0}});
}

bool same_counts(const std::vector<ZoneCount>& a, const std::vector<ZoneCount>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](const ZoneCount& x, const ZoneCount& y) { return x.inside == y.inside; });
}

}  // namespace

std::vector<MqttMessage> RetainedMessages::update(const std::vector<CameraSummary>& cameras,
                                                  const SiteChanges& changes) {
  Messages out;
  for (const CameraSummary& c : cameras) {
    publish(source_topic(options_, c.name, "state"), state_text(c, changes), out);
    const auto at = zones_.find(c.id);
    const bool has_result = at != zones_.end() && at->second.regions == c.regions;
    publish_zones(c.name, has_result ? at->second : ZoneCounts{c.regions, c.counts.zones}, out);
    if (!options_.discovery.empty()) publish_device(c, out);
  }
  remove_gone(cameras, out);
  return out;
}

std::vector<MqttMessage> RetainedMessages::update(const StreamResult& result) {
  removed_.erase(result.camera);
  if (result.counts.zones.empty()) return {};
  ZoneCounts& last = zones_[result.camera_id];
  if (last.regions == result.regions && same_counts(last.zones, result.counts.zones)) return {};
  last = {result.regions, result.counts.zones};
  Messages out;
  publish_zones(result.camera, last, out);
  return out;
}

bool RetainedMessages::is_removed(const std::string& picture) const {
  return std::any_of(removed_.begin(), removed_.end(),
                     [&](const auto& removed) { return removed.second == picture; });
}

void RetainedMessages::repeat() {
  for (auto& [topic, message] : published_) message.repeat = true;
}

void RetainedMessages::publish(const std::string& topic, std::string text, Messages& out) {
  const auto [at, is_new] = published_.try_emplace(topic);
  Published& last = at->second;
  if (!is_new && !last.repeat && last.text == text) return;
  last = {text, false};
  out.push_back({topic, std::move(text), true});
}

void RetainedMessages::publish_zones(const std::string& source, const ZoneCounts& counts,
                                     Messages& out) {
  for (size_t i = 0; i < counts.zones.size(); ++i)
    publish(zone_topic(options_, source, counts.regions->zones[i].name), zone_text(counts.zones[i]),
            out);
}

void RetainedMessages::publish_device(const CameraSummary& camera, Messages& out) {
  const std::string topic = discovery_topic(options_, camera.name);
  const auto last = devices_.find(topic);
  const bool is_known = last != devices_.end();
  if (is_known && last->second.regions == camera.regions && !published_[topic].repeat) return;
  ordered_json payload =
      discovery_payload(options_, camera.name, camera.regions ? *camera.regions : RegionSpec{});
  if (is_known) {
    const ordered_json removal = discovery_removal(last->second.payload, payload);
    if (!removal.is_null()) out.push_back({topic, dump_json(removal), true});
  }
  publish(topic, dump_json(payload), out);
  devices_.insert_or_assign(topic, Device{camera.regions, std::move(payload)});
  pictures_[source_topic(options_, camera.name, "picture")] = camera.name;
}

std::set<std::string> RetainedMessages::topics_of(const std::vector<CameraSummary>& cameras) const {
  std::set<std::string> topics;
  for (const CameraSummary& c : cameras) {
    topics.insert(source_topic(options_, c.name, "state"));
    topics.insert(source_topic(options_, c.name, "picture"));
    topics.insert(discovery_topic(options_, c.name));
    for (const Zone& zone : c.regions ? c.regions->zones : std::vector<Zone>())
      topics.insert(zone_topic(options_, c.name, zone.name));
  }
  return topics;
}

void RetainedMessages::remove_gone(const std::vector<CameraSummary>& cameras, Messages& out) {
  const std::set<std::string> there = topics_of(cameras);
  const auto remove = [&](const std::string& topic) {
    if (there.contains(topic)) return false;
    out.push_back({topic, "", true});
    return true;
  };
  // Descriptions first: nobody is to read an empty state by one.
  std::erase_if(devices_, [&](const auto& device) {
    return remove(device.first) && published_.erase(device.first) > 0;
  });
  std::erase_if(published_, [&](const auto& message) { return remove(message.first); });
  std::erase_if(pictures_, [&](const auto& picture) {
    const auto& [topic, source] = picture;
    if (!remove(topic)) return false;
    removed_[source] = topic;
    return true;
  });
  std::erase_if(zones_, [&](const auto& counts) {
    return std::none_of(cameras.begin(), cameras.end(),
                        [&](const CameraSummary& c) { return c.id == counts.first; });
  });
}

}  // namespace octet
