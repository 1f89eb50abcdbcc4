// Labelled pictures: Ultralytics' layout (data.yaml, one text file of labels per picture) and COCO
// JSON.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "core/size.h"
#include "eval/metric/coco_metric.h"

namespace octet {

struct Sample {
  std::filesystem::path image;
  bool relative = false;  // the objects' coordinates are fractions of the picture's sides
  std::vector<TruthObject> objects;
};

struct Dataset {
  std::vector<std::string> names;
  int keypoints = 0;
  int keypoint_dims = 0;
  std::vector<int> flip_index;
  std::vector<Sample> samples;  // sorted by file name (COCO JSON: in the file's order)
};

struct DatasetOptions {
  std::string split = "val";
  std::filesystem::path images;  // COCO JSON: where the pictures are; empty: beside the file
  std::vector<std::string> model_names;  // COCO JSON: classes are matched by name with these
};

// data.yaml or coco.json, by its extension. Throws an Error that names file and line for anything
// wrong.
[[nodiscard]] Dataset read_dataset(const std::filesystem::path& path,
                                   const DatasetOptions& options);

// The lines of one label file: "class x y width height [keypoints…]", fractions of the picture; at most
// 100,000 of them. Throws an Error that names the line.
struct LabelFormat {
  size_t classes = 0;
  int keypoints = 0;
  int keypoint_dims = 0;
};
[[nodiscard]] std::vector<TruthObject> parse_labels(std::string_view text,
                                                    const LabelFormat& format,
                                                    const std::string& name);

// Where the labels of a picture are: the last folder "images" of its path becomes "labels", the
// extension ".txt".
[[nodiscard]] std::filesystem::path label_path(const std::filesystem::path& image);

// The sample's objects in pixels of its picture.
[[nodiscard]] std::vector<TruthObject> objects_in_pixels(const Sample& sample, Size picture);

}  // namespace octet
