#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <thread>

#include "core/file.h"
#include "core/folder.h"
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
      {look(picture(60)), "darker: "},
      {look(picture(120, true)), "blurred"},
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

// The confidence is learned when there are objects; none for a while changes nothing.
TEST(Drift, LearnsAMeasureWhenItHasAValue) {
  Drift drift;
  add_minutes(drift, appearance_of(picture(120), {}), 4);
  add_minutes(drift, look(picture(120)), 3);
  add_minutes(drift, look(picture(120), 0.4F), 2);
  ASSERT_THAT(words(drift), ElementsAre(HasSubstr("less certain")));
  add_minutes(drift, appearance_of(picture(120), {}), 5);
  EXPECT_THAT(words(drift), ElementsAre(HasSubstr("less certain")));
  add_minutes(drift, look(picture(120)), 2);
  EXPECT_THAT(words(drift), IsEmpty());
}

TEST(CollectPolicy, KeepsWhatTeachesAndNotTooOften) {
  CollectPolicy policy;
  using enum CollectReason;
  const auto at = [&](double seconds, const Detections& d, bool changed = false) {
    return policy.look(d, changed, seconds, 30);
  };
  EXPECT_EQ(at(100, objects({0.3F})), std::nullopt) << "it begins";
  EXPECT_EQ(at(110, objects({0.3F})), std::nullopt) << "too soon";
  EXPECT_EQ(at(140, objects({0.9F, 0.3F})), kUncertain);
  EXPECT_EQ(at(180, objects({0.9F})), std::nullopt);
  EXPECT_EQ(at(181, objects({})), kLost);
  EXPECT_EQ(at(220, objects({0.9F}), true), kChanged);
  EXPECT_EQ(at(3000, objects({0.9F})), std::nullopt);
  EXPECT_EQ(at(4000, objects({0.9F})), kUsual);
}

RegionSpec door(bool hidden) {
  return {.zones = {{.name = "door",
                     .corners = {{0, 0}, {0.5F, 0}, {0.5F, 1}, {0, 1}},
                     .hide = hidden}},
          .lines = {}};
}

TEST(LabelText, LeavesOutWhatIsHidden) {
  const Detections d = objects({0.9F});  // its centre is at 24 of 64
  EXPECT_EQ(label_text(d, {64, 48}, door(false)), "1 0.37500 0.50000 0.50000 0.50000\n");
  EXPECT_EQ(label_text(d, {64, 48}, door(true)), "");
}

SharedResult result(double seconds, const Detections& detections, RegionSpec regions = {},
                    const char* other_class = "c") {
  StreamResult r{.camera_id = 1, .camera = "yard/1", .seconds = seconds, .detections = detections};
  r.class_names = std::make_shared<const std::vector<std::string>>(
      std::vector<std::string>{"a: \"b", other_class});
  r.regions = std::make_shared<const RegionSpec>(std::move(regions));
  return std::make_shared<const StreamResult>(std::move(r));
}

class Collecting : public testing::Test {
 protected:
  // One image a minute; the first is the start.
  void collect(int minutes, const char* other_class = "c") const {
    Collector collector(options_);
    for (int i = 0; i < minutes; ++i) {
      Picture p = picture(120);
      p.captured = Clock::time_point(std::chrono::minutes(1000 + i));
      const auto before = names();
      collector.add(result(0, objects({0.3F}), door(true), other_class), p, false);
      for (int wait = 0; wait < 200 && names() == before; ++wait)
        std::this_thread::sleep_for(std::chrono::milliseconds(1));  // it writes two behind
    }
  }
  [[nodiscard]] std::vector<std::string> names() const {
    std::vector<std::string> found;
    for (const char* part : {"images", "labels"}) {
      if (!fs::exists(options_.folder / part)) continue;
      for (const fs::path& file : list_folder(options_.folder / part))
        found.push_back(file.filename().string());
    }
    return found;
  }

  TemporaryFolder folder_;
  CollectOptions options_{.folder = folder_ / "kept", .keep = 2, .per_day = 100000};
};

TEST_F(Collecting, WritesADatasetOfBoundedSize) {
  collect(5);
  EXPECT_THAT(names(),
              ElementsAre("000003-yard%2F1-uncertain.jpg", "000004-yard%2F1-uncertain.jpg",
                          "000003-yard%2F1-uncertain.txt", "000004-yard%2F1-uncertain.txt"));
  EXPECT_THAT(read_text_file(options_.folder / "data.yaml"),
              testing::EndsWith("names:\n  0: \"a: \\\"b\"\n  1: \"c\"\n"));
  EXPECT_EQ(read_text_file(options_.folder / "labels/000004-yard%2F1-uncertain.txt"), "")
      << "the object is in the hidden zone";
  const Image kept = read_image(options_.folder / "images/000004-yard%2F1-uncertain.jpg");
  EXPECT_LT(kept.rgb[(20 * 64 + 10) * 3], 20) << "hidden";
  EXPECT_GT(kept.rgb[(20 * 64 + 50) * 3], 60);
}

// After a new start numbers go on, old images count, and those of others stay.
TEST_F(Collecting, GoesOnInItsFolder) {
  fs::create_directories(options_.folder / "images");
  write_text_file(options_.folder / "images/20240131-120000-gate.jpg", "of somebody else");
  collect(4);
  collect(2);
  EXPECT_THAT(names(), ElementsAre("000003-yard%2F1-uncertain.jpg", "000004-yard%2F1-uncertain.jpg",
                                   "20240131-120000-gate.jpg", "000003-yard%2F1-uncertain.txt",
                                   "000004-yard%2F1-uncertain.txt"));
}

// Another process writes into the same folder, with cameras of the same names.
TEST_F(Collecting, TakesNoNameOfAnotherProcess) {
  options_.keep = 1000;
  fs::create_directories(options_.folder / "labels");
  write_text_file(options_.folder / "labels/000001-yard%2F1-uncertain.txt", "of another");
  collect(3);
  EXPECT_THAT(names(), ElementsAre("000002-yard%2F1-uncertain.jpg", "000003-yard%2F1-uncertain.jpg",
                                   "000001-yard%2F1-uncertain.txt", "000002-yard%2F1-uncertain.txt",
                                   "000003-yard%2F1-uncertain.txt"));
  EXPECT_EQ(read_text_file(options_.folder / "labels/000001-yard%2F1-uncertain.txt"), "of another");
}

TEST_F(Collecting, KeepsWithinItsBytesAndItsDay) {
  options_.keep = 1000;
  collect(4);
  EXPECT_THAT(names(), SizeIs(6));
  options_.max_bytes = 1;
  collect(2);
  EXPECT_THAT(names(), SizeIs(2));
  options_.max_bytes = 500'000'000;
  options_.per_day = 1;  // a day between two images
  collect(3);
  EXPECT_THAT(names(), SizeIs(2));
}

TEST_F(Collecting, DoesNotMixModels) {
  collect(2);
  collect(2, "another class");
  EXPECT_THAT(names(), SizeIs(2));
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
    EXPECT_THAT(watch.changes(), IsEmpty());
  }
  ASSERT_TRUE(fs::exists(options.drift));
  const UsualLooks looks = read_usual_looks(options.drift);
  ASSERT_TRUE(looks.contains("yard/1"));
  SiteWatch watch(options);
  minutes(watch, 0, 3, picture(50));
  ASSERT_THAT(watch.changes()["yard/1"], SizeIs(1));
  EXPECT_THAT(watch.changes()["yard/1"][0], HasSubstr("darker"));
  minutes(watch, 180, 3, picture(120));
  EXPECT_THAT(watch.changes(), IsEmpty());
  minutes(watch, 360, 3, picture(50));
  EXPECT_THAT(watch.changes(), SizeIs(1));
  StreamResult other = *result(0, {});
  other.camera_id = 2;  // of the same name
  watch.add(std::make_shared<const StreamResult>(other), picture(120));
  EXPECT_THAT(watch.changes(), IsEmpty());
  EXPECT_EQ(read_usual_looks(options.drift), looks) << "it is learned once";
}

TEST(SiteWatch, WritesAgainWhatCouldNotBeWritten) {
  const TemporaryFolder folder;
  SiteOptions options;
  options.drift = folder / "usual.json";
  SiteWatch watch(options);
  const Picture p = picture(120);
  double now = 0;
  const auto minute = [&] {
    for (int i = 0; i < 60; ++i) watch.add(result(now++, objects({0.8F})), p);
  };
  fs::create_directory(options.drift);  // in its way
  for (int i = 0; i < 4; ++i) minute();
  std::this_thread::sleep_for(std::chrono::milliseconds(100));
  fs::remove(options.drift);
  for (int i = 0; i < 200 && !fs::exists(options.drift); ++i) {
    minute();
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  EXPECT_TRUE(read_usual_looks(options.drift).contains("yard/1"));
}

TEST(UsualLooks, OfOtherProcessesStay) {
  const TemporaryFolder folder;
  const UsualLook look{.mean = {1, 2, 3, 4, 5, 0.5}, .spread = {}};
  UsualLook other = look;
  other.mean[0] = 9;
  add_usual_looks(folder / "u.json", {{"yard", look}});
  add_usual_looks(folder / "u.json", {{"gate", look}});
  add_usual_looks(folder / "u.json", {{"yard", other}});
  EXPECT_EQ(read_usual_looks(folder / "u.json"), (UsualLooks{{"gate", look}, {"yard", other}}));
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
    EXPECT_THAT(error_of([&] { (void)parse_usual_looks(text, "u.json"); }), HasSubstr("u.json: "))
        << text;
}

}  // namespace
}  // namespace octet
