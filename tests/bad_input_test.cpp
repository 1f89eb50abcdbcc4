// Hostile input through the whole program: exit status 1, one line that names the file, nothing
// half-written. Input that a shell can make is in cli/bad_*.case.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <fstream>

#include "run_octet.h"

namespace octet {
namespace {

using testing::HasSubstr;

namespace fs = std::filesystem;

// One line on standard error with `word` in it, status 1, nothing on standard output.
void expect_refused(const Outcome& done, const std::string& word) {
  EXPECT_EQ(done.status, 1) << done.err;
  EXPECT_THAT(done.err, HasSubstr(word)) << done.err;
  EXPECT_TRUE(done.err.starts_with("octet: ")) << done.err;
  EXPECT_EQ(std::count(done.err.begin(), done.err.end(), '\n'), 1) << done.err;
  EXPECT_TRUE(done.out.empty()) << done.out;
}

std::string python_zip(const std::string& name, const std::string& body) {
  return "python3 -c 'import zipfile, pickle, os, struct\nz = zipfile.ZipFile(\"" + name +
         "\", \"w\")\n" + body + "\nz.close()'";
}

class BadInput : public ::testing::Test {
 protected:
  std::string path(const std::string& name) { return (folder_ / name).string(); }
  Outcome import(const std::string& name) {
    return run_octet("import " + path(name) + " -o " + path("out.safetensors"));
  }
  void TearDown() override { EXPECT_FALSE(fs::exists(folder_ / "out.safetensors")); }
  TemporaryFolder folder_;
};

TEST_F(BadInput, PickleThatCallsASystemCommand) {
  ASSERT_EQ(
      run_shell(
          python_zip(path("evil.pt"),
                     "class E:\n  def __reduce__(self): return os.system, (\"touch " +
                         path("owned") +
                         "\",)\nz.writestr(\"a/data.pkl\", pickle.dumps({\"model\": E()}, 2))"))
          .status,
      0);
  expect_refused(import("evil.pt"), "posix.system");
  EXPECT_FALSE(fs::exists(folder_ / "owned"));
}

TEST_F(BadInput, PickleTenThousandDeep) {
  ASSERT_EQ(run_shell(python_zip(path("deep.pt"),
                                 "z.writestr(\"a/data.pkl\", b\"\\x80\\x02\" + b\"]\" * 10000 + "
                                 "b\"a\" * 9999 + b\".\")"))
                .status,
            0);
  expect_refused(import("deep.pt"), "deep.pt: holds no model");
}

TEST_F(BadInput, TensorOfTwoToTheSixty) {
  const std::string body = "s = zipfile.ZipFile(\"" + kTiny +
                           "\")\n"
                           "for n in s.namelist():\n"
                           "  d = s.read(n)\n"
                           "  if n.endswith(\"data.pkl\"): d = d.replace(b\"K\\x03K\\x03K\\x03t\", "
                           "b\"K\\x03K\\x03\\x8a\\x08\" + struct.pack(\"<q\", 2**60) + b\"t\", 1)\n"
                           "  z.writestr(n, d)";
  ASSERT_EQ(run_shell(python_zip(path("huge.pt"), body)).status, 0);
  expect_refused(import("huge.pt"), "huge.pt");
}

TEST_F(BadInput, ZipBombAndPathOutside) {
  ASSERT_EQ(
      run_shell(python_zip(path("bomb.pt"),
                           "z.writestr(\"a/data.pkl\", b\"0\" * 300000000, zipfile.ZIP_DEFLATED)"))
          .status,
      0);
  expect_refused(import("bomb.pt"), "bomb.pt: the entry 'a/data.pkl' is compressed");
  ASSERT_EQ(
      run_shell(python_zip(path("out.pt"), "z.writestr(\"../../data.pkl\", b\"\\x80\\x02N.\")"))
          .status,
      0);
  expect_refused(import("out.pt"), "leads out of the archive");
}

// Ultralytics appends a zip archive to a .tflite, in which metadata.json is deflated.
TEST_F(BadInput, MetadataThatUnpacksToMuch) {
  const std::string exported = path("v8.4.190-detect3-ultralytics.tflite");
  ASSERT_EQ(run_octet("export --model " + kTiny +
                      " --format tflite --imgsz 64 --layout ultralytics -o " + path(""))
                .status,
            0);
  const auto with_metadata = [&](const std::string& name, const std::string& json) {
    EXPECT_EQ(run_shell("python3 -c 'import zipfile\nd = open(\"" + exported +
                        "\", \"rb\").read().replace(b\"octet\", b\"OCTET\")\n"
                        "open(\"" +
                        path(name) + "\", \"wb\").write(d)\nz = zipfile.ZipFile(\"" + path(name) +
                        "\", \"a\", zipfile.ZIP_DEFLATED)\n" + "z.writestr(\"metadata.json\", " +
                        json + ")\nz.close()'")
                  .err,
              "");
  };
  const std::string json =
      R"("{\"task\": \"detect\", \"stride\": 32, \"version\": \"9\", \"names\": {\"0\": \"cat\"}}" + " " * )";
  with_metadata("sound.tflite", json + "1000");
  EXPECT_THAT(run_octet("inspect " + path("sound.tflite")).out, HasSubstr("Ultralytics 9"));
  with_metadata("bomb.tflite", json + "2000000");
  expect_refused(run_octet("inspect " + path("bomb.tflite")),
                 "bomb.tflite: the entry 'metadata.json' is compressed");
}

TEST_F(BadInput, SafetensorsThatLieAndNanWeights) {
  ASSERT_EQ(run_octet("import " + kTiny + " -o " + path("m.safetensors")).status, 0);
  const std::string whole = read_text_file(path("m.safetensors"));
  std::string lie = whole;
  lie[3] = '\x7f';  // the header claims two billion bytes
  write_text_file(path("lie.safetensors"), lie);
  write_text_file(path("cut.safetensors"), whole.substr(0, whole.size() - 1000));
  std::string nan = whole;
  const float bad = std::numeric_limits<float>::quiet_NaN();
  std::memcpy(nan.data() + nan.size() - 4, &bad, 4);
  write_text_file(path("nan.safetensors"), nan);
  expect_refused(run_octet("inspect " + path("lie.safetensors")), "lie.safetensors");
  expect_refused(run_octet("inspect " + path("cut.safetensors")), "cut.safetensors");
  expect_refused(run_octet("inspect " + path("nan.safetensors")), "holds NaN");
}

TEST_F(BadInput, VideoWithAudioOnly) {
  // A second of silence as a WAV file: a medium without pictures.
  std::string wav(
      "RIFF\x64\x1f\0\0WAVEfmt "
      "\x10\0\0\0\1\0\1\0\x40\x1f\0\0\x40\x1f\0\0\1\0\x08\0data\x40\x1f\0\0",
      44);
  write_text_file(path("audio.mp4"), wav + std::string(8000, '\x80'));
  expect_refused(run_octet("live --imgsz 64 --model " + kTiny + " --source " + path("audio.mp4") +
                           " --save " + path("o.mp4")),
                 "audio.mp4");
  EXPECT_FALSE(fs::exists(folder_ / "o.mp4"));
}

TEST_F(BadInput, DiskFull) {
  expect_refused(run_octet("live --imgsz 64 --model " + kTiny + " --source " + kSource +
                           "/samples/person.mp4 --jsonl /dev/full"),
                 "/dev/full");
  // A file-size limit stands in for a full disk: the write fails half-way.
  expect_refused(run_shell("ulimit -f 100; trap '' XFSZ; exec " OCTET_BIN_DIR "/octet import " +
                           kTiny + " -o " + path("out.safetensors")),
                 "out.safetensors: cannot write");
  expect_refused(
      run_shell("ulimit -f 20; trap '' XFSZ; exec " OCTET_BIN_DIR
                "/octet live --imgsz 64 --model " +
                kTiny + " --source " + kSource + "/samples/person.mp4 --save " + path("o.mp4")),
      "o.mp4: cannot be written");
  EXPECT_TRUE(fs::is_empty(folder_.path()));
}

// What cannot be written is not success, in any verb.
TEST_F(BadInput, ResultsThatAreLostAreAnError) {
  ASSERT_EQ(run_octet("import " + kTiny + " -o " + path("m.safetensors")).status, 0);
  const std::string picture = kSource + "/samples/coco/images/val/000000000785.jpg";
  const std::string model = " --imgsz 64 --model " + path("m.safetensors");
  for (const std::string& arguments :
       {"inspect " + path("m.safetensors"), "inspect --json " + path("m.safetensors"),
        std::string("doctor"), std::string("doctor --json"), std::string("--help"),
        std::string("--version"), std::string("--describe-options"), std::string("live --help"),
        "detect --source " + picture + model, "detect --json --source " + picture + model,
        "live --frames 3 --source " + kSource + "/samples/person.mp4" + model,
        "live --json --frames 3 --source " + kSource + "/samples/person.mp4" + model,
        "export --json --format tflite -o " + path("") + model}) {
    for (const char* broken : {" >/dev/full", " >&-"}) {
      const Outcome done = run_octet(arguments + broken);
      EXPECT_EQ(done.status, 1) << arguments << broken << done.err;
      EXPECT_THAT(done.err, HasSubstr("standard output: cannot be written")) << arguments << broken;
    }
  }
}

// Lines that nobody can read are not an error.
TEST_F(BadInput, AClosedOrFullStandardErrorIsNotFatal) {
  for (const char* broken : {" 2>/dev/full", " 2>&-"}) {
    const Outcome done =
        run_shell(OCTET_BIN_DIR "/octet import " + kTiny + " -o " + path("m.safetensors") + broken);
    EXPECT_EQ(done.status, 0) << broken;
    EXPECT_EQ(run_shell(OCTET_BIN_DIR "/octet import " + path("none.pt") + broken).status, 1);
  }
}

// A part of the pictures is no result.
TEST_F(BadInput, InterruptedDetectionIsAnError) {
  fs::create_directory(folder_ / "in");
  for (int i = 0; i < 3000; ++i)
    fs::create_symlink(kSource + "/samples/coco/images/val/000000000785.jpg",
                       folder_ / "in" / (std::to_string(i) + ".jpg"));
  const Outcome done = run_shell("timeout --preserve-status -s INT 3 " OCTET_BIN_DIR
                                 "/octet detect --json --imgsz 64 --model " +
                                 kTiny + " --source " + path("in"));
  EXPECT_EQ(done.status, 1);
  EXPECT_EQ(done.out, "");
  EXPECT_THAT(done.err, HasSubstr("of 3000 images"));
}

// Names of classes come from the model.
TEST_F(BadInput, ClassNamesDoNotReachTheTerminalAsCommands) {
  ASSERT_EQ(run_octet("import " + kTiny + " -o " + path("m.safetensors")).status, 0);
  std::string file = read_text_file(path("m.safetensors"));
  const size_t at = file.find("class 0");
  ASSERT_NE(at, std::string::npos);
  file.replace(at, 7, R"(\\u001b)");  // JSON within JSON
  write_text_file(path("odd.safetensors"), file);
  const std::string detect = "detect --conf 0 --imgsz 64 --source " + kSource +
                             "/samples/coco/images/val/000000000785.jpg --model ";
  for (const std::string& verb : {std::string("inspect "), detect}) {
    const Outcome done = run_octet(verb + path("odd.safetensors"));
    EXPECT_EQ(done.status, 0) << done.err;
    EXPECT_THAT(done.out, HasSubstr("\uFFFD")) << verb;
    EXPECT_EQ((done.out + done.err).find('\x1b'), std::string::npos) << verb;
  }
  EXPECT_THAT(run_octet("inspect --json " + path("odd.safetensors")).out, HasSubstr(R"("\u001b")"));
}

// A stack that is larger than all addresses stands in for a limit of processes, which root has not.
TEST_F(BadInput, ThreadsThatCannotBeMadeAreAnError) {
  const std::string live = "ulimit -s 200000000000; exec " OCTET_BIN_DIR
                           "/octet live --imgsz 64 --model " +
                           kTiny + " --source " + kSource + "/samples/person.mp4 ";
  for (const char* more :
       {"--realtime", "--realtime --mqtt mqtt://127.0.0.1:9", "--realtime --http 127.0.0.1:0"})
    expect_refused(run_shell("bash -c '" + live + more + "'"), "no further thread can be started");
}

TEST_F(BadInput, DevicesAreWrittenAndNotReplaced) {
  fs::create_symlink("/dev/null", folder_ / "o.safetensors");
  EXPECT_EQ(run_octet("import " + kTiny + " -o " + path("o.safetensors")).status, 0);
  EXPECT_TRUE(fs::is_symlink(folder_ / "o.safetensors"));
  EXPECT_TRUE(fs::is_character_file("/dev/null"));
}

}  // namespace
}  // namespace octet
