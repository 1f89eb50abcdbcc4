// The options of live video, for files and cameras: detection and output.
// serve/config/live_options.cpp lists every option with its range.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "vision/decode.h"

namespace octet {

struct RecordingOptions {
  std::filesystem::path path;  // empty: not wanted
  // For cameras: the video appears at once and can be played after a crash. Otherwise it appears
  // when it is finished, and its images have one size.
  bool endless = false;
  // A new one is begun after so long, when the pictures change their size, or when another camera
  // takes over. The older ones are out.1.mp4 (the newest), out.2.mp4, … as many as are kept.
  double part_minutes = 60;  // 0: any length
  int keep = 5;
  bool operator==(const RecordingOptions&) const = default;
};

struct JsonLinesOptions {
  std::filesystem::path path;  // empty: not wanted
  // For cameras: an existing file is continued. Otherwise it is replaced, unless files rotate.
  bool endless = false;
  // Beyond this size a new file begins. Older ones are out.1.jsonl (the newest), out.2.jsonl, … up
  // to `keep`. An existing file is continued. 0: one file.
  int64_t rotate_bytes = 0;
  int keep = 5;
  bool operator==(const JsonLinesOptions&) const = default;
};

struct LiveOptions {
  DecodeOptions decode;
  int64_t max_frames = 0;  // 0: all
  double max_seconds = 0;  // from the first result of a watch on; 0: any time
  RecordingOptions save;
  std::filesystem::path snapshot;  // empty: not wanted
  JsonLinesOptions jsonl;
  std::string source_name;  // in the results of one file; cameras have their own
};

}  // namespace octet
