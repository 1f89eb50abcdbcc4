// Labelled images: the layout of Ultralytics (data.yaml, one text file of labels per image) and
// COCO JSON.
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
  bool strict = false;                   // an invalid label file is an Error
};

// Reads data.yaml or coco.json, by the extension, or a folder with a data.yaml. Throws an Error
// that names file and line of a mistake. An image with an invalid label file is left out, and their
// number is logged once.
[[nodiscard]] Dataset read_dataset(const std::filesystem::path& path,
                                   const DatasetOptions& options);

// Whether a data.yaml, or that of a folder, names such a part. A COCO JSON file is every part.
[[nodiscard]] bool has_part(const std::filesystem::path& path, const std::string& split);

struct DatasetParts {
  Dataset training, validation;
};

// Reads the parts train and val. A COCO JSON file has none: every tenth image is for validation.
// Images that are in both parts are counted, and logged once.
// `model_names` as DatasetOptions has them.
[[nodiscard]] DatasetParts read_parts(const std::filesystem::path& path, bool strict,
                                      const std::vector<std::string>& model_names = {});

// Throws an Error that begins with `name` when the data has the classes of a model in another
// order: the numbers of its labels are of other classes then.
void require_class_order(const Dataset& data, const std::vector<std::string>& model_names,
                         const std::string& name);

// Every tenth image is for validation, the first among them. Throws an Error that begins with `name`
// when there is one image alone.
[[nodiscard]] DatasetParts tenth_apart(Dataset all, const std::string& name);

// Whether it is a folder without a YAML file, so that it is no data set.
[[nodiscard]] bool is_image_folder(const std::filesystem::path& path);

// Reads a folder of images without labels, and the folders below it. The names of classes and the
// keypoints stay empty. Throws an Error that names the folder when it has no image.
[[nodiscard]] Dataset read_unlabelled(const std::filesystem::path& folder);

// Returns at most so many samples, evenly from all, so that any order of files gives a fair sample.
[[nodiscard]] Dataset evenly(const Dataset& data, int most);

[[nodiscard]] bool has_labels(const Dataset& data);
// Throws an Error that begins with `name` when no image has a label. Training and evaluation need
// labels.
void require_labels(const Dataset& data, const std::string& name);
// The same when the data has keypoints, and no object has a labelled one: all models would be
// equally good.
void require_keypoints(const Dataset& data, const std::string& name);

// Reads every image once, on all cores, and leaves out unreadable ones. Their number is logged
// once. Throws an Error for the first one where `strict`, and where none can be read.
void leave_out_unreadable(Dataset& data, bool strict);

// The lines of one label file, at most 100,000. A line is "class x y width height [keypoints…]", in
// fractions of the image, or a polygon "class x y x y x y …", which is replaced by its bounding
// box. A double object is taken once. Throws an Error that names the line.
struct LabelFormat {
  size_t classes = 0;
  int keypoints = 0;
  int keypoint_dims = 0;
};
struct LabelNotes {  // remarks on labels that were accepted
  int64_t duplicates = 0, polygons = 0, without_size = 0;
};
[[nodiscard]] std::vector<TruthObject> parse_labels(std::string_view text,
                                                    const LabelFormat& format,
                                                    const std::string& name,
                                                    LabelNotes* notes = nullptr);

// Returns the path of an image's labels: the last folder "images" becomes "labels", and the
// extension ".txt".
[[nodiscard]] std::filesystem::path label_path(const std::filesystem::path& image);

// Returns the objects of a sample in pixels of its image.
[[nodiscard]] std::vector<TruthObject> objects_in_pixels(const Sample& sample, Size picture);

}  // namespace octet
