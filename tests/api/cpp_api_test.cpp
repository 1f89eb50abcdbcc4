// The C++ interface: its boxes are the command line's, and what fails is an Error.
#include <gmock/gmock.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <memory>
#include <stdexcept>
#include <stop_token>
#include <thread>
#include <vector>

#include "api_testing.h"

namespace api_test {
namespace {

using nlohmann::json;
using octet::Detections;
using octet::DetectOptions;
using octet::Detector;
using octet::DetectorOptions;
using testing::HasSubstr;
using testing::Not;

// The first images of the samples, under their own names.
std::vector<fs::path> some_images(const Folder& folder, size_t count) {
  std::vector<fs::path> all(fs::directory_iterator(kImages), {});
  std::sort(all.begin(), all.end());
  all.resize(std::min(all.size(), count));
  fs::create_directory(folder / "images");
  for (fs::path& image : all) {
    const fs::path link = folder / "images" / image.filename();
    fs::create_symlink(image, link);
    image = link;
  }
  return all;
}

void expect_boxes_of_the_command_line(const fs::path& model, const std::string& size,
                                      float confidence) {
  const Folder folder;
  const auto images = some_images(folder, 8);
  const int side = std::stoi(size);
  const json lines = json::parse(run_octet("detect --json --model " + model.string() + " --imgsz " +
                                           size + " --conf " + std::to_string(confidence) +
                                           " --source " + (folder / "images").string()));
  const Detector detector(model, {.size = {side, side}});
  ASSERT_EQ(lines["images"].size(), images.size());
  size_t boxes = 0;
  for (size_t i = 0; i < images.size(); ++i) {
    const Detections found = detector.detect(images[i], {.confidence = confidence});
    EXPECT_EQ(to_json(found), lines["images"][i]["detections"]) << images[i];
    boxes += found.size();
  }
  EXPECT_GE(boxes, images.size());
}

TEST(Api, BoxesAreThoseOfTheCommandLine) { expect_boxes_of_the_command_line(kInt8, "320", 0.25F); }

TEST(Api, KeypointsAreThoseOfTheCommandLine) {
  expect_boxes_of_the_command_line(kTinyPose, "64", 0.01F);
}

TEST(Api, BoxesOfATfliteFileAreThoseOfTheCommandLine) {
  const Folder folder;
  octet::export_model(kInt8, folder / "m.tflite", {.size = {320, 320}});
  expect_boxes_of_the_command_line(folder / "m.tflite", "320", 0.25F);
}

// The same pixels in another order, with gaps between rows, and from the last row up.
TEST(Api, ViewsShowTheSameImage) {
  const octet::Image image = octet::read_image(kImages / "000000000785.jpg");
  const auto width = static_cast<size_t>(image.width), height = static_cast<size_t>(image.height);
  const size_t row = width * 3, gap = 17;
  std::vector<uint8_t> bgr((row + gap) * height), upside_down(row * height);
  for (size_t y = 0; y < height; ++y) {
    for (size_t x = 0; x < row; ++x) {
      bgr[y * (row + gap) + x] = image.rgb[y * row + x / 3 * 3 + 2 - x % 3];
      upside_down[(height - 1 - y) * row + x] = image.rgb[y * row + x];
    }
  }
  const octet::Size size{image.width, image.height};
  const Detector detector(kInt8, {.size = {320, 320}});
  const json expected = to_json(detector.detect(image));
  EXPECT_FALSE(expected.empty());
  EXPECT_EQ(to_json(detector.detect(octet::ImageView(bgr.data(), size, octet::PixelFormat::kBgr,
                                                     static_cast<std::ptrdiff_t>(row + gap)))),
            expected);
  EXPECT_EQ(to_json(detector.detect(octet::ImageView(upside_down.data() + (height - 1) * row, size,
                                                     octet::PixelFormat::kRgb,
                                                     -static_cast<std::ptrdiff_t>(row)))),
            expected);
}

TEST(Api, ThreadsShareADetectorOrHaveTheirOwn) {
  const Folder folder;
  const auto images = some_images(folder, 4);
  const DetectorOptions options{.size = {320, 320}, .threads = 2, .parallel = 2};
  const Detector shared(kInt8, options), other(kInt8, {.size = {320, 320}, .threads = 1});
  std::vector<json> expected;
  for (const auto& image : images) expected.push_back(to_json(shared.detect(image)));
  const auto run = [&](const Detector& detector) {
    for (int round = 0; round < 3; ++round) {
      for (size_t i = 0; i < images.size(); ++i)
        EXPECT_EQ(to_json(detector.detect(images[i])), expected[i]);
    }
  };
  std::vector<std::jthread> threads;
  for (const Detector* detector : {&shared, &shared, &shared, &other})
    threads.emplace_back([&run, detector] { run(*detector); });
}

TEST(Api, FilesThatAreNoModelsAreErrors) {
  const Folder folder;
  octet::export_model(kTiny, folder / "whole.tflite", {.size = {64, 64}});
  const std::string whole = read_file(folder / "whole.tflite");
  write_file(folder / "cut.tflite", whole.substr(0, whole.size() / 2));
  write_file(folder / "text.onnx", "this is no model");
  write_file(folder / "text.pt", "nor is this");
  write_file(folder / "empty.safetensors", "");
  for (const char* name :
       {"missing.tflite", "cut.tflite", "text.onnx", "text.pt", "empty.safetensors"}) {
    const std::string message = error_of([&] { const Detector d(folder / name); });
    EXPECT_THAT(message, HasSubstr(name));
    EXPECT_THAT(error_of([&] { (void)octet::read_model_info(folder / name); }), HasSubstr(name));
  }
}

TEST(Api, ImagesThatAreNoneAreErrors) {
  const Folder folder;
  const std::string whole = read_file(kImages / "000000000785.jpg");
  write_file(folder / "cut.jpg", whole.substr(0, whole.size() / 2));
  write_file(folder / "text.png", "no image");
  const Detector detector(kTiny, {.size = {64, 64}});
  for (const char* name : {"missing.jpg", "cut.jpg", "text.png"})
    EXPECT_THAT(error_of([&] { (void)detector.detect(folder / name); }), HasSubstr(name));
  EXPECT_THAT(error_of([&] { (void)detector.detect(octet::ImageView()); }),
              HasSubstr("has no pixels"));
  const uint8_t pixel[3] = {};
  EXPECT_THAT(error_of([&] {
                (void)detector.detect(octet::ImageView(pixel, {2, 1}, octet::PixelFormat::kRgb, 3));
              }),
              HasSubstr("stride_bytes is 3"));
  EXPECT_THAT(error_of([&] {
                (void)detector.detect(octet::ImageView(pixel, {1 << 30, 1 << 30}));
              }),
              HasSubstr("million pixels"));
}

// Of usage, in the words of the interface.
TEST(Api, WrongArgumentsAreErrorsOfUsage) {
  const auto expect_usage = [](const auto& action, const char* words) {
    try {
      action();
      ADD_FAILURE() << "no Error: " << words;
    } catch (const octet::Error& e) {
      EXPECT_EQ(e.code(), octet::ErrorCode::kUsage);
      EXPECT_THAT(e.what(), HasSubstr(words));
      EXPECT_THAT(e.what(), Not(HasSubstr("--")));
    }
  };
  const Detector tiny(kTiny, {.size = {64, 64}});
  const octet::Image image = octet::read_image(kImages / "000000000785.jpg");
  expect_usage([] { const Detector d(kTiny, {.size = {300, 300}}); }, "size 300x300");
  expect_usage([] { const Detector d(kTiny, {.engine = "nope"}); }, "engine nope");
  expect_usage([] { const Detector d(kTiny, {.threads = -1}); }, "threads -1");
  expect_usage([] { const Detector d(kTiny, {.parallel = 0}); }, "parallel 0");
  expect_usage([&] { (void)tiny.detect(image, {.confidence = 1.5F}); }, "confidence 1.5");
  expect_usage([&] { (void)tiny.detect(image, {.iou = -1}); }, "iou -1");
  expect_usage([] { octet::export_model(kTiny, "model.txt"); }, ".onnx");
  expect_usage([] { octet::watch(kTiny, {}, [](const octet::WatchFrame&) {}); }, "sources");
}

TEST(Api, WritesWhatTheCommandLineWrites) {
  const Folder folder;
  octet::import_checkpoint(kTiny, folder / "a.safetensors");
  run_octet("import " + kTiny.string() + " -o " + (folder / "b.safetensors").string());
  EXPECT_EQ(read_file(folder / "a.safetensors"), read_file(folder / "b.safetensors"));
  fs::create_directory(folder / "line");
  run_octet("export --imgsz 64x32 --format onnx,tflite,openvino --model " +
            (folder / "a.safetensors").string() + " -o " + (folder / "line").string());
  for (const char* name : {"a.onnx", "a.tflite", "a.xml"}) {
    octet::export_model(folder / "a.safetensors", folder / name, {.size = {64, 32}});
    EXPECT_EQ(read_file(folder / name), read_file(folder / "line" / name)) << name;
  }
  EXPECT_EQ(octet::read_model_info(folder / "a.tflite").input, (octet::Size{64, 32}));
}

TEST(Api, LinesOfTheLogGoToTheDetectorThatAskedForThem) {
  std::vector<std::string> lines;
  DetectorOptions options{.size = {64, 64}};
  options.log = [&](octet::LogLevel, const std::string& line) { lines.push_back(line); };
  const Detector asked(kTiny, options);
  ASSERT_EQ(lines.size(), 1U);
  EXPECT_THAT(lines[0], HasSubstr("was trained with size 640"));
  const Detector silent(kTiny, {.size = {64, 64}});
  EXPECT_EQ(lines.size(), 1U);
}

// As a language does that collects garbage while its log runs.
TEST(Api, ALogMayCloseADetector) {
  std::unique_ptr<Detector> other;
  std::stop_source stop;
  int lines = 0, lines_of_other = 0;
  DetectorOptions options{.size = {64, 64}};
  options.log = [&](octet::LogLevel, const std::string&) {
    ++lines;
    if (!other) return;
    other.reset();
    stop.request_stop();
  };
  const Detector detector(kTiny, options);
  options.log = [&](octet::LogLevel, const std::string&) { ++lines_of_other; };
  other = std::make_unique<Detector>(kTiny, options);
  EXPECT_EQ(lines, 1);
  EXPECT_EQ(lines_of_other, 1);
  // The camera's thread says that it is down. Both detectors would hear it.
  octet::watch(kTiny, {{.name = "door", .address = "rtsp://127.0.0.1:1/none"}},
               [](const octet::WatchFrame&) {}, {.stop = stop.get_token()});
  EXPECT_EQ(other, nullptr);
  EXPECT_EQ(lines_of_other, 1);
}

TEST(Api, NothingIsPrinted) {
  testing::internal::CaptureStdout();
  testing::internal::CaptureStderr();
  {
    const Detector detector(kTiny, {.size = {64, 64}});
    (void)detector.detect(kImages / "000000000785.jpg");
    (void)error_of([] { const Detector d("missing.pt"); });
    octet::watch(kTiny, {{.name = "clip", .address = kVideo.string()}},
                 [](const octet::WatchFrame&) {},
                 {.detector = {.size = {64, 64}}, .max_frames = 3});
  }
  EXPECT_EQ(testing::internal::GetCapturedStdout(), "");
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
}

// A program may leave its children to the system. A trial has to pass there as well.
TEST(Api, AFileIsTriedWhereTheProgramIgnoresItsChildren) {
  const Folder folder;
  ::setenv("XDG_STATE_HOME", (folder / "state").c_str(), 1);
  const auto before = std::signal(SIGCHLD, SIG_IGN);
  EXPECT_EQ(error_of([] { const Detector d(kTiny, {.size = {64, 64}}); }), "");
  std::signal(SIGCHLD, before);
  EXPECT_TRUE(fs::exists(folder / "state/octet/trials"));
  ::unsetenv("XDG_STATE_HOME");
}

TEST(Api, AStopEndsTheLoadOfAFileThatIsTried) {
  const Folder folder;
  ::setenv("XDG_STATE_HOME", (folder / "state").c_str(), 1);
  std::stop_source stop;
  stop.request_stop();
  EXPECT_EQ(error_of([&] {
              const Detector d(kTiny, {.size = {64, 64}, .stop = stop.get_token()});
            }),
            "interrupted");
  ::unsetenv("XDG_STATE_HOME");
}

TEST(Watch, FramesAreThoseOfTheCommandLine) {
  const Folder folder;
  run_octet("live --frames 5 --imgsz 320 --model " + kInt8.string() + " --source " +
            kVideo.string() + " --jsonl " + (folder / "lines").string());
  std::ifstream lines(folder / "lines");
  int64_t frames = 0;
  octet::watch(kInt8, {{.name = "clip", .address = kVideo.string()}},
               [&](const octet::WatchFrame& frame) {
                 std::string line;
                 std::getline(lines, line);
                 EXPECT_EQ(frame.number, frames++);
                 EXPECT_EQ(frame.source, "clip");
                 EXPECT_EQ(frame.image().width, 768);
                 EXPECT_EQ(to_json(frame.detections), json::parse(line)["detections"]);
               },
               {.detector = {.size = {320, 192}}, .max_frames = 5});
  EXPECT_EQ(frames, 5);
}

TEST(Watch, EndsByItsTokenAndByWhatTheCallbackThrows) {
  const std::vector<octet::WatchSource> clip{{.name = "clip", .address = kVideo.string()}};
  std::stop_source stop;
  int frames = 0;
  const auto end = [&](const octet::WatchFrame&) {
    stop.request_stop();
    ++frames;
  };
  octet::watch(kTiny, clip, end, {.detector = {.size = {64, 64}}, .stop = stop.get_token()});
  EXPECT_EQ(frames, 1);
  EXPECT_THROW(
      octet::watch(kTiny, clip, [](const octet::WatchFrame&) { throw std::out_of_range("mine"); },
                   {.detector = {.size = {64, 64}}}),
      std::out_of_range);
  EXPECT_THAT(error_of([] {
                octet::watch(kTiny, {{.name = "door", .address = "missing.mp4"}},
                             [](const octet::WatchFrame&) {});
              }),
              HasSubstr("missing.mp4"));
}

// The trial's program is one that takes long.
TEST(Watch, EndsByItsTokenWhileTheModelIsTried) {
  const Folder folder;
  fs::create_directory(folder / "modules");
  write_file(folder / "modules/octet",
             "#!/bin/sh\n: > " + (folder / "started").string() + "\nexec sleep 60\n");
  fs::permissions(folder / "modules/octet", fs::perms::owner_all);
  ::setenv("OCTET_MODULES", (folder / "modules").c_str(), 1);
  ::setenv("XDG_STATE_HOME", (folder / "state").c_str(), 1);
  std::stop_source stop;
  {
    const std::jthread stopper([&](const std::stop_token& over) {
      while (!fs::exists(folder / "started") && !over.stop_requested())
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
      stop.request_stop();
    });
    EXPECT_EQ(error_of([&] {
                octet::watch(kTiny, {{.name = "clip", .address = kVideo.string()}},
                             [](const octet::WatchFrame&) { ADD_FAILURE() << "a frame"; },
                             {.detector = {.size = {64, 64}}, .stop = stop.get_token()});
              }),
              "");
  }
  EXPECT_TRUE(fs::exists(folder / "started"));
  ::unsetenv("XDG_STATE_HOME");
  ::unsetenv("OCTET_MODULES");
}

}  // namespace
}  // namespace api_test
