#include "tune/tune.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <nlohmann/json.hpp>

#include "core/file.h"
#include "core/folder.h"
#include "engine/registry.h"
#include "testing/testing.h"
#include "tune/machine/scratch_folder.h"
#include "tune/machine/tuner_lock.h"
#include "tune/models.h"
#include "tune/networks.h"
#include "tune/rehearsal.h"
#include "tune/report/explain.h"
#include "tune/report/report.h"
#include "tune/report/result_json.h"

namespace octet {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

TEST(Models, SidesAreMultiplesOf32AndFall) {
  EXPECT_THAT(usual_sides(640), ElementsAre(640, 544, 448, 384, 320, 256, 224));
  EXPECT_THAT(usual_sides(160), ElementsAre(160, 128));
  EXPECT_THAT(usual_sides(32), ElementsAre(32));
}

TEST(Models, ThreadsAreDoubledUpToAllCores) {
  EXPECT_THAT(usual_threads(1), ElementsAre(1));
  EXPECT_THAT(usual_threads(2), ElementsAre(1, 2));
  EXPECT_THAT(usual_threads(6), ElementsAre(1, 2, 4, 6));
}

TEST(Models, TheStrongestIsFloatAndLarge) {
  const auto model = [](bool is_float, double parameters) {
    return TuneModel{.is_float = is_float, .parameters = parameters, .sides = {640}};
  };
  EXPECT_EQ(strongest({model(false, 9), model(true, 3), model(true, 5)}), 2U);
  EXPECT_EQ(strongest({model(false, 3), model(false, 9)}), 1U);
  TuneModel small_at_large_input = model(true, 4);
  small_at_large_input.sides = {1280, 640};
  EXPECT_EQ(strongest({model(true, 9), small_at_large_input}), 1U);
  TuneModel stranger = model(true, 9);
  stranger.ran_in("int8");
  EXPECT_EQ(strongest({stranger, model(true, 3)}), 1U);
}

TunePoint point(const std::string& engine, int side, double fps, Evidence evidence) {
  TunePoint p{.configuration = {.model = "/m/best.pt",
                                .engine = engine,
                                .side = side,
                                .input = {side, side / 2},
                                .threads = 2},
              .figures = {.fps = fps,
                          .results_fps = fps,
                          .age_ms_p99 = 50,
                          .cpu_percent = 40,
                          .cpu_ms = 800 / fps},
              .evidence = evidence,
              .accuracy = side / 1000.0};
  return p;
}

TEST(Rehearsal, RunsCorrectThePredictionsOfTheirEngine) {
  std::vector<TunePoint> points{point("tflite", 640, 10, Evidence::kLooked),
                                point("tflite", 320, 20, Evidence::kPredicted),
                                point("openvino", 320, 20, Evidence::kPredicted)};
  std::vector<Figures> before;
  for (const TunePoint& p : points) before.push_back(p.figures);
  points[0] = point("tflite", 640, 8, Evidence::kLive);
  correct_predictions(points, before, 30);
  EXPECT_EQ(points[0].figures.fps, 8) << "what ran stays";
  EXPECT_NEAR(points[1].figures.fps, 16, 1e-9);
  EXPECT_NEAR(points[1].figures.cpu_ms, 40 * (800.0 / 8) / (800.0 / 10), 1e-9);
  EXPECT_EQ(points[2].figures.fps, 20) << "another engine";
  correct_predictions(points, before, 30);
  EXPECT_NEAR(points[1].figures.fps, 16, 1e-9) << "corrections do not add up";
}

TEST(Rehearsal, ASourceHidesHowFastANetworkIs) {
  std::vector<TunePoint> points{point("tflite", 320, 30, Evidence::kLooked),
                                point("tflite", 640, 12, Evidence::kPredicted)};
  std::vector<Figures> before{points[0].figures, points[1].figures};
  points[0] = point("tflite", 320, 29.9, Evidence::kLive);
  correct_predictions(points, before, 30);
  EXPECT_EQ(points[1].figures.fps, 12);
}

TEST(Rehearsal, APromiseThatWasMissedCountsForAll) {
  std::vector<TunePoint> points{point("tflite", 640, 10, Evidence::kLive),
                                point("openvino", 320, 20, Evidence::kPredicted),
                                point("openvino", 256, 30, Evidence::kPredicted)};
  const Figures promised = points[0].figures;
  Figures seen = promised;
  seen.fps = 8;
  seen.cpu_percent = 120;
  seen.age_ms_p99 = 10;
  lower_expectations(points, promised, seen, 30);
  EXPECT_NEAR(points[0].figures.fps, 8, 1e-9);
  EXPECT_NEAR(points[1].figures.fps, 16, 1e-9);
  EXPECT_NEAR(points[1].figures.results_fps, 20, 1e-9);
  EXPECT_NEAR(points[1].figures.cpu_percent, 100, 1e-9);
  EXPECT_NEAR(points[1].figures.age_ms_p99, 50, 1e-9) << "nothing becomes better";
  EXPECT_NEAR(points[2].figures.fps, 30, 1e-9) << "the source limits it";
}

TEST(Rehearsal, ARunThatWasFasterRaisesNothing) {
  std::vector<TunePoint> points{point("tflite", 640, 10, Evidence::kLive),
                                point("openvino", 320, 20, Evidence::kPredicted)};
  const Figures promised = points[0].figures;
  Figures seen = promised;
  seen.fps = seen.results_fps = 15;
  seen.age_ms_p99 = 2 * promised.age_ms_p99;
  lower_expectations(points, promised, seen, 0);
  EXPECT_NEAR(points[1].figures.fps, 20, 1e-9);
  EXPECT_NEAR(points[1].figures.age_ms_p99, 100, 1e-9);
}

TEST(Rehearsal, TheLongestRunCountsUnlessTheMachineBecomesSlower) {
  const TuneGoals goals{.fps = 10};
  const auto run = [](double fps, double seconds) {
    return LiveRun{.figures = {.fps = fps, .results_fps = fps}, .seconds = seconds};
  };
  EXPECT_FALSE(says_more(goals, run(12, 60), run(13, 10), 30));
  EXPECT_TRUE(says_more(goals, run(12, 60), run(9, 10), 30));
  EXPECT_TRUE(says_more(goals, run(12, 10), run(13, 10), 30));
}

TEST(Rehearsal, PowerGrowsWithProcessorTime) {
  std::vector<TunePoint> points{point("tflite", 640, 10, Evidence::kLive),
                                point("tflite", 320, 20, Evidence::kPredicted)};
  points[1].figures.cpu_percent = 20;
  predict_watts(points, 3);
  EXPECT_EQ(points[1].figures.watts, 0) << "nothing ran with a meter";
  points[0].figures.watts = 5;  // at 40 %
  predict_watts(points, 3);
  EXPECT_NEAR(points[1].figures.watts, 4, 1e-9);
  EXPECT_EQ(points[0].figures.watts, 5);
}

// As in many virtual machines: the counter is there, and stands still.
TEST(Watts, OfAMeterThatStandsStillCannotBeAGoal) {
  const TemporaryFolder folder;
  const auto zone = folder / "sys/class/powercap/intel-rapl:0";
  make_folder(zone);
  write_text_file(zone / "energy_uj", "0\n");
  write_text_file(zone / "name", "package-0\n");
  ::setenv("XDG_CACHE_HOME", folder.path().c_str(), 1);  // with a lock of its own
  const TuneOptions options{
      .goals = {.watts = 20}, .output = folder / "live.yaml", .sysfs = folder / "sys"};
  EXPECT_THAT(error_of([&] { (void)tune(options); }), HasSubstr("RAPL, tells no power"));
  ::unsetenv("XDG_CACHE_HOME");
}

// A script in place of octet, and a file in which each start leaves a byte.
class Program {
 public:
  explicit Program(const std::string& commands) {
    write_text_file(folder_ / "octet", fmt::format("#!/bin/sh\nprintf x >> {}\n{}\n",
                                                   (folder_ / "starts").string(), commands));
    std::filesystem::permissions(folder_ / "octet", std::filesystem::perms::owner_all);
  }
  [[nodiscard]] Processes processes() const { return {folder_ / "octet", folder_.path()}; }
  [[nodiscard]] size_t starts() const { return read_text_file(folder_ / "starts").size(); }

 private:
  TemporaryFolder folder_;
};

TEST(Networks, WithoutALookCountWhereNothingElseHolds) {
  const Look slow{.frames = 12,
                  .ms_p50 = 500,
                  .ms_p99 = 500,
                  .ms_mean = 500,
                  .cpu_ms = 500,
                  .precision = "fp32"};
  const Program program("echo '" + to_json(slow).dump() + "'");
  const Processes processes = program.processes();
  const TuneOptions options{.goals = {.fps = 10}};
  TuneWork work{.options = options, .processes = processes, .clock = TuneClock(60)};
  work.models = {TuneModel{.file = "m.pt", .parameters = 1, .sides = {640, 320}}};
  work.footage = {.size = {640, 640}, .fps = 30, .frames = 30};
  const Runtime runtime{
      .engine = "tflite",
      .look = {.ms_p50 = 40, .ms_p99 = 40, .ms_mean = 40, .cpu_ms = 40, .precision = "fp32"},
      .input = {640, 640},
      .arithmetic = "fp32"};
  NetworkTries networks;
  measure_networks(work, {{runtime}}, 0, networks);
  EXPECT_EQ(program.starts(), 1U) << "there is time for the reference alone";
  ASSERT_EQ(networks.tries.size(), 2U);
  EXPECT_TRUE(networks.tries[0].looked);
  EXPECT_EQ(networks.tries[1].configuration.side, 320);
  EXPECT_FALSE(networks.tries[1].looked || networks.tries[1].accuracy);
  const auto points = predicted_points(work, networks.tries, {{runtime}}, {{}});
  EXPECT_EQ(points.at(1).evidence, Evidence::kPredicted);
  EXPECT_NEAR(points.at(1).figures.fps, 30, 1e-9);
}

// Reading images takes long, and is no part of the start.
TEST(Networks, TheTimeOfLabelledImagesIsThatOfALook) {
  const Look look{.frames = 10, .ms_mean = 10, .decode_ms = 100, .map50_95 = 0.5};
  const Program program("sleep 1.1; echo '" + to_json(look).dump() + "'");
  const Processes processes = program.processes();
  const TuneOptions options;
  TuneWork work{.options = options, .processes = processes, .clock = TuneClock(60), .start_s = 0};
  ASSERT_TRUE(work.look({.data = "data.yaml", .split = "val", .images = 10}));
  EXPECT_LT(work.start_s, 0.2);
}

TEST(Look, AtLabelledImagesTellsHowLongTheyTakeToRead) {
  const std::string missing = error_of([] { (void)choose_engine({.name = "auto"}); });
  if (!missing.empty()) GTEST_SKIP() << missing;
  const Look look =
      look_at({.configuration = {.model = OCTET_SOURCE_DIR "/samples/yolov8n-int8.safetensors",
                                 .engine = "auto",
                                 .side = 64,
                                 .input = {64, 64}},
               .data = OCTET_SOURCE_DIR "/samples/coco/data.yaml",
               .split = "val",
               .images = 4});
  EXPECT_EQ(look.frames, 4);
  EXPECT_GT(look.decode_ms, 0.5) << "of JPEG files";
}

TEST(Watts, ARunWithoutThemHasFailed) {
  const Program program(
      R"(sleep 0.2; echo '{"precision":"fp32","fps":9,"age_ms_p99":9,"cpu_percent":9,"detected":9}')");
  const Processes processes = program.processes();
  const TuneOptions options{.goals = {.watts = 5}};
  TuneWork work{.options = options, .processes = processes, .clock = TuneClock(60)};
  EXPECT_TRUE(work.live("", 1).result);
  double joules = 0;
  work.meter = {.name = "fake", .joules = [&] { return std::optional(joules++); }, .watts = {}};
  EXPECT_GT(work.live("", 1).result.value().figures.watts, 0);
  work.meter->joules = [] { return std::optional(3.0); };
  const auto attempt = work.live("", 1);
  EXPECT_FALSE(attempt.result);
  EXPECT_THAT(attempt.reason, HasSubstr("fake, told no power"));
}

TEST(Models, SumsThatSaturateAreAnArithmeticOfTheirOwn) {
  const TuneModel model{.saturating = {"openvino"}};
  EXPECT_EQ(model.arithmetic("openvino", "int8"), "int8 of openvino");
  EXPECT_EQ(model.arithmetic("openvino", "mixed"), "mixed of openvino");
  EXPECT_EQ(model.arithmetic("tflite", "int8"), "int8");
  EXPECT_EQ(model.arithmetic("openvino", "bf16"), "bf16");
}

// Each engine keeps the accuracy of what it computes.
TEST(Networks, AccuracyIsThatOfOneArithmetic) {
  const TuneOptions options{.goals = {.fps = 10}};
  const Program program("");
  const Processes processes = program.processes();
  TuneWork work{.options = options, .processes = processes, .clock = TuneClock(60)};
  work.models = {TuneModel{.file = "m.pt", .parameters = 1, .sides = {320}}};
  work.footage = {.size = {320, 320}, .fps = 30, .frames = 30};
  const auto runtime = [](const std::string& engine, const std::string& precision,
                          const std::string& arithmetic) {
    return Runtime{.engine = engine,
                   .precision = precision,
                   .look = {.ms_p50 = 40, .ms_p99 = 40, .ms_mean = 40, .cpu_ms = 40},
                   .input = {320, 320},
                   .arithmetic = arithmetic};
  };
  const std::vector<Runtime> ways{runtime("openvino", "auto", "bf16"),
                                  runtime("tflite", "auto", "fp32"),
                                  runtime("openvino", "f32", "fp32")};
  const auto tried = [&](size_t way, double accuracy) {
    return NetworkTry{.arithmetic = ways[way].arithmetic,
                      .configuration = {.engine = ways[way].engine, .input = {320, 320}},
                      .look = ways[way].look,
                      .accuracy = accuracy};
  };
  const auto points = predicted_points(work, {tried(0, 0.7), tried(1, 0.9)}, {ways}, {{}});
  ASSERT_EQ(points.size(), 3U);
  EXPECT_EQ(points[0].configuration.engine, "openvino");
  EXPECT_EQ(points[0].accuracy, 0.7);
  EXPECT_EQ(points[1].configuration.engine, "tflite");
  EXPECT_EQ(points[1].accuracy, 0.9);
  EXPECT_EQ(points[2].configuration.precision, "f32");
  EXPECT_EQ(points[2].accuracy, 0.9);
}

TEST(Policies, AreJudgedByANetworkThatSeesEnoughFrames) {
  const auto tried = [](double ms, double accuracy) {
    return NetworkTry{.look = {.ms_p50 = ms, .ms_mean = ms, .decode_ms = 2}, .accuracy = accuracy};
  };
  const std::vector<NetworkTry> tries{tried(900, 0.9), tried(90, 0.8), tried(20, 0.5)};
  EXPECT_EQ(judge_of_policies(tries, 60).accuracy, 0.9);
  EXPECT_EQ(judge_of_policies(tries, 6).accuracy, 0.8);
  EXPECT_EQ(judge_of_policies(tries, 1).accuracy, 0.5) << "the fastest where time is short";
}

TEST(Rehearsal, EndsWhereEveryRunFails) {
  const Program program("echo 'octet: the camera is gone' >&2; exit 1");
  const Processes processes = program.processes();
  const TuneOptions options{.goals = {.fps = 5}};
  TuneWork work{.options = options, .processes = processes, .clock = TuneClock(60)};
  for (int side = 320; side < 640; side += 32)
    work.points.push_back(point("tflite", side, 10, Evidence::kPredicted));
  rehearse(work, 60);
  EXPECT_EQ(program.starts(), 3U);
  EXPECT_THAT(work.not_tried.back(), HasSubstr("the camera is gone"));
  EXPECT_EQ(work.points.back().failed, "the camera is gone");
}

TEST(Policies, AreNotJudgedByASourceWithoutObjects) {
  Look look{.frames = 200, .policies = {{.skip = 1, .kept = 0.9}, {.skip = 2, .kept = {}}}};
  std::string why;
  EXPECT_EQ(judged_policies(look, why).size(), 1U);
  EXPECT_EQ(why, "");
  look.policies[0].kept.reset();
  EXPECT_TRUE(judged_policies(look, why).empty());
  EXPECT_THAT(why, HasSubstr("no object"));
  look.frames = 20;
  EXPECT_TRUE(judged_policies(look, why).empty());
  EXPECT_THAT(why, HasSubstr("20 frames are too few"));
}

TEST(Advice, SaysByHowMuchAModelHasToBeFaster) {
  const TunePoint nearest = point("tflite", 320, 20, Evidence::kLive);
  const Footage camera{.name = "rtsp://camera/s", .fps = 60};
  const std::string text = advice_for({.fps = 30}, camera, nearest, {});
  EXPECT_THAT(text, HasSubstr("the nearest is best.pt at 320x160, tflite, 2 threads"));
  EXPECT_THAT(text, HasSubstr("'octet compress --speedup 1.5'"));
  EXPECT_EQ(advice_for({.fps = 15}, camera, nearest, {}), "");
}

// Decoding and the idle machine take their part, however fast the model is.
TEST(Advice, TakesOffWhatNoModelChanges) {
  TunePoint nearest = point("tflite", 320, 20, Evidence::kLive);  // 50 ms, 40 %
  nearest.figures.watts = 10;
  const Footage camera{.name = "rtsp://camera/s", .fps = 20};
  const auto text = [&](const TuneGoals& goals, const FixedPart& fixed) {
    return advice_for(goals, camera, nearest, fixed);
  };
  EXPECT_THAT(text({.watts = 8}, {.watts = 4}), HasSubstr("--speedup 1.7"))
      << "6 W in place of 3.6";
  EXPECT_THAT(text({.cpu_percent = 20}, {.cpu_percent = 10}), HasSubstr("--speedup 3.3"));
  EXPECT_THAT(text({.age_ms = 40}, {.age_ms = 20}), HasSubstr("--speedup 1.7"));
  const std::string none = text({.age_ms = 40, .watts = 8}, {.age_ms = 20, .watts = 7.8});
  EXPECT_THAT(none, HasSubstr("No model is fast enough, since the idle machine uses 7.8 watts"));
  EXPECT_THAT(none, Not(HasSubstr("compress")));
  EXPECT_THAT(text({.cpu_percent = 20}, {.cpu_percent = 19.5}),
              HasSubstr("decoding takes 20 % of the processor"));
}

TEST(Advice, NamesTheSourceAsTheLimit) {
  const TunePoint nearest = point("tflite", 320, 15, Evidence::kLive);
  const Footage slow{.name = "rtsp://camera/s", .fps = 15};
  EXPECT_THAT(advice_for({.fps = 30}, slow, nearest, {}),
              HasSubstr("rtsp://camera/s gives 15.0 frames a second"));
}

TuneResult result() {
  TuneResult r;
  r.points = {point("tflite", 640, 8, Evidence::kLive), point("tflite", 320, 20, Evidence::kLive),
              point("openvino", 480, 9, Evidence::kPredicted)};
  r.chosen = r.points[1];
  r.seen = LiveRun{.figures = r.chosen.figures, .seconds = 30};
  r.met = true;
  r.accuracy_kind = "agreement with <float>";
  r.not_tried = {"armnn: slow"};
  r.footage.name = "rtsp://camera/s";
  r.config = "live.yaml";
  r.page = "live-tune.html";
  return r;
}

TEST(Report, ShowsTheChoiceTheCurveAndTheRest) {
  const std::string page = tune_page(result(), {.fps = 15}, "model: \"<b>\"\n", {{"cores", "2"}});
  for (const char* part :
       {"Take best.pt at 320x160, tflite, 2 threads", "15 detections a second. It holds.",
        "agreement with &lt;float&gt;", "ran for 30 s", "processor time of a result, ms", "2*",
        "live, 0 s", "predicted", "armnn: slow", "model: &quot;&lt;b&gt;&quot;"})
    EXPECT_THAT(page, HasSubstr(part));
}

TEST(Report, SaysWhatIsMissing) {
  TuneResult r = result();
  r.met = false;
  r.advice = "prune it";
  r.seen.reset();
  r.not_tried.clear();
  for (TunePoint& p : r.points) p.accuracy.reset();
  const std::string page = tune_page(r, {.fps = 15}, "", {});
  EXPECT_THAT(page, HasSubstr("Not met: prune it."));
  EXPECT_THAT(page, HasSubstr("did not run at the end"));
  EXPECT_THAT(page, HasSubstr("no accuracy is known"));
  EXPECT_THAT(page, Not(HasSubstr("Not tried")));
}

TEST(ResultJson, HasTheChoice) {
  const auto json = to_json(result());
  EXPECT_EQ(json.at("chosen").at("engine"), "tflite");
  EXPECT_EQ(json.at("chosen").at("skip"), 0);
  EXPECT_EQ(json.at("tried").size(), 3U);
  EXPECT_EQ(json.at("seen").at("seconds"), 30);
  EXPECT_EQ(json.at("chosen").at("accuracy"), 0.32);
  EXPECT_FALSE(json.contains("advice"));
  EXPECT_FALSE(json.at("chosen").contains("watts"));
  TuneResult unknown = result();
  unknown.chosen.accuracy.reset();
  unknown.chosen.figures.watts = 4.5;
  unknown.page.clear();
  const auto other = to_json(unknown);
  EXPECT_TRUE(other.at("chosen").at("accuracy").is_null());
  EXPECT_EQ(other.at("chosen").at("watts"), 4.5);
  EXPECT_FALSE(other.contains("report")) << "it could not be written";
}

TEST(TunerLock, OnlyOneHoldsIt) {
  const TemporaryFolder folder;
  const auto file = folder / "cache/tune.lock";
  const auto take = [&] { const TunerLock lock(file); };
  {
    const TunerLock lock(file);
    EXPECT_THAT(error_of(take), HasSubstr(fmt::format("process {}", ::getpid())));
    std::filesystem::resize_file(file, 0);
    EXPECT_THAT(error_of(take), Not(HasSubstr("kill")));
  }
  EXPECT_EQ(error_of(take), "");
}

TEST(ScratchFolder, RemovesThoseOfTuningsThatWereKilled) {
  const TemporaryFolder folder;
  const char* before = std::getenv("TMPDIR");
  const std::string kept = before == nullptr ? "" : before;
  ::setenv("TMPDIR", folder.path().c_str(), 1);
  make_folder(folder / "octet-tune.dead");
  write_text_file(folder / "octet-tune.dead/camera.mp4", "secret");
  write_text_file(folder / "other", "");
  {
    const ScratchFolder first, second;
    EXPECT_FALSE(std::filesystem::exists(folder / "octet-tune.dead"));
    EXPECT_TRUE(std::filesystem::exists(first.path())) << "it is in use";
    EXPECT_TRUE(std::filesystem::exists(second.path()));
    EXPECT_TRUE(std::filesystem::exists(folder / "other"));
  }
  EXPECT_EQ(list_folder(folder.path()).size(), 1U);
  before == nullptr ? ::unsetenv("TMPDIR") : ::setenv("TMPDIR", kept.c_str(), 1);
}

}  // namespace
}  // namespace octet
