// Data sets as people have them, read as Ultralytics' loader does: what that made of each is written in
// tests/data/unusual_datasets.json (tests/tools/unusual_datasets.py), and why octet differs where it does.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "core/file.h"
#include "core/log.h"
#include "eval/dataset/dataset.h"
#include "testing/testing.h"

namespace octet {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

// The file holds bytes, each as the code point of that number.
std::string to_bytes(const std::string& text) {
  std::string bytes;
  for (size_t i = 0; i < text.size(); ++i) {
    const auto lead = static_cast<unsigned char>(text[i]);
    bytes += lead < 0x80 ? text[i] : static_cast<char>((lead & 3) << 6 | (text[++i] & 0x3F));
  }
  return bytes;
}

// What octet reads of a set's folder: its pictures that are there, with the numbers of their objects.
json read_set(const fs::path& folder, const fs::path& yaml) {
  json pictures = json::object();
  const Dataset data = read_dataset(yaml, {});
  for (const Sample& sample : data.samples) {
    if (!fs::exists(sample.image)) continue;
    std::vector<std::vector<double>> rows;
    for (const TruthObject& o : sample.objects) {
      const TruthBox& b = o.box;
      auto& row = rows.emplace_back(std::vector<double>{static_cast<double>(o.class_index),
                                                        (b.x1 + b.x2) / 2, (b.y1 + b.y2) / 2,
                                                        b.x2 - b.x1, b.y2 - b.y1});
      for (const auto& p : o.keypoints)
        row.insert(row.end(), {p.x, p.y, p.visibility > 0 ? 1.0 : 0.0});
    }
    for (auto& row : rows) {
      for (double& v : row) v = std::round(v * 1e4) / 1e4;
    }
    std::sort(rows.begin(), rows.end());
    pictures[fs::relative(sample.image, folder).string()] = rows;
  }
  return pictures;
}

TEST(UnusualDatasets, AreReadAsUltralyticsDoes) {
  const json sets =
      json::parse(read_text_file(OCTET_SOURCE_DIR "/tests/data/unusual_datasets.json"));
  ASSERT_GE(sets.size(), 30U);
  set_log_sink([](LogLevel, const char*, const std::string&) {});
  for (const auto& [name, set] : sets.items()) {
    const TemporaryFolder folder;
    fs::path yaml;
    const auto write = [&](const std::string& file, const std::string& text) {
      const fs::path path = folder / to_bytes(file);
      make_folder(path.parent_path());
      write_text_file(path, to_bytes(text));
      if (path.filename() == "data.yaml") yaml = path;
    };
    for (const auto& [file, text] : set["files"].items()) write(file, text);
    for (const json& file : set["pictures"]) write(file, "");
    const json& wanted = set.contains("because") ? set["octet"] : set["ultralytics"];
    json expected = json::object();
    for (const auto& [file, rows] : wanted.items()) expected[to_bytes(file)] = rows;
    json found;
    const std::string error = error_of([&] { found = read_set(folder.path(), yaml); });
    if (wanted.is_null()) {
      EXPECT_NE(error, "") << name << ": " << found;
    } else {
      EXPECT_EQ(error, "") << name;
      EXPECT_EQ(found, expected) << name;
      EXPECT_TRUE(!set.contains("names") || read_dataset(yaml, {}).names == set["names"]) << name;
    }
  }
  set_log_sink(nullptr);
}

}  // namespace
}  // namespace octet
