// What Home Assistant is told, against the keys that its documentation has: the pages "MQTT", "MQTT
// binary sensor", "MQTT sensor" and "MQTT image" of its integrations.
#include "serve/mqtt/discovery.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <nlohmann/json.hpp>
#include <regex>
#include <set>

#include "serve/mqtt/message.h"

namespace octet {
namespace {

using nlohmann::ordered_json;
using testing::Contains;
using testing::Key;

const MqttOptions kOptions{.host = "broker", .topic = "home/octet", .discovery = "homeassistant"};
const RegionSpec kZones{.zones = {{.name = "door mat"}, {.name = "step"}}, .lines = {}};

std::set<std::string> keys_of(const ordered_json& object) {
  std::set<std::string> keys;
  for (const auto& [key, value] : object.items()) keys.insert(key);
  return keys;
}

struct Documented {
  std::set<std::string> required, optional;
};

// A device's entities need a platform and a unique_id, the rest is of the platform's page.
const std::map<std::string, Documented> kPlatforms{
    {"binary_sensor",
     {{"platform", "unique_id", "state_topic"},
      {"name", "device_class", "entity_category", "value_template", "payload_on", "payload_off",
       "availability", "availability_mode", "icon"}}},
    {"sensor",
     {{"platform", "unique_id", "state_topic"},
      {"name", "device_class", "state_class", "entity_category", "value_template", "availability",
       "availability_mode", "icon", "unit_of_measurement"}}},
    {"image",
     {{"platform", "unique_id", "image_topic"},
      {"name", "content_type", "availability", "availability_mode", "icon"}}}};

void expect_documented(const ordered_json& object, const Documented& documented) {
  const std::set<std::string> keys = keys_of(object);
  for (const std::string& key : documented.required) EXPECT_TRUE(keys.contains(key)) << key;
  for (const std::string& key : keys)
    EXPECT_TRUE(documented.required.contains(key) || documented.optional.contains(key)) << key;
}

TEST(Discovery, HasTheKeysOfTheDocumentation) {
  const ordered_json payload = discovery_payload(kOptions, "yard", kZones);
  expect_documented(payload, {{"device", "origin", "components"}, {"qos"}});
  expect_documented(payload["device"],
                    {{"identifiers"}, {"name", "manufacturer", "model", "sw_version"}});
  expect_documented(payload["origin"], {{"name"}, {"sw_version"}});
  EXPECT_EQ(payload["components"].size(), 6U);
  std::set<std::string> ids;
  for (const auto& [key, entity] : payload["components"].items()) {
    const auto platform = entity["platform"].get<std::string>();
    ASSERT_THAT(kPlatforms, Contains(Key(platform)));
    expect_documented(entity, kPlatforms.at(platform));
    EXPECT_TRUE(ids.insert(entity["unique_id"].get<std::string>()).second) << key;
    for (const auto& available : entity["availability"])
      expect_documented(available, {{"topic"}, {"value_template"}});
  }
}

TEST(Discovery, NamesTheTopicsThatOctetPublishesTo) {
  const ordered_json entities = discovery_payload(kOptions, "yard", kZones)["components"];
  EXPECT_EQ(entities["connection"]["state_topic"], "home/octet/yard/state");
  EXPECT_EQ(entities["connection"]["availability"],
            ordered_json::parse(R"([{"topic": "home/octet/available"}])"));
  EXPECT_EQ(entities["picture"]["image_topic"], "home/octet/yard/picture");
  const ordered_json& mat = entities["occupancy-door-20mat"];
  EXPECT_EQ(mat["name"], "door mat");
  EXPECT_EQ(mat["device_class"], "occupancy");
  EXPECT_EQ(mat["state_topic"], "home/octet/yard/zone/door mat");
  EXPECT_EQ(mat["availability_mode"], "all");
  EXPECT_EQ(mat["availability"][1]["topic"], "home/octet/yard/state");
  const ordered_json& count = entities["count-door-20mat"];
  EXPECT_EQ(count["state_class"], "measurement");
  EXPECT_EQ(count["state_topic"], mat["state_topic"]);
}

// Home Assistant takes letters, digits, _ and - in a discovery topic.
TEST(Discovery, NoTwoNamesHaveOneId) {
  const std::regex topic("homeassistant/device/[a-zA-Z0-9_-]+/config");
  std::set<std::string> topics, devices;
  const auto names = {"a/b", "a%2Fb", "a-2Fb", "a_b", "a b", "A_b", "ä", "b", "a", "", "-", "2F"};
  for (const std::string name : names) {
    EXPECT_TRUE(std::regex_match(discovery_topic(kOptions, name), topic)) << name;
    EXPECT_TRUE(topics.insert(discovery_topic(kOptions, name)).second) << name;
    const ordered_json device = discovery_payload(kOptions, name, {})["device"];
    EXPECT_TRUE(devices.insert(device["identifiers"][0].get<std::string>()).second) << name;
    EXPECT_EQ(device["name"], name);
  }
  EXPECT_EQ(discovery_topic(kOptions, "front_door"),
            "homeassistant/device/home-2Foctet--front_door/config");
  MqttOptions other = kOptions;  // two programs share a broker
  other.topic = "octet";
  EXPECT_NE(discovery_topic(other, "yard"), discovery_topic(kOptions, "yard"));
}

TEST(Discovery, NoNameIsTakenForATemplate) {
  const RegionSpec zones{.zones = {{.name = "{{ states }}"}}, .lines = {}};
  for (const auto& [key, entity] :
       discovery_payload(kOptions, "{{ x }}", zones)["components"].items()) {
    if (!entity.contains("value_template")) continue;
    EXPECT_EQ(entity["value_template"].get<std::string>().find("states"), std::string::npos) << key;
  }
}

TEST(Discovery, AnEntityThatIsGoneIsNamedByItsPlatformAlone) {
  const ordered_json last = discovery_payload(kOptions, "yard", kZones);
  RegionSpec fewer = kZones;
  fewer.zones.pop_back();
  const ordered_json next = discovery_payload(kOptions, "yard", fewer);
  const ordered_json removal = discovery_removal(last, next);
  EXPECT_EQ(removal["components"].size(), last["components"].size());
  EXPECT_EQ(removal["components"]["occupancy-step"],
            ordered_json::parse(R"({"platform": "binary_sensor"})"));
  EXPECT_EQ(removal["components"]["count-step"], ordered_json::parse(R"({"platform": "sensor"})"));
  EXPECT_EQ(removal["device"], next["device"]);
  EXPECT_TRUE(discovery_removal(next, last).is_null());
}

}  // namespace
}  // namespace octet
