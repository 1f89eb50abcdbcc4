// The command line on samples/ and the tiny checkpoints, where a text case (cli/*.case) cannot say what is expected.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "media/image/image_io.h"
#include "media/video/video.h"
#include "run_octet.h"

namespace octet {
namespace {

using testing::HasSubstr;

namespace fs = std::filesystem;
using nlohmann::json;

const std::string kModel = kSource + "/samples/yolov8n.safetensors";
const std::string kData = kSource + "/samples/coco/data.yaml";

TEST(Cli, DetectFindsThePeople) {
  const TemporaryFolder folder;
  const Outcome done =
      run_octet("detect --json --model " + kModel + " --source " + kSource +
                "/samples/coco/images/val/000000000785.jpg --save " + folder.path().string());
  ASSERT_EQ(done.status, 0) << done.err;
  const json image = json::parse(done.out)["images"][0];
  EXPECT_EQ(image["width"], 640);
  EXPECT_EQ(image["detections"][0]["name"], "person");
  EXPECT_GT(image["detections"][0]["confidence"], 0.8);
  const Image saved = read_image(folder / "000000000785.jpg");
  EXPECT_EQ(saved.size(), (Size{640, 425}));
}

TEST(Cli, ValOnTheSamples) {
  const Outcome done = run_octet("val --json --model " + kModel + " --data " + kData);
  ASSERT_EQ(done.status, 0) << done.err;
  const json j = json::parse(done.out);
  EXPECT_EQ(j["images"], 12);
  EXPECT_EQ(j["precision"], "fp32");
  EXPECT_GT(j["map50"], 0.6);
  EXPECT_GT(j["map50_95"], 0.4);
  EXPECT_LT(j["map50_95"], j["map50"]);
  const Outcome table = run_octet("val --per-class --model " + kModel + " --data " + kData);
  EXPECT_THAT(table.out, HasSubstr("person"));
}

// The same file, once with the note that it is int8 taken out of it: scores stay, boxes move a
// little.
TEST(Cli, Int8BoxesAreMeans) {
  const TemporaryFolder folder;
  const std::string stem = (folder / "yolov8n-int8").string();
  const Outcome exported =
      run_octet("export --model " + kSource + "/samples/yolov8n-int8.safetensors --imgsz 320 " +
                "--format openvino -o " + folder.path().string());
  ASSERT_EQ(exported.status, 0) << exported.err;
  const auto detect = [&] {
    const Outcome done = run_octet("detect --json --model " + stem + ".xml --source " + kSource +
                                   "/samples/coco/images/val/000000000785.jpg");
    EXPECT_EQ(done.status, 0) << done.err;
    return json::parse(done.out)["images"][0]["detections"];
  };
  const json means = detect();
  std::string text = read_text_file(stem + ".xml");
  const std::string note = "weight_bits&quot;:8";
  ASSERT_THAT(text, HasSubstr(note));
  text.replace(text.find(note), note.size(), "weight_bits&quot;:0");
  write_text_file(stem + ".xml", text);
  const json best = detect();
  ASSERT_EQ(means.size(), best.size());
  ASSERT_GT(best.size(), 0U);
  int moved = 0;
  for (size_t i = 0; i < best.size(); ++i) {
    EXPECT_EQ(means[i]["confidence"], best[i]["confidence"]);
    moved += means[i]["box"] != best[i]["box"];
    for (size_t side = 0; side < 4; ++side)
      EXPECT_NEAR(means[i]["box"][side].get<double>(), best[i]["box"][side].get<double>(), 32);
  }
  EXPECT_GT(moved, 0);
}

TEST(Cli, EveryEngineRunsFloatModelsAlike) {
  std::vector<double> found;
  for (const std::string engine : {"openvino", "onnxruntime", "tflite"}) {
    const Outcome done =
        run_octet("val --json --model " + kModel + " --data " + kData + " --engine " + engine);
    ASSERT_EQ(done.status, 0) << done.err;
    found.push_back(json::parse(done.out)["map50_95"]);
    EXPECT_NEAR(found.back(), found.front(), 1e-3) << engine;
  }
  EXPECT_GT(found.front(), 0.4);
}

TEST(Cli, LiveOnTheClip) {
  const TemporaryFolder folder;
  const Outcome done =
      run_octet("live --json --frames 20 --model " + kModel + " --source " + kSource +
                "/samples/person.mp4 --save " + (folder / "o.mp4").string() + " --jsonl " +
                (folder / "o.jsonl").string());
  ASSERT_EQ(done.status, 0) << done.err;
  const json j = json::parse(done.out);
  EXPECT_EQ(j["frames"], 20);
  EXPECT_EQ(j["imgsz"], json({640, 384}));
  for (const char* key :
       {"detected", "dropped", "fps", "frame_ms_p50", "frame_ms_p99", "age_ms_p50", "age_ms_p99",
        "first_result_ms", "rss_mb", "cpu_ms_per_frame"}) {
    EXPECT_TRUE(j.contains(key)) << key;
  }
  EXPECT_EQ(VideoReader(folder / "o.mp4").info().frames, 20);
}

// Two formats in every engine that reads them, and what each target would leave behind.
TEST(Cli, BenchAndTargets) {
  const TemporaryFolder folder;
  const std::string at = folder.path().string();
  ASSERT_EQ(
      run_octet("export --model " + kModel + " --format onnx,tflite --imgsz 64 -o " + at).status,
      0);
  const Outcome done = run_octet("bench --json --engine all --rounds 2 --seconds 0.1 --html " + at +
                                 "/b.html --data " + kData + " --model " + at);
  ASSERT_EQ(done.status, 0) << done.err;
  const json rows = json::parse(done.out)["rows"];
  ASSERT_EQ(rows.size(), 3U);  // the .onnx in two engines
  for (const json& row : rows) {
    EXPECT_GT(row["ms_p50"].get<double>(), 0);
    EXPECT_GE(row["frames"].get<int>(), 40);
    EXPECT_NEAR(row["map50_95"].get<double>(), rows[0]["map50_95"].get<double>(), 0.01);
  }
  EXPECT_THAT(read_text_file(folder / "b.html"), HasSubstr("<figure class=\"chart"));

  const std::string tflite = at + "/yolov8n.tflite";
  const Outcome part =
      run_octet("bench --json --engine tflite --rounds 1 --seconds 0.1 --model " + at);
  EXPECT_EQ(part.status, 1);
  EXPECT_THAT(part.err, HasSubstr("yolov8n.onnx (--engine tflite)")) << part.err;
  const json measured = json::parse(part.out)["rows"];
  ASSERT_EQ(measured.size(), 1U);
  EXPECT_EQ(measured[0]["model"], tflite);
  const json xnnpack = json::parse(run_octet("inspect --json --target xnnpack " + tflite).out);
  ASSERT_EQ(xnnpack["fallbacks"].size(), 1U);
  EXPECT_EQ(xnnpack["fallbacks"][0]["operator"], "CAST");
  const json coral = json::parse(run_octet("inspect --json --target edgetpu " + tflite).out);
  EXPECT_EQ(coral["fallbacks"].size(), coral["operators"].get<size_t>());  // all in float
}

// An engine is a module with a log of its own, which the program's has to take over.
TEST(Cli, LogJsonHoldsForWhatAnEngineSays) {
  const TemporaryFolder folder;
  const std::string live = "XDG_CACHE_HOME=" + folder.path().string() +
                           " " OCTET_BIN_DIR
                           "/octet live --engine openvino --log-json --frames 2 --model " +
                           kTiny + " --source " + kSource + "/samples/coco/images/val";
  ASSERT_EQ(run_shell(live).status, 0);
  int damaged = 0;
  for (const auto& entry : fs::directory_iterator(folder / "octet")) {
    write_text_file(entry.path(), "damaged");
    ++damaged;
  }
  ASSERT_GT(damaged, 0);
  const Outcome again = run_shell(live);
  EXPECT_EQ(again.status, 0);
  const size_t at = again.err.find("the model is compiled again");
  ASSERT_NE(at, std::string::npos) << again.err;
  const size_t begin = again.err.rfind('\n', at) + 1;
  const std::string line = again.err.substr(begin, again.err.find('\n', at) - begin);
  const json said = json::parse(line, nullptr, false);
  ASSERT_TRUE(said.is_object()) << line;
  EXPECT_EQ(said["level"], "warning");
}

// The one compiler that octet does not ship is found, or said to be missing.
TEST(Cli, EdgeTpuCompilerIsRunWhereItIs) {
  const TemporaryFolder folder;
  const std::string command = " --json --format edgetpu --imgsz 64 --model " + kSource +
                              "/samples/yolov8n-int8.safetensors -o " + folder.path().string();
  const Outcome none = run_shell("PATH=/usr/bin:/bin " OCTET_BIN_DIR "/octet export" + command);
  EXPECT_EQ(none.status, 0) << none.err;
  EXPECT_NE(none.err.find("edgetpu_compiler is not installed; run this where it is"),
            std::string::npos)
      << none.err;
  write_text_file(folder / "edgetpu_compiler",
                  "#!/bin/sh\nname=$(basename \"$3\" .tflite)\ncp \"$3\" "
                  "\"$2/${name}_edgetpu.tflite\"\n");
  fs::permissions(folder / "edgetpu_compiler", fs::perms::owner_all);
  const Outcome made = run_shell("PATH=" + folder.path().string() +
                                 ":/usr/bin:/bin " OCTET_BIN_DIR "/octet export" + command);
  EXPECT_EQ(made.status, 0) << made.err;
  EXPECT_EQ(json::parse(made.out)["files"][0]["path"],
            (folder / "yolov8n-int8_edgetpu.tflite").string());
}

TEST(Cli, EngineOptionsBelongToEngines) {
  const std::string detect =
      "detect --source " + kSource + "/samples/coco/images/val --model " + kTiny;
  EXPECT_EQ(run_octet(detect + " --delegate none").status, 0) << "auto takes an engine with it";
  const Outcome absent = run_octet(detect + " --device MYRIAD");
  EXPECT_EQ(absent.status, 2);
  EXPECT_NE(absent.err.find("--device MYRIAD: MYRIAD is not present; OpenVINO finds here: CPU"),
            std::string::npos)
      << absent.err;
  EXPECT_EQ(run_octet(detect + " --device HETERO:CPU").status, 0);
  const Outcome other = run_octet(detect + " --engine openvino --delegate none");
  EXPECT_EQ(other.status, 2);
  EXPECT_NE(other.err.find("engine openvino: has no option 'delegate'; leave it out, or take "
                           "--engine tflite"),
            std::string::npos)
      << other.err;
}

TEST(Cli, CtrlCEndsCleanlyWithTheSummary) {
  const TemporaryFolder folder;
  const Outcome done =
      run_shell("timeout -s INT 3 " OCTET_BIN_DIR "/octet live --json --realtime --model " + kTiny +
                " --imgsz 64 --source " + kSource + "/samples/person.mp4 --save " +
                (folder / "o.mp4").string() + "; echo status $?");
  const json j = json::parse(done.out.substr(0, done.out.find('\n')));
  EXPECT_TRUE(j["interrupted"]);
  EXPECT_GT(j["frames"], 3);
  EXPECT_LT(j["frames"], 110);
  EXPECT_GT(j["inference_ms_p50"], 0);
  EXPECT_LT(j["inference_ms_p50"], j["age_ms_p50"]);
  EXPECT_GT(j["overhead_ms_p50"], 0);
  EXPECT_EQ(VideoReader(folder / "o.mp4").info().frames, j["detected"]);
}

// The program without octet-train beside it or in $PATH.
Outcome run_alone(const std::string& arguments) {
  const TemporaryFolder folder;
  fs::copy(OCTET_BIN_DIR "/octet", folder / "octet");
  return run_shell("PATH=/usr/bin:/bin " + (folder / "octet").string() + " " + arguments);
}

// However 'octet bench' ends, what it started does not go on for an hour.
TEST(Cli, RunsOfBenchEndWithIt) {
  for (const char* signal : {"TERM", "KILL"}) {
    const Outcome done = run_shell(
        std::string(OCTET_BIN_DIR "/octet bench --imgsz 64 --engine onnxruntime --rounds 1 "
                                  "--seconds 3600 --model ") +
        kTiny +
        " & bench=$!; cd /proc; run=; for i in $(seq 100); do run=$(cat $bench/task/*/children); "
        "[ \"$run\" ] && break; sleep 0.1; done; run=${run% }; sleep 1; [ -e $run/exe ] || exit 2; "
        "kill -" +
        signal +
        " $bench; for i in $(seq 100); do [ -e $run/exe ] || [ -e $bench/exe ] || exit 0; sleep "
        "0.1; "
        "done; kill -KILL $bench $run; exit 3");
    EXPECT_EQ(done.status, 0) << signal << ": 2: it started nothing, 3: something went on";
  }
}

TEST(Cli, TrainSaysWhatIsMissing) {
  const Outcome done = run_alone("train --model x");
  EXPECT_EQ(done.status, 1);
  EXPECT_THAT(done.err, HasSubstr("octet-train is not installed"));
}

TEST(Cli, HelpListsEveryVerb) {
  const Outcome alone = run_alone("--help");
  EXPECT_EQ(alone.status, 0) << alone.err;
  for (const char* verb : {"import", "inspect", "detect", "val", "live", "export", "verify",
                           "bench", "profile", "doctor", "train", "quantize"}) {
    EXPECT_NE(alone.out.find("\n  " + std::string(verb) + " "), std::string::npos) << verb;
  }
  EXPECT_NE(alone.out.find("on your own data (octet-train is not installed)"), std::string::npos)
      << alone.out;
  if (!fs::exists(OCTET_BIN_DIR "/octet-train")) GTEST_SKIP() << "octet-train is not built";
  EXPECT_EQ(run_octet("--help").out.find("not installed"), std::string::npos);
}

// One mechanism enumerates the options of all verbs.
TEST(Cli, EveryOptionIsDescribed) {
  const Outcome done = run_octet("--describe-options");
  ASSERT_EQ(done.status, 0) << done.err;
  const json verbs = json::parse(done.out);
  for (const auto& [verb, described] : verbs.items()) {
    EXPECT_NE(described["help"], "") << verb;
    if (!fs::exists(OCTET_BIN_DIR "/octet-train") &&
        (verb == "train" || verb == "prune" || verb == "quantize"))
      continue;
    EXPECT_GT(described["options"].size(), 1U) << verb;
    for (const json& option : described["options"])
      EXPECT_GT(option["help"].get<std::string>().size(), 3U) << verb << " " << option["name"];
  }
  EXPECT_EQ(verbs.size(), 16U);
  const auto option = [&](const char* verb, const char* name) {
    for (const json& o : verbs[verb]["options"])
      if (o["name"] == name) return o;
    return json();
  };
  EXPECT_EQ(option("live", "--conf")["range"], json({0.0, 1.0}));
  EXPECT_EQ(option("live", "--conf")["default"], "0.25");
  EXPECT_EQ(option("live", "--skip")["choices"], json({"auto"}));
  EXPECT_EQ(option("live", "--jsonl-rotate-mb")["default"], "0");
  EXPECT_EQ(option("detect", "--conf")["range"], json({0.0, 1.0}));
  EXPECT_EQ(option("detect", "--precision")["choices"], json({"f32", "auto"}));
  EXPECT_EQ(option("detect", "--model")["required"], true);
  EXPECT_EQ(option("bench", "--worker"), json()) << "for octet alone";
  const json& rows = verbs["live"]["configuration"];
  const auto rotation = std::find_if(
      rows.begin(), rows.end(), [](const json& row) { return row["key"] == "jsonl.rotate-mb"; });
  ASSERT_NE(rotation, rows.end());
  EXPECT_EQ((*rotation)["flag"], "--jsonl-rotate-mb");
  EXPECT_EQ((*rotation)["takes_effect"], "next start");
}

TEST(Cli, LiveNamesTheOptionThatIsWrong) {
  const std::string live = "live --model " + kTiny + " --source clip.mp4 ";
  for (const auto& [arguments, said] :
       {std::pair{"--conf 2", "--conf: a number from 0 to 1 is expected, not 2"},
        {"--skip often", "--skip: a number below 1000 or auto"},
        {"--precision f8", "--precision: f32 or auto is expected"},
        {"--imgsz 650", "--imgsz 650: 650 is not a multiple of 32"},
        {"--mqtt http://host", "--mqtt http://host"}}) {
    const Outcome done = run_octet(live + arguments);
    EXPECT_EQ(done.status, 2) << arguments;
    EXPECT_NE(done.err.find(said), std::string::npos) << done.err;
    EXPECT_NE(done.err.find("octet live --help"), std::string::npos) << done.err;
  }
  const Outcome secret = run_octet(live + "--http-token /no/such/file");
  EXPECT_EQ(secret.status, 1);
  EXPECT_NE(secret.err.find("/no/such/file"), std::string::npos) << secret.err;
}

TEST(Cli, MissingEngineSaysWhatToInstall) {
  const TemporaryFolder folder;
  fs::copy(OCTET_BIN_DIR "/octet", folder / "octet");
  const std::string arguments =
      " detect --model " + kTiny + " --source " + kSource + "/samples/coco/images/val";
  const Outcome none = run_shell((folder / "octet").string() + arguments);
  EXPECT_EQ(none.status, 1);
  EXPECT_NE(none.err.find("octet_engine_openvino.so is missing"), std::string::npos) << none.err;
  write_text_file(folder / "octet_engine_openvino.so", "not a library");
  const Outcome broken = run_shell((folder / "octet").string() + arguments);
  EXPECT_EQ(broken.status, 1);
  EXPECT_NE(broken.err.find("make setup"), std::string::npos) << broken.err;
}

}  // namespace
}  // namespace octet
