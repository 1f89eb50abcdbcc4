// Labelled pictures: Ultralytics' layout (data.yaml, one text file of labels per picture) and COCO
// JSON.
#pragma once

#include <cstdint>
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
  std::vector<int> flip_index;  // empty: not given
  std::vector<Sample> samples;  // sorted by file name (COCO JSON: in the file's order)
  int64_t skipped = 0;          // pictures that are left out
};

struct DatasetOptions {
  std::string split = "val";
  std::filesystem::path images;  // COCO JSON: where the pictures are; empty: beside the file
  std::vector<std::string> model_names;  // COCO JSON: classes are matched by name with these
  bool strict = false;                   // a label file that cannot be understood is an Error
};

// data.yaml or coco.json, by its extension, or a folder with a data.yaml. Throws an Error that names file
// and line for anything wrong. A picture whose label file cannot be understood is left out; how many those
// are is logged once.
[[nodiscard]] Dataset read_dataset(const std::filesystem::path& path,
                                   const DatasetOptions& options);

// Throws an Error beginning with `name` when no picture has a label: there is nothing to learn then, and
// nothing to judge by.
void require_labels(const Dataset& data, const std::string& name);

// Reads every picture once, on all cores, and leaves out those that cannot be read; how many is logged
// once. Throws an Error for the first of them where `strict`, and where none can be read.
void leave_out_unreadable(Dataset& data, bool strict);

// The lines of one label file: "class x y width height [keypoints…]", fractions of the picture, or
// "class x y x y x y …", a polygon, of which the box around it is taken; at most 100,000 of them. An object
// that is there twice is taken once. Throws an Error that names the line.
struct LabelFormat {
  size_t classes = 0;
  int keypoints = 0;
  int keypoint_dims = 0;
};
struct LabelNotes {  // what is worth saying of labels that were taken
  int64_t duplicates = 0, polygons = 0, without_size = 0;
};
[[nodiscard]] std::vector<TruthObject> parse_labels(std::string_view text,
                                                    const LabelFormat& format,
                                                    const std::string& name,
                                                    LabelNotes* notes = nullptr);

// Where the labels of a picture are: the last folder "images" of its path becomes "labels", the
// extension ".txt".
[[nodiscard]] std::filesystem::path label_path(const std::filesystem::path& image);

// The sample's objects in pixels of its picture.
[[nodiscard]] std::vector<TruthObject> objects_in_pixels(const Sample& sample, Size picture);

}  // namespace octet
