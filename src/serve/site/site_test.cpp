#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "core/file.h"
#include "media/image/image_io.h"
#include "serve/site/site_watch.h"
#include "testing/testing.h"

namespace octet {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;
namespace fs = std::filesystem;

// A pattern with edges, of a brightness; blurred: without them.
Picture picture(int brightness, bool blurred = false, int red = 0) {
  Picture p;
  p.is_video = false;
  p.image = {.width = 64, .height = 48, .rgb = {}};
  for (int y = 0; y < 48; ++y) {
    for (int x = 0; x < 64; ++x) {
      const int value = brightness + (blurred ? x * 60 / 64 - 30 : (x / 2 + y / 3) % 2 * 60 - 30);
      for (const int more : {red, 0, 0})
        p.image.rgb.push_back(static_cast<uint8_t>(std::clamp(value + more, 0, 255)));
    }
  }
  return p;
}

Detections objects(std::initializer_list<float> confidences) {
  Detections d;
  for (const float c : confidences)
    d.items.push_back({.box = {8, 12, 40, 36}, .class_index = 1, .confidence = c});
  return d;
}

Appearance look(const Picture& p, float confidence = 0.8F) {
  return appearance_of(p, objects({confidence}));
}

TEST(Appearance, MeasuresThePicture) {
  const auto at = [](const Appearance& a, Measure m) { return a[static_cast<size_t>(m)]; };
  const Appearance usual = look(picture(120));
  EXPECT_NEAR(at(usual, Measure::kBrightness), 120, 15);
  EXPECT_NEAR(at(usual, Measure::kContrast), 30, 3);
  EXPECT_NEAR(at(usual, Measure::kConfidence), 0.8, 1e-6);
  EXPECT_LT(at(look(picture(120, true)), Measure::kSharpness),
            0.5 * at(usual, Measure::kSharpness));
  EXPECT_NEAR(at(look(picture(120, false, 40)), Measure::kRed), 20, 1);
  EXPECT_TRUE(std::isnan(at(appearance_of(picture(120), {}), Measure::kConfidence)));
}

// Of a video frame, as a camera gives it.
TEST(Appearance, MeasuresVideo) {
  const auto source = open_source(OCTET_SOURCE_DIR "/samples/person.mp4");
  Picture frame;
  ASSERT_TRUE(source->next(frame));
  ASSERT_TRUE(frame.is_video);
  const Appearance video = look(frame);
  Picture rgb;
  rgb.is_video = false;
  rgb.image = frame.to_rgb();
  const Appearance image = look(rgb);
  for (const Measure m : {Measure::kBrightness, Measure::kContrast})
    EXPECT_NEAR(video[static_cast<size_t>(m)], image[static_cast<size_t>(m)], 25);
}

void add_minutes(Drift& drift, const Appearance& sample, int minutes) {
  for (int i = 0; i < minutes * kWindowSamples; ++i) (void)drift.add(sample);
}

std::vector<std::string> words(const Drift& drift) {
  std::vector<std::string> out;
  for (const Change& c : drift.changes()) out.push_back(c.text());
  return out;
}

TEST(Drift, NamesEachChangeWithinFiveMinutesAndItsEnd) {
  const struct {
    Appearance sample;
    const char* words;
  } changes[] = {
      {look(picture(60)), "darker: the brightness is"},
      {look(picture(120, true)), "blurred: the sharpness is"},
      {look(picture(120, false, 40)), "redder than usual"},
      {look(picture(120), 0.5F), "detections are less certain: 0.50 in the mean, usually 0.80"}};
  for (const auto& change : changes) {
    Drift drift;
    add_minutes(drift, look(picture(120)), 4);
    ASSERT_TRUE(drift.usual().has_value());
    EXPECT_THAT(words(drift), IsEmpty());
    add_minutes(drift, change.sample, 1);
    EXPECT_THAT(words(drift), IsEmpty()) << "a minute may be a lorry";
    add_minutes(drift, change.sample, 1);
    EXPECT_THAT(words(drift), Contains(HasSubstr(change.words)));
    add_minutes(drift, look(picture(120)), 2);
    EXPECT_THAT(words(drift), IsEmpty());
  }
}

// Clouds come and go while the usual look is learned, and go on to do so.
TEST(Drift, IsSilentWhenThePictureAlwaysChanges) {
  Drift drift;
  int said = 0;
  for (int i = 0; i < 60 * kWindowSamples; ++i) {
    const int clouds = static_cast<int>(20 * std::sin(i * 0.03));
    said += drift.add(look(picture(120 + clouds), i % 7 < 3 ? 0.9F : 0.6F));
  }
  EXPECT_EQ(said, 0);
}

TEST(Drift, KeepsMeasuresWithoutAValueOut) {
  Drift drift;
  add_minutes(drift, appearance_of(picture(120), {}), 4);
  add_minutes(drift, look(picture(120)), 3);
  EXPECT_THAT(words(drift), IsEmpty()) << "it was learned without objects";
}

TEST(CollectPolicy, KeepsWhatTeachesAndNotTooOften) {
  CollectPolicy policy;
  using enum CollectReason;
  EXPECT_EQ(policy.look(objects({0.9F}), false, 0), kUsual) << "the first";
  EXPECT_EQ(policy.look(objects({0.3F}), false, 10), kNone) << "too soon";
  EXPECT_EQ(policy.look(objects({0.9F, 0.3F}), false, 40), kUncertain);
  EXPECT_EQ(policy.look(objects({0.9F}), false, 80), kNone);
  EXPECT_EQ(policy.look(objects({}), false, 81), kLost);
  EXPECT_EQ(policy.look(objects({0.9F}), true, 120), kChanged);
  EXPECT_EQ(policy.look(objects({0.9F}), false, 3000), kNone);
  EXPECT_EQ(policy.look(objects({0.9F}), false, 4000), kUsual);
}

SharedResult result(double seconds, const Detections& detections, RegionSpec regions = {}) {
  StreamResult r{.camera_id = 1, .camera = "yard/1", .seconds = seconds, .detections = detections};
  r.class_names =
      std::make_shared<const std::vector<std::string>>(std::vector<std::string>{"a: \"b", "c"});
  r.regions = std::make_shared<const RegionSpec>(std::move(regions));
  return std::make_shared<const StreamResult>(std::move(r));
}

TEST(Collector, WritesADataSetOfBoundedSize) {
  const TemporaryFolder folder;
  const CollectOptions options{
      .folder = folder / "kept", .keep = 2, .per_day = 4, .hide = {"door"}};
  const RegionSpec regions{
      .zones = {{.name = "door", .corners = {{0, 0}, {0.5F, 0}, {0.5F, 1}, {0, 1}}}}, .lines = {}};
  {
    Collector collector(options);
    for (int i = 0; i < 6; ++i) {
      collector.add(result(100.0 * i, objects({0.3F}), regions), picture(120), false);
      std::this_thread::sleep_for(std::chrono::milliseconds(60));  // it writes two behind
    }
  }
  EXPECT_THAT(read_text_file(options.folder / "data.yaml"),
              testing::EndsWith("names:\n  0: \"a: \\\"b\"\n  1: \"c\"\n"));
  const auto images = list_images((options.folder / "images").string());
  ASSERT_THAT(images, SizeIs(2)) << "four were written, two are kept";
  EXPECT_EQ(images[1].filename(), "000004-yard%2F1-uncertain.jpg");
  EXPECT_EQ(read_text_file(options.folder / "labels/000004-yard%2F1-uncertain.txt"),
            "1 0.37500 0.50000 0.50000 0.50000\n");
  const Image kept = read_image(images[1]);
  EXPECT_LT(kept.rgb[(20 * 64 + 10) * 3], 20) << "hidden";
  EXPECT_GT(kept.rgb[(20 * 64 + 50) * 3], 60);
  Collector again(options);
  again.add(result(0, objects({0.3F})), picture(120), false);
}

TEST(SiteWatch, LearnsOnceAndSaysWhatChanged) {
  const TemporaryFolder folder;
  SiteOptions options;
  options.drift = folder / "usual.json";
  const auto minutes = [](SiteWatch& watch, double from, int count, const Picture& p) {
    for (int i = 0; i < 60 * count; ++i) watch.add(result(from + i, objects({0.8F})), p);
  };
  {
    SiteWatch watch(options);
    minutes(watch, 0, 4, picture(120));
    ASSERT_TRUE(fs::exists(options.drift));
    EXPECT_THAT(watch.changes(), IsEmpty());
  }
  const UsualLooks looks = read_usual_looks(options.drift);
  ASSERT_TRUE(looks.contains("yard/1"));
  SiteWatch watch(options);
  minutes(watch, 0, 3, picture(50));
  ASSERT_THAT(watch.changes()["yard/1"], SizeIs(1));
  EXPECT_THAT(watch.changes()["yard/1"][0], HasSubstr("darker"));
  minutes(watch, 180, 3, picture(120));
  EXPECT_THAT(watch.changes(), IsEmpty());
  EXPECT_EQ(read_usual_looks(options.drift), looks) << "it is learned once";
}

TEST(UsualLooks, ComeBackFromTheirFile) {
  const TemporaryFolder folder;
  UsualLook look{.mean = {1, 2, 3, -4, 5, 0.5}, .spread = {0, 0, 0, 0, 0, 0.1}};
  write_usual_looks(folder / "u.json", {{"yard \"1\"", look}});
  EXPECT_EQ(read_usual_looks(folder / "u.json").at("yard \"1\""), look);
  EXPECT_THAT(read_usual_looks(folder / "none.json"), IsEmpty());
}

TEST(UsualLooks, NameADamagedFile) {
  for (
      const char* text :
      {"", "[]", "{}", R"({"format":"octet usual looks","version":2,"cameras":{}})",
       R"({"format":"octet usual looks","version":1})",
       R"({"format":"octet usual looks","version":1,"cameras":{"a":{"mean":[1],"spread":[]}}})",
       R"({"format":"octet usual looks","version":1,"cameras":{"a":{"mean":["x",1,1,1,1,1],"spread":[1,1,1,1,1,1]}}})"})
    EXPECT_THAT(error_of([&] { (void)parse_usual_looks(text, "u.json"); }),
                AllOf(HasSubstr("u.json: "), HasSubstr("remove it")))
        << text;
}

}  // namespace
}  // namespace octet
