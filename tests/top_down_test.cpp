// Keypoints of every person: a detector and a pose network, as a user runs them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <fstream>
#include <nlohmann/json.hpp>
#include <set>
#include <thread>

#include "detect/test_pose_network.h"
#include "live/watch.h"
#include "run_octet.h"
#include "serve/config/config.h"
#include "serve/reloader.h"
#include "tools/service_testing.h"

namespace octet {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using testing::HasSubstr;

const std::string kPeople = kSource + "/samples/yolov8n-int8.safetensors";
const std::string kImages = kSource + "/samples/coco/images/val";
const std::string kPoseModel = kSource + "/tests/data/checkpoints/v8.4.190-pose1-half-ema.pt";

class TopDown : public testing::Test {
 protected:
  TopDown() { write_colour_pose_network(folder_ / "pose.safetensors"); }
  [[nodiscard]] std::string file(const std::string& name) const {
    return (folder_ / name).string();
  }
  [[nodiscard]] std::string with_pose() const {
    return " --model " + kPeople + " --pose " + file("pose.safetensors");
  }
  [[nodiscard]] std::vector<json> lines() const {
    std::vector<json> out;
    std::ifstream in(file("out.jsonl"));
    for (std::string line; std::getline(in, line);) out.push_back(json::parse(line));
    return out;
  }

  TemporaryFolder folder_;
};

TEST_F(TopDown, DetectGivesPeopleKeypoints) {
  const Outcome all = run_octet("detect" + with_pose() + " --source " + kImages +
                                " --json --save " + file("drawn"));
  ASSERT_EQ(all.status, 0) << all.err;
  int people = 0, others = 0, most = 0;
  const json all_found = json::parse(all.out);
  for (const json& image : all_found["images"]) {
    int here = 0;
    for (const json& d : image["detections"]) {
      const bool person = d["name"] == "person";
      (person ? here : others) += 1;
      if (d.contains("keypoints")) {
        EXPECT_TRUE(person);
        EXPECT_EQ(d["keypoints"].size(), 2);
      }
    }
    people += here;
    most = std::max(most, here);
  }
  EXPECT_GT(people, 5);
  EXPECT_GT(others, 5);
  EXPECT_GT(most, 1);

  const Outcome one =
      run_octet("detect" + with_pose() + " --source " + kImages + " --json --max-people 1");
  ASSERT_EQ(one.status, 0) << one.err;
  int posed = 0;
  const json one_found = json::parse(one.out);
  for (const json& image : one_found["images"]) {
    int here = 0;
    for (const json& d : image["detections"]) here += d.contains("keypoints");
    EXPECT_LE(here, 1);
    posed += here;
  }
  EXPECT_GT(posed, 2);
}

TEST_F(TopDown, LiveFollowsPeopleWithTheirKeypoints) {
  const Outcome run = run_octet("live" + with_pose() + " --source " + kClip +
                                " --imgsz 320 --frames 40 --pose-smooth --json --jsonl " +
                                file("out.jsonl") + " --save " + file("out.mp4"));
  ASSERT_EQ(run.status, 0) << run.err;
  const json summary = json::parse(run.out);
  EXPECT_EQ(summary["pose"]["network"], "pose.safetensors");
  EXPECT_GT(summary["pose"]["people_per_frame"], 0);
  EXPECT_GT(summary["pose"]["ms_p50"], 0);
  EXPECT_EQ(summary["pose"]["skipped"], 0);
  const std::vector<json> all = lines();
  ASSERT_EQ(all.size(), 40);
  int people = 0;
  for (const json& line : all) {
    for (const json& d : line["detections"]) {
      EXPECT_TRUE(d.contains("track"));
      EXPECT_EQ(d.contains("keypoints"), d["name"] == "person");
      people += d["name"] == "person";
    }
  }
  EXPECT_GT(people, 5);
  EXPECT_DOUBLE_EQ(summary["pose"]["people_per_frame"], people / 40.0);
}

// Frames without a detection cost no looks, and show the keypoints all the same.
TEST_F(TopDown, SkippedDetectionsSaveLooks) {
  const Outcome run =
      run_octet("live" + with_pose() + " --source " + kClip +
                " --imgsz 320 --frames 60 --skip 3 --json --jsonl " + file("out.jsonl"));
  ASSERT_EQ(run.status, 0) << run.err;
  double detected = 0, tracked = 0;
  for (const json& line : lines()) {
    for (const json& d : line["detections"]) {
      if (d["name"] != "person") continue;
      EXPECT_TRUE(d.contains("keypoints"));
      (line["by"] == "tracks" ? tracked : detected) += 1;
    }
  }
  EXPECT_GT(tracked, detected);
  EXPECT_DOUBLE_EQ(json::parse(run.out)["pose"]["people_per_frame"], detected / 60);
}

TEST_F(TopDown, WhatCannotBeIsRefusedWithWhatToDo) {
  const auto refused = [&](const std::string& arguments, int status, const std::string& reason) {
    for (const std::string verb : {"detect", "live"}) {
      const std::string source = verb == "live" ? kClip : kImages;
      const Outcome run = run_octet(verb + " " + arguments + " --source " + source);
      EXPECT_EQ(run.status, status) << verb << " " << arguments;
      EXPECT_THAT(run.err, HasSubstr(reason)) << verb << " " << arguments;
      EXPECT_EQ(run.out, "");
    }
  };
  const std::string pose = file("pose.safetensors");
  refused("--model " + kPeople + " --pose " + file("none.onnx"), 1, "none.onnx");
  refused("--model " + kPeople + " --pose " + kPeople, 1,
          "yolov8n-int8.safetensors: is a YOLO model, and no network for the keypoints");
  refused("--model " + kPoseModel + " --pose " + pose, 1, "finds keypoints itself");
  refused("--model " + kTiny + " --pose " + pose, 1,
          "has no class 'person', whose keypoints --pose could find; its classes are class 0");
  refused("--model " + kPeople + " --pose " + pose + " --max-people 0", 2, "--max-people");
  Model headless = colour_pose_network();
  headless.info.pose_head.reset();
  write_model_file(file("raw.safetensors"), headless, StorageKind::kF32);
  refused("--model " + kPeople + " --pose " + file("raw.safetensors"), 1, "octet import --head");

  const Outcome lonely = run_octet("live --model " + pose + " --source " + kClip);
  EXPECT_EQ(lonely.status, 1);
  EXPECT_THAT(lonely.err, HasSubstr("'octet live --model DETECTOR --pose NET'"));
  const Outcome negative = run_octet("live" + with_pose() + " --pose-budget -1 --source " + kClip);
  EXPECT_EQ(negative.status, 2);
  EXPECT_THAT(negative.err, HasSubstr("--pose-budget"));
  const Outcome alone = run_octet("live --model " + kPeople + " --max-people 3 --source " + kClip);
  EXPECT_EQ(alone.status, 2);
  EXPECT_THAT(alone.err, HasSubstr("give --pose NET"));
}

// A new network takes over between two frames. One that is wrong changes nothing.
TEST_F(TopDown, AReloadTakesAnotherNetwork) {
  const fs::path yaml = folder_ / "live.yaml";
  int turn = 0;
  const auto configure = [&](const std::string& pose) {  // and the clip begins again
    write_text_file(yaml, fmt::format("model: {}\nimgsz: 320\nrealtime: true\n{}\n"
                                      "sources: {{clip{}: {}}}\n",
                                      kPeople, pose, ++turn, kClip));
  };
  configure("");
  LiveConfig config = read_live_config(yaml);
  std::atomic<int> posed = 0, plain = 0;
  config.watch.on_result = [&](const SharedResult& r, const Picture&) {
    for (size_t i = 0; i < r->detections.items.size(); ++i)
      ++(r->detections.keypoints_of(i).empty() ? plain : posed);
  };
  Watch watch(config.cameras, config.watch);
  DetectorOptions detector = config.detector;
  detector.source = Size{768, 432};
  std::jthread runner([&] { (void)watch.run(only(std::make_unique<Detector>(detector))); });
  const Reloader reloader(yaml, config, {768, 432}, watch);
  EXPECT_FALSE(watch.pose());
  EXPECT_TRUE(wait_until([&] { return plain > 0; }));
  EXPECT_EQ(posed, 0);

  configure("pose: pose.safetensors");
  EXPECT_TRUE(wait_until([&] { return posed > 0; }));
  ASSERT_TRUE(watch.pose());
  EXPECT_EQ(watch.pose()->network, "pose.safetensors");

  configure("pose: " + kPeople);
  EXPECT_TRUE(wait_until([&] { return !reloader.status().error.empty(); }));
  EXPECT_THAT(reloader.status().error, HasSubstr("yolov8n-int8.safetensors: is a YOLO"));
  EXPECT_TRUE(watch.pose()) << "all stays as it was";

  configure("");
  EXPECT_TRUE(wait_until([&] { return !watch.pose(); }));
  watch.stop();
}

// A real one, where it is there.
TEST_F(TopDown, MoveNetFindsAWalker) {
  const std::string shared = kSource + "/../shared/data/";
  const std::string net = shared + "generic/movenet-lightning.onnx";
  const std::string clip = shared + "videos/one-by-one-person-detection.mp4";
  if (!fs::exists(net) || !fs::exists(clip))
    GTEST_SKIP() << net << " or " << clip << " is not there";
  ASSERT_EQ(run_octet("import " + net + " -o " + file("movenet.safetensors")).status, 0);
  const Outcome run =
      run_octet("live --model " + kPeople + " --pose " + file("movenet.safetensors") +
                " --source " + clip + " --frames 150 --json --jsonl " + file("out.jsonl"));
  ASSERT_EQ(run.status, 0) << run.err;
  int people = 0, upright = 0;
  for (const json& line : lines()) {
    for (const json& d : line["detections"]) {
      if (d["name"] != "person" || d["confidence"] < 0.7) continue;
      const auto& k = d["keypoints"];
      ASSERT_EQ(k.size(), 17);
      const auto y = [&](int point) { return k[point][1].get<double>(); };
      const auto& box = d["box"];
      bool inside = true;
      for (const int point : {5, 6, 11, 12})
        inside = inside && k[point][0] > box[0] && k[point][0] < box[2] && k[point][1] > box[1] &&
                 k[point][1] < box[3];
      ++people;
      upright += inside && y(0) < y(11) && y(5) < y(11) && y(6) < y(12);
    }
  }
  EXPECT_GT(people, 30);
  EXPECT_GT(upright, people * 8 / 10) << "nose and shoulders above the hips, all within the box";
}

}  // namespace
}  // namespace octet
