#include "serve/mqtt/retained.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <regex>
#include <set>

#include "core/file.h"
#include "serve/mqtt/discovery.h"
#include "serve/mqtt/outbox.h"

namespace octet {
namespace {

using nlohmann::json;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

const MqttOptions kPlain{.host = "broker"};
const MqttOptions kAnnounced{.host = "broker", .discovery = "homeassistant"};
const std::string kMat = "octet/yard/zone/mat", kYard = "homeassistant/device/octet--yard/config";

std::shared_ptr<const RegionSpec> zones(const std::vector<std::string>& names) {
  RegionSpec spec;
  for (const std::string& name : names) spec.zones.push_back({.name = name});
  return std::make_shared<const RegionSpec>(spec);
}

CameraSummary camera(int64_t id, const std::string& name, std::shared_ptr<const RegionSpec> spec) {
  CameraSummary c{.id = id, .name = name, .regions = std::move(spec)};
  c.counts.zones.resize(c.regions->zones.size());
  return c;
}

StreamResult result(const CameraSummary& c, int inside) {
  StreamResult r{.camera_id = c.id, .camera = c.name, .regions = c.regions, .counts = c.counts};
  r.counts.zones.at(0).inside = inside;
  return r;
}

std::vector<std::string> topics(const std::vector<MqttMessage>& messages) {
  std::vector<std::string> out;
  for (const MqttMessage& m : messages) {
    EXPECT_TRUE(m.retain) << m.topic;
    out.push_back(m.text.empty() ? "-" + m.topic : m.topic);
  }
  return out;
}

TEST(Retained, AZonesCountIsPublishedWhenItChanges) {
  RetainedMessages retained(kPlain);
  CameraSummary yard = camera(1, "yard", zones({"mat", "step"}));
  EXPECT_THAT(topics(retained.update({yard})),
              ElementsAre("octet/yard/state", kMat, "octet/yard/zone/step"));
  EXPECT_THAT(topics(retained.update({yard})), IsEmpty());
  EXPECT_THAT(topics(retained.update(result(yard, 0))), IsEmpty());
  const auto two = retained.update(result(yard, 2));
  ASSERT_THAT(topics(two), ElementsAre(kMat));
  EXPECT_EQ(two[0].text, R"({"count":2,"occupied":true})");
  EXPECT_THAT(topics(retained.update(result(yard, 2))), IsEmpty());
  // The newest result counts, though the summary was made before it.
  EXPECT_THAT(topics(retained.update({yard})), IsEmpty());
  EXPECT_EQ(retained.update(result(yard, 0)).at(0).text, R"({"count":0,"occupied":false})");
}

TEST(Retained, TellsThatASourceLooksOtherThanUsual) {
  RetainedMessages retained(kPlain);
  const CameraSummary yard = camera(1, "yard", zones({}));
  (void)retained.update({yard});
  const auto changed = retained.update({yard}, {{"yard", {"darker"}}});
  ASSERT_EQ(changed.size(), 1U);
  EXPECT_THAT(changed[0].text, HasSubstr(R"("changes":["darker"])"));
  EXPECT_THAT(retained.update({yard}).at(0).text, testing::Not(HasSubstr("changes")));
}

TEST(Retained, ABrokerThatComesBackIsToldEverything) {
  RetainedMessages retained(kAnnounced);
  CameraSummary yard = camera(1, "yard", zones({"mat"}));
  const auto first = topics(retained.update({yard}));
  EXPECT_THAT(first, ElementsAre("octet/yard/state", kMat, kYard));
  EXPECT_THAT(topics(retained.update({yard})), IsEmpty());
  retained.repeat();
  EXPECT_EQ(topics(retained.update({yard})), first);
}

TEST(Retained, ASourceThatIsGoneIsRemoved) {
  RetainedMessages retained(kAnnounced);
  const CameraSummary yard = camera(1, "yard", zones({"mat"})), door = camera(2, "door", zones({}));
  (void)retained.update({yard, door});
  EXPECT_THAT(topics(retained.update({door})),
              ElementsAre("-" + kYard, "-octet/yard/state", "-" + kMat, "-octet/yard/picture"));
  EXPECT_THAT(topics(retained.update({door})), IsEmpty());
  retained.repeat();
  EXPECT_THAT(topics(retained.update({door})),
              ElementsAre("octet/door/state", "homeassistant/device/octet--door/config"));
}

// Home Assistant's documentation asks for two updates: one that removes, and one without it.
TEST(Retained, AZoneThatIsGoneIsRemovedFromItsDevice) {
  RetainedMessages retained(kAnnounced);
  (void)retained.update({camera(1, "yard", zones({"mat", "step"}))});
  const auto removed = retained.update({camera(1, "yard", zones({"mat"}))});
  EXPECT_THAT(topics(removed), ElementsAre(kYard, kYard, "-octet/yard/zone/step"));
  EXPECT_EQ(json::parse(removed.at(0).text)["components"]["count-step"].size(), 1U);
  EXPECT_THAT(removed.at(1).text, testing::Not(HasSubstr("step")));
}

TEST(Retained, WithoutDiscoveryNothingIsAnnounced) {
  RetainedMessages retained(kPlain);
  const CameraSummary yard = camera(1, "yard", zones({"mat"}));
  EXPECT_THAT(topics(retained.update({yard})), ElementsAre("octet/yard/state", kMat));
  EXPECT_THAT(topics(retained.update(std::vector<CameraSummary>())),
              ElementsAre("-octet/yard/state", "-" + kMat));
}

// What comes behind octet/SOURCE/ in a text, and in all files of a folder that end so.
void collect(const std::string& text, const std::regex& topic, std::set<std::string>& out) {
  for (std::sregex_iterator at(text.begin(), text.end(), topic), end; at != end; ++at)
    out.insert((*at)[1].str());
}

std::set<std::string> collect_from(const std::string& folder, const std::string& extension,
                                   const std::regex& topic) {
  std::set<std::string> out;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    if (entry.path().extension() == extension) collect(read_text_file(entry.path()), topic, out);
  }
  return out;
}

TEST(Topics, OfTheDocumentationAreThoseThatArePublished) {
  const std::string root = OCTET_SOURCE_DIR;
  const auto published =
      collect_from(root + "/src/serve/mqtt", ".cpp", std::regex("source_topic\\([^\"]*\"([a-z]+)"));
  EXPECT_EQ(published, (std::set<std::string>{"event", "picture", "result", "state", "zone"}));
  std::set<std::string> listed;
  collect(read_text_file(root + "/docs/reference/mqtt.md"), std::regex("octet/SOURCE/([a-z]+)"),
          listed);
  EXPECT_EQ(listed, published);
  EXPECT_EQ(collect_from(root + "/docs", ".md", std::regex("octet/yard/([a-z]+)")), published);
}

TEST(Outbox, KeepsTheNewestPictureOfEachSource) {
  Outbox outbox;
  outbox.add_picture("a", "old");
  outbox.add_picture("b", "other");
  outbox.add_picture("a", "new");
  outbox.add(MqttMessage{"c", "first", false});
  ASSERT_EQ(outbox.size(), 3U);
  EXPECT_EQ(outbox.take().message.text, "first");
  const Outbox::Item picture = outbox.take();
  EXPECT_EQ(picture.message.text, "new");
  EXPECT_TRUE(picture.message.retain);
  EXPECT_EQ(outbox.take().message.text, "other");
  EXPECT_TRUE(outbox.empty());
  EXPECT_EQ(outbox.lost(), 0);
}

TEST(Outbox, ARemovalTakesThePlaceOfThePicture) {
  Outbox outbox;
  outbox.add_picture("yard", "waits");
  outbox.add_picture("door", "stays");
  outbox.add(MqttMessage{"yard", "", true});
  ASSERT_EQ(outbox.size(), 2U);
  EXPECT_EQ(outbox.take().message.topic, "yard");
  EXPECT_EQ(outbox.take().message.text, "stays");
}

TEST(Retained, APictureOfASourceThatIsGoneIsKnown) {
  RetainedMessages retained(kAnnounced);
  const CameraSummary yard = camera(1, "yard", zones({"mat"}));
  EXPECT_FALSE(retained.is_removed("octet/yard/picture")) << "a picture may come before the states";
  (void)retained.update({yard});
  EXPECT_FALSE(retained.is_removed("octet/yard/picture"));
  (void)retained.update(std::vector<CameraSummary>());
  EXPECT_TRUE(retained.is_removed("octet/yard/picture"));
  (void)retained.update(result(camera(2, "yard", zones({"mat"})), 0));
  EXPECT_FALSE(retained.is_removed("octet/yard/picture")) << "it is there again";
}

}  // namespace
}  // namespace octet
