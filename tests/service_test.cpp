// What surrounds a watch, against real parts: files that change.
#include "serve/service.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <fstream>
#include <future>
#include <map>
#include <mutex>
#include <nlohmann/json.hpp>
#include <set>

#include "core/file.h"
#include "core/log.h"
#include "core/process.h"
#include "format/model_file.h"
#include "format/registry.h"
#include "graph/passes/passes.h"
#include "serve/config/parse.h"
#include "serve/http/test_client.h"
#include "serve/reloader.h"
#include "testing/testing.h"
#include "tools/child_process.h"
#include "tools/service_testing.h"

namespace octet {
namespace {

using nlohmann::json;
using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::HasSubstr;

// Every frame of many pictures, while cameras and the model change again and again.
TEST(WatchChange, LosesNoFrame) {
  const TemporaryFolder folder;
  for (const char* name : {"a", "b"}) {
    make_folder(folder / name);
    for (int i = 0; i < 300; ++i)
      std::filesystem::create_symlink(OCTET_SOURCE_DIR "/samples/coco/images/val/000000000785.jpg",
                                      folder / name / fmt::format("{:03}.jpg", i));
  }
  const CameraSpec a{"a", folder / "a", {}}, b{"b", folder / "b", {}};
  WatchOptions options;
  options.camera.complete = true;
  options.live.jsonl.path = folder / "out.jsonl";
  int results = 0, changes = 0;
  Watch* running = nullptr;
  options.on_result = [&](const SharedResult&, const Picture&) {
    if (++results % 25 != 0) return;
    WatchChange change{.cameras = {a, b}, .camera = options.camera};
    if (++changes % 2 == 0) std::swap(change.cameras[0], change.cameras[1]);
    change.cameras[0].regions.lines = {{.name = fmt::to_string(changes), .to = {1, 1}}};
    change.attention.track = changes % 3 == 0;
    change.detectors = only(std::make_unique<Detector>(tiny()));
    std::async([&] { running->change(std::move(change)); }).get();  // another thread's wish
  };
  Watch watch({a, b}, options);
  running = &watch;
  const WatchSummary summary = watch.run(only(std::make_unique<Detector>(tiny())));
  EXPECT_EQ(changes, 24);
  EXPECT_EQ(summary.all.detected, 600);
  std::map<std::string, int> next;
  std::ifstream lines(folder / "out.jsonl");
  for (std::string line; std::getline(lines, line);) {
    const json j = json::parse(line);
    EXPECT_EQ(j["frame"], next[j["source"]]++);
  }
  EXPECT_EQ(next, (std::map<std::string, int>{{"a", 300}, {"b", 300}}));
}

// Tracks of a model of three classes are none of one that has a single class, and keypoints.
TEST(WatchChange, AnotherModelBeginsWithNewObjects) {
  WatchOptions options;
  options.camera.complete = true;
  options.attention.track = true;
  options.skip = 3;
  options.live.decode.score_threshold = 1e-4F;
  options.live.max_frames = 80;
  int results = 0, wrong = 0;
  std::set<size_t> classes;
  Watch* running = nullptr;
  options.on_result = [&](const SharedResult& result, const Picture&) {
    const Detections& found = result->detections;
    for (const Detection& d : found.items)
      wrong += d.class_index >= static_cast<int>(result->class_names->size()) ? 1 : 0;
    const size_t points = result->class_names->size() == 1 ? 17 : 0;
    wrong += found.keypoints.size() != points * found.items.size() ? 1 : 0;
    if (!found.items.empty()) classes.insert(result->class_names->size());
    if (++results % 10 != 0) return;
    DetectorOptions next = tiny();
    if (results % 20 == 10)
      next.model = OCTET_SOURCE_DIR "/tests/data/checkpoints/v8.4.190-pose1-half-ema.pt";
    running->change({.cameras = {{"clip", kClip, {}}},
                     .camera = options.camera,
                     .attention = options.attention,
                     .detectors = only(std::make_unique<Detector>(next))});
  };
  Watch watch({{"clip", kClip, {}}}, options);
  running = &watch;
  (void)watch.run(only(std::make_unique<Detector>(tiny())));
  EXPECT_EQ(results, 80);
  EXPECT_EQ(classes, (std::set<size_t>{1, 3})) << "each found something";
  EXPECT_EQ(wrong, 0);
}

// With a share of the processor that cannot be held, less and less is looked at.
TEST(Goals, AreHeldByDoingLess) {
  WatchOptions options;
  options.camera.realtime = true;
  options.attention.track = true;
  options.goals.cpu_share = 1e-6;
  Watch watch({{"clip", kClip, {}}}, options);
  Detectors detectors;
  for (const int side : {128, 64}) {
    DetectorOptions detector = tiny();
    detector.size = SizeOption{.size = {side, side}};
    detectors.push_back(std::make_unique<Detector>(detector));
  }
  std::jthread runner([&] { (void)watch.run(std::move(detectors)); });
  EXPECT_TRUE(wait_until([&] {
    const auto status = watch.governor();
    return status && status->skip > 0 && watch.inputs().now == 1;
  }));
  EXPECT_NE(watch.governor()->reason, "");
  EXPECT_TRUE(wait_until([&] { return watch.cameras()[0].tally.tracked > 0; }));
  watch.controls().side = 128;  // is held, whatever the goals want
  EXPECT_TRUE(wait_until([&] { return watch.inputs().now == 0; }));
  EXPECT_EQ(watch.inputs().sizes, (std::vector<Size>{{128, 96}, {64, 64}}));
  watch.controls().side = 0;
  EXPECT_TRUE(wait_until([&] { return watch.inputs().now == 1; }));
  watch.stop();
}

TEST(Watch, SkipsAsItIsTold) {
  WatchOptions options;
  options.camera.realtime = true;
  Watch watch({{"clip", kClip, {}}}, options);
  std::jthread runner([&] { (void)watch.run(only(std::make_unique<Detector>(tiny()))); });
  EXPECT_TRUE(wait_until([&] { return watch.cameras()[0].tally.detected > 2; }));
  EXPECT_EQ(watch.cameras()[0].tally.tracked, 0);
  watch.controls().skip = 3;
  EXPECT_TRUE(wait_until([&] { return watch.cameras()[0].tally.tracked > 2; }));
  watch.stop();
}

TEST(WatchChange, CamerasComeAndGo) {
  WatchOptions options;
  options.camera.realtime = true;
  Watch watch({{"first", kClip, {}}}, options);
  const int64_t first = watch.cameras()[0].id;
  std::jthread runner([&] { (void)watch.run(only(std::make_unique<Detector>(tiny()))); });
  const auto detected = [&](const std::string& name) {
    for (const CameraSummary& c : watch.cameras())
      if (c.name == name) return c.tally.detected;
    return int64_t{-1};
  };
  EXPECT_TRUE(wait_until([&] { return detected("first") > 2; }));
  const int64_t before = detected("first");
  watch.change(
      {.cameras = {{"second", kClip, {}}, {"first", kClip, {}}}, .camera = options.camera});
  EXPECT_TRUE(wait_until([&] { return detected("second") > 2; }));
  EXPECT_GE(detected("first"), before) << "it went on";
  watch.change({.cameras = {{"second", kClip, {}}}, .camera = options.camera});
  EXPECT_TRUE(wait_until([&] { return detected("first") == -1; }));
  EXPECT_NE(watch.cameras()[0].id, first);
  watch.stop();
}

// The thread of a camera whose first line of the log is held up, as by a name server that is away.
class SlowCamera {
 public:
  SlowCamera() {
    hangs = may_end = ended = false;
    set_log_sink([](LogLevel, const char*, const std::string& text) {
      if (!text.starts_with("slow: down")) return;
      hangs = true;
      const auto deadline = Clock::now() + seconds(30);
      while (!may_end && Clock::now() < deadline) std::this_thread::sleep_for(milliseconds(10));
      ended = true;
    });
  }
  ~SlowCamera() { set_log_sink(nullptr); }
  SlowCamera(const SlowCamera&) = delete;
  SlowCamera& operator=(const SlowCamera&) = delete;

  const CameraSpec spec{"slow", fmt::format("rtsp://127.0.0.1:{}/x", free_port()), {}};
  static inline std::atomic<bool> hangs = false, may_end = false, ended = false;
};

// Of which the second frame comes after an hour.
void write_endless(const std::filesystem::path& file) {
  const Image image{.width = 64, .height = 48, .rgb = std::vector<uint8_t>(64 * 48 * 3, 90)};
  VideoWriter writer(file, image.size(), 10);
  for (const double time : {0.0, 3600.0}) writer.write_at(image, time);
  writer.finish();
}

// The second change comes while the camera that the first took out has not ended.
TEST(WatchChange, ACameraThatEndsSlowlyHoldsUpNobody) {
  const TemporaryFolder folder;
  write_endless(folder / "endless.mp4");
  const SlowCamera slow;
  WatchOptions options;
  options.camera.realtime = true;
  const CameraSpec clip{"clip", folder / "endless.mp4", {}},
      other{"other", folder / "endless.mp4", {}};
  Watch watch({clip, slow.spec}, options);
  std::jthread runner([&] { (void)watch.run(only(std::make_unique<Detector>(tiny()))); });
  const auto are = [&](const std::vector<std::string>& names) {
    return wait_until([&] {
      std::vector<std::string> there;
      for (const CameraSummary& c : watch.cameras()) there.push_back(c.name);
      return there == names;
    });
  };
  EXPECT_TRUE(wait_until([] { return SlowCamera::hangs.load(); }));
  watch.change({.cameras = {clip}, .camera = options.camera});
  EXPECT_TRUE(are({"clip"}));
  watch.change({.cameras = {other}, .camera = options.camera});
  EXPECT_TRUE(are({"other"}));
  watch.change({.cameras = {clip}, .camera = options.camera});
  EXPECT_TRUE(are({"clip"}));
  EXPECT_FALSE(SlowCamera::ended) << "it still hangs";
  SlowCamera::may_end = true;
  watch.stop();
}

// Of a watch of the clip with the model beside it.
class Configuration {
 public:
  Configuration() { std::filesystem::copy_file(kModel, model); }

  void write(const std::string& conf) const {
    write_text_file(file, fmt::format("model: model.pt\nimgsz: 64\nrealtime: true\nconf: {}\n"
                                      "sources: {{clip: {}}}\n",
                                      conf, kClip));
  }

  TemporaryFolder folder;
  std::filesystem::path model = folder / "model.pt", file = folder / "box.yaml";
};

TEST(Reload, TakesWhatIsRightAndKeepsTheRestAsItWas) {
  const Configuration configuration;
  const auto &model = configuration.model, &file = configuration.file;
  configuration.write("0.5");
  const LiveConfig config = read_live_config(file);
  Watch watch(config.cameras, config.watch);
  std::jthread runner([&] { (void)watch.run(only(std::make_unique<Detector>(tiny()))); });
  const Reloader reloader(file, config, {768, 432}, watch);
  configuration.write("0.25");
  EXPECT_TRUE(wait_until([&] { return watch.controls().confidence == 0.25; }));
  EXPECT_TRUE(wait_until([&] { return reloader.status().times == 1; }));

  configuration.write("a lot");
  EXPECT_TRUE(wait_until([&] { return !reloader.status().error.empty(); }));
  EXPECT_THAT(reloader.status().error, HasSubstr("box.yaml: line 4: conf"));
  EXPECT_EQ(watch.controls().confidence, 0.25);
  configuration.write("0.75");
  EXPECT_TRUE(wait_until([&] { return reloader.status().times == 2; }));
  EXPECT_EQ(reloader.status().error, "");

  write_text_file(model, "no model");
  EXPECT_TRUE(wait_until([&] { return !reloader.status().error.empty(); }));
  EXPECT_THAT(reloader.status().error, HasSubstr("model.pt"));
  std::filesystem::copy_file(kModel, configuration.folder / "next.pt");
  std::filesystem::rename(configuration.folder / "next.pt", model);
  EXPECT_TRUE(wait_until([&] { return reloader.status().times == 3; }));

  (void)take_reload_request();  // SIGHUP is heard from now on
  ::raise(SIGHUP);
  EXPECT_TRUE(wait_until([&] { return reloader.status().times == 4; }));
  const int64_t before = watch.cameras()[0].tally.detected;
  EXPECT_TRUE(wait_until([&] { return watch.cameras()[0].tally.detected > before; }));
  watch.stop();
}

// A watch of a file's configuration, which counts the classes of the model that gives the results.
class Reloads {
 public:
  explicit Reloads(const std::filesystem::path& file) : config_(read_live_config(file)) {
    config_.watch.on_result = [this](const SharedResult& r, const Picture&) {
      classes_ = r->class_names->size();
    };
    watch_.emplace(config_.cameras, config_.watch);
    runner_ = std::jthread([this] {
      (void)watch_->run(make_detectors(config_.detector, config_.auto_size, {768, 432}));
    });
    reloader_.emplace(file, config_, Size{768, 432}, *watch_);
  }
  ~Reloads() { watch_->stop(); }
  Reloads(const Reloads&) = delete;
  Reloads& operator=(const Reloads&) = delete;

  [[nodiscard]] ReloadStatus status() const { return reloader_->status(); }
  [[nodiscard]] size_t classes() const { return classes_; }

 private:
  LiveConfig config_;
  std::atomic<size_t> classes_ = 0;
  std::optional<Watch> watch_;
  std::jthread runner_;
  std::optional<Reloader> reloader_;
};

const std::string kOneClass =
    OCTET_SOURCE_DIR "/tests/data/checkpoints/v8.4.190-pose1-half-ema.pt";  // kModel has three
constexpr milliseconds kSeveralLooks{1200};

TEST(Reload, AModelThatCameBesideAWrongConfigurationIsTakenWhenThatIsRight) {
  const Configuration configuration;
  const auto &model = configuration.model, &file = configuration.file;
  configuration.write("0.5");
  const Reloads reloads(file);
  EXPECT_TRUE(wait_until([&] { return reloads.classes() == 3; }));
  configuration.write("a lot");
  EXPECT_TRUE(wait_until([&] { return !reloads.status().error.empty(); }));
  std::filesystem::copy_file(kOneClass, configuration.folder / "next.pt");
  std::filesystem::rename(configuration.folder / "next.pt", model);
  std::this_thread::sleep_for(kSeveralLooks);
  EXPECT_EQ(reloads.classes(), 3U);
  EXPECT_NE(reloads.status().error, "");
  configuration.write("0.25");
  EXPECT_TRUE(wait_until([&] { return reloads.classes() == 1; }));
  EXPECT_EQ(reloads.status().error, "");
}

// It is watched where it is wanted, though the one before goes on.
TEST(Reload, AModelThatWasNamedTooEarlyIsTakenWhenItIsThere) {
  const TemporaryFolder folder;
  const auto file = folder / "box.yaml";
  const auto configure = [&](const std::string& model) {
    write_text_file(file, fmt::format("model: {}\nimgsz: 64\nrealtime: true\n"
                                      "sources: {{clip: {}}}\n",
                                      model, kClip));
  };
  configure(kModel);
  const Reloads reloads(file);
  EXPECT_TRUE(wait_until([&] { return reloads.classes() == 3; }));
  configure("next.pt");
  EXPECT_TRUE(wait_until([&] { return !reloads.status().error.empty(); }));
  std::filesystem::copy_file(kOneClass, folder / "next.pt");
  EXPECT_TRUE(wait_until([&] { return reloads.classes() == 1; }));
  EXPECT_EQ(reloads.status().error, "");
}

// An export of two files, named by one of them and by its folder: the other one comes later.
TEST(Reload, AModelOfTwoFilesIsTakenWhenBothAreThere) {
  const auto write = [](const std::string& from, const std::filesystem::path& to) {
    make_folder(to);
    Model model = read_model(from);
    model.graph = fold_batch_norm(std::move(model.graph));
    write_export(export_format("openvino"), to / "net.xml", model, {.size = {64, 64}});
  };
  for (const char* named : {"model/net.xml", "model"}) {
    const TemporaryFolder folder;
    write(kModel, folder / "model");
    write(kOneClass, folder / "next");
    const auto file = folder / "box.yaml";
    write_text_file(
        file, fmt::format("model: {}\nrealtime: true\nsources: {{clip: {}}}\n", named, kClip));
    const Reloads reloads(file);
    EXPECT_TRUE(wait_until([&] { return reloads.classes() == 3; })) << named;
    std::filesystem::rename(folder / "next/net.xml", folder / "model/net.xml");
    std::this_thread::sleep_for(kSeveralLooks);
    const int64_t before = reloads.status().times;
    std::filesystem::rename(folder / "next/net.bin", folder / "model/net.bin");
    EXPECT_TRUE(wait_until([&] { return reloads.status().times > before; })) << named;
    EXPECT_EQ(reloads.status().error, "") << named;
    EXPECT_TRUE(wait_until([&] { return reloads.classes() == 1; })) << named;
  }
}

// Whoever may change the configuration of a running program cannot have it run a library.
TEST(Reload, ADelegateIsTakenAtTheStartOnly) {
  const TemporaryFolder folder;
  const auto model = folder / "model.pt", file = folder / "box.yaml";
  std::filesystem::copy_file(kModel, model);
  const auto configure = [&](const std::string& more) {
    write_text_file(file, fmt::format("model: model.pt\nimgsz: 64\nrealtime: true\n{}"
                                      "sources: {{clip: {}}}\n",
                                      more, kClip));
  };
  configure("");
  const LiveConfig config = read_live_config(file);
  Watch watch(config.cameras, config.watch);
  std::jthread runner([&] { (void)watch.run(only(std::make_unique<Detector>(tiny()))); });
  const Reloader reloader(file, config, {768, 432}, watch);
  configure("threads: 1\ndelegate: /no/such/library.so\n");  // a change that compiles anew
  EXPECT_TRUE(wait_until([&] { return reloader.status().times == 1; })) << reloader.status().error;
  watch.stop();
}

void expect_refusal(const Reloader& reloader, const std::string& said) {
  EXPECT_TRUE(wait_until([&] { return reloader.status().error.find(said) != std::string::npos; }))
      << reloader.status().error;
}

TEST(Reload, TooManySourcesAndWhatIsNoCameraChangeNothing) {
  const TemporaryFolder folder;
  const auto file = folder / "box.yaml";
  const auto configure = [&](const std::string& sources) {
    write_text_file(file, "model: " + kModel + "\nimgsz: 64\nrealtime: true\nsources: {" + sources +
                              "clip: " + kClip + "}\n");
  };
  configure("");
  const LiveConfig config = read_live_config(file);
  Watch watch(config.cameras, config.watch);
  std::jthread runner([&] { (void)watch.run(only(std::make_unique<Detector>(tiny()))); });
  const Reloader reloader(file, config, {768, 432}, watch);
  std::string many;
  for (int i = 0; i < 3000; ++i) many += fmt::format("c{}: rtsp://127.0.0.1:9/{}, ", i, i);
  for (const auto& [sources, said] :
       {std::pair{many, "3001 are too many"},
        {std::string("door: /dev/null, "), "is no camera"},
        {std::string("door: file:///etc/passwd, "), "a file is named by its path alone"}}) {
    configure(sources);
    expect_refusal(reloader, said);
  }
  EXPECT_EQ(watch.cameras().size(), 1U);
  watch.stop();
}

// Whatever the patience with a camera is.
TEST(Service, ThePageIsThereThoughNoCameraIs) {
  const int port = free_port();
  const ChildProcess live({OCTET_BIN_DIR "/octet", "live", "--model", kModel, "--imgsz", "64",
                           "--source", fmt::format("rtsp://127.0.0.1:{}/x", free_port()),
                           "--patience", "3600", "--http", fmt::format("127.0.0.1:{}", port)});
  EXPECT_TRUE(wait_until(
      [&] { return TestClient(port).ask(request_text("GET", "/healthz")).status == 503; },
      seconds(120)));
}

// Cameras that come later are checked by the new authorities, and the broker by those of the start.
TEST(Reload, SaysWhereAuthoritiesStayAsTheyWere) {
  static std::mutex mutex;
  static std::string said;
  said.clear();
  set_log_sink([](LogLevel, const char*, const std::string& text) {
    const std::scoped_lock lock(mutex);
    said += text + "\n";
  });
  for (const std::string scheme : {"mqtt", "mqtts"}) {
    const TemporaryFolder folder;
    const auto file = folder / "box.yaml";
    write_endless(folder / "endless.mp4");
    const auto configure = [&](const std::string& more) {
      write_text_file(file, fmt::format("model: {}\nimgsz: 64\nrealtime: true\n"
                                        "sources: {{a: endless.mp4}}\n"
                                        "mqtt: {{address: \"{}://127.0.0.1\"}}\n{}",
                                        kModel, scheme, more));
    };
    configure("");
    const LiveConfig config = read_live_config(file);
    Watch watch(config.cameras, config.watch);
    std::jthread runner([&] { (void)watch.run(only(std::make_unique<Detector>(tiny()))); });
    {
      const Reloader reloader(file, config, {768, 432}, watch);
      configure("tls-ca: other.pem\n");
      EXPECT_TRUE(wait_until([&] { return reloader.status().times == 1; }));
    }
    watch.stop();
    runner.join();
    const std::scoped_lock lock(mutex);
    EXPECT_EQ(said.find("tls-ca of the broker: what changed there") != std::string::npos,
              scheme == "mqtts")
        << said;
  }
  set_log_sink(nullptr);
}

// They are written until the end, though the file names them no more.
TEST(Reload, SourcesHaveToSuitTheFilesOfTheStart) {
  const TemporaryFolder folder;
  const auto file = folder / "box.yaml";
  write_endless(folder / "endless.mp4");
  const auto configure = [&](const std::string& sources, const std::string& more = "") {
    write_text_file(file, fmt::format("model: {}\nimgsz: 64\nrealtime: true\n"
                                      "sources: {{{}}}\n{}",
                                      kModel, sources, more));
  };
  configure("a: endless.mp4", "save: {file: v.mp4}\njsonl: {file: out.jsonl}\n");
  const LiveConfig config = read_live_config(file);
  Watch watch(config.cameras, config.watch);
  std::jthread runner([&] { (void)watch.run(only(std::make_unique<Detector>(tiny()))); });
  const Reloader reloader(file, config, {768, 432}, watch);
  EXPECT_TRUE(wait_until([&] { return std::filesystem::exists(folder / "out.jsonl"); }));
  for (const auto& [sources, said] :
       {std::pair{"a: endless.mp4, b: endless.mp4", "a video shows one source"},
        {"a: out.jsonl", "out.jsonl would be overwritten"}}) {
    configure(sources);
    expect_refusal(reloader, said);
  }
  EXPECT_EQ(watch.cameras().size(), 1U);
  watch.stop();
}

TEST(JsonLines, OfAServiceAreContinued) {
  const TemporaryFolder folder;
  const auto file = folder / "out.jsonl";
  const auto frames_after = [&](const JsonLinesOptions& options) {
    write_text_file(file, "{\"frame\":1}\n{\"fra");  // the power failed in a line
    JsonLines(options).write(result(2));
    std::vector<int64_t> frames;
    std::ifstream lines(file);
    for (std::string line; std::getline(lines, line);)
      frames.push_back(json::parse(line)["frame"].get<int64_t>());
    return frames;
  };
  EXPECT_EQ(frames_after({.path = file}), (std::vector<int64_t>{2}));
  EXPECT_EQ(frames_after({.path = file, .endless = true}), (std::vector<int64_t>{1, 2}));

  LiveConfig clip{.cameras = {{"a", kClip, {}}}}, stream{.cameras = {{"a", "rtsp://camera", {}}}};
  complete(clip);
  complete(stream);
  EXPECT_FALSE(clip.watch.live.jsonl.endless);
  EXPECT_TRUE(stream.watch.live.jsonl.endless);
  const Configuration configuration;
  configuration.write("0.5");
  EXPECT_TRUE(read_live_config(configuration.file).watch.live.jsonl.endless) << "a service";
}

TEST(JsonLines, RotateAndAreWhole) {
  const TemporaryFolder folder;
  const JsonLinesOptions options{.path = folder / "out.jsonl", .rotate_bytes = 1000, .keep = 2};
  std::ofstream(options.path) << "{\"frame\":-1}\n{\"fra";  // the power failed in a line
  {
    JsonLines lines(options);
    for (int64_t frame = 0; frame < 40; ++frame) lines.write(result(frame));
  }
  int64_t last = -2;
  for (const char* name : {"out.2.jsonl", "out.1.jsonl", "out.jsonl"}) {
    EXPECT_LE(std::filesystem::file_size(folder / name), 1000U);
    std::ifstream file(folder / name);
    for (std::string line; std::getline(file, line);) {
      const auto frame = json::parse(line)["frame"].get<int64_t>();
      EXPECT_TRUE(last == -2 || frame == last + 1) << frame;
      last = frame;
    }
  }
  EXPECT_EQ(last, 39);
  EXPECT_FALSE(std::filesystem::exists(folder / "out.3.jsonl"));
}

}  // namespace
}  // namespace octet
