// What the tests of the library share: the samples, the command line's boxes, and how numbers are
// written there. Only the public headers are included, as by any other program.
#pragma once

#include <gtest/gtest.h>
#include <octet/octet.h>
#include <unistd.h>

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>

namespace api_test {

namespace fs = std::filesystem;

inline const fs::path kSource = OCTET_SOURCE_DIR;
inline const fs::path kImages = kSource / "samples/coco/images/val";
inline const fs::path kInt8 = kSource / "samples/yolov8n-int8.safetensors";
inline const fs::path kVideo = kSource / "samples/person.mp4";
inline const fs::path kTiny = kSource / "tests/data/checkpoints/v8.4.190-detect3.pt";
inline const fs::path kTinyPose = kSource / "tests/data/checkpoints/v8.4.190-pose1-half-ema.pt";

class Folder {
 public:
  Folder() {
    std::string pattern = (fs::temp_directory_path() / "octet-api.XXXXXX").string();
    path_ = ::mkdtemp(pattern.data());
  }
  ~Folder() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  [[nodiscard]] fs::path operator/(const std::string& name) const { return path_ / name; }

 private:
  fs::path path_;
};

// Standard output of the program `octet`; its exit status has to be 0.
inline std::string run_octet(const std::string& arguments) {
  FILE* pipe = ::popen((OCTET_BIN_DIR "/octet " + arguments + " 2>/dev/null").c_str(), "r");
  std::string out;
  char buffer[4096];
  for (size_t got = 0; (got = std::fread(buffer, 1, sizeof buffer, pipe)) > 0;)
    out.append(buffer, got);
  EXPECT_EQ(::pclose(pipe), 0) << arguments;
  return out;
}

inline double pixels(float value) { return std::round(double{value} * 100) / 100; }
inline double probability(float value) { return std::round(double{value} * 1e5) / 1e5; }

// As `octet detect --json` writes them.
inline nlohmann::json to_json(const octet::Detections& found) {
  auto list = nlohmann::json::array();
  for (const octet::Detection& d : found) {
    nlohmann::json j{
        {"class", d.class_index},
        {"name", d.name},
        {"confidence", probability(d.confidence)},
        {"box", {pixels(d.box.x1), pixels(d.box.y1), pixels(d.box.x2), pixels(d.box.y2)}}};
    for (const octet::Keypoint& k : d.keypoints)
      j["keypoints"].push_back({pixels(k.x), pixels(k.y), probability(k.confidence)});
    list.push_back(j);
  }
  return list;
}

inline std::string read_file(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

inline void write_file(const fs::path& file, const std::string& content) {
  std::ofstream(file, std::ios::binary) << content;
}

// The message of the Error that `action` throws; empty: it throws none.
template <typename Action>
std::string error_of(const Action& action) {
  try {
    action();
  } catch (const octet::Error& e) {
    return e.what();
  }
  return "";
}

}  // namespace api_test
