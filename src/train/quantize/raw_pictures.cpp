#include "train/quantize/raw_pictures.h"

#include <optional>
#include <utility>

#include "core/error.h"
#include "core/log.h"
#include "core/text/count_text.h"
#include "model/person_class.h"

namespace octet {
namespace {

void keep_class(Dataset& data, int kept) {
  for (Sample& sample : data.samples)
    std::erase_if(sample.objects, [&](const TruthObject& o) { return o.class_index != kept; });
}

// Whether a pose network sees the persons of the data set, in both parts. Leaves no other objects.
bool keep_persons(DatasetParts& data, const std::string& file) {
  if (data.training.names.empty()) return false;  // a folder of images
  if (data.training.keypoints > 0) return true;
  const bool labels = has_labels(data.training) || has_labels(data.validation);
  const std::optional<int> person = labels ? find_person_class(data.training.names) : std::nullopt;
  if (!person) {
    log_warning("{}: has no {}; the network sees whole images, each as one person", file,
                labels ? "class 'person'" : "labels");
    return false;
  }
  for (Dataset* part : {&data.training, &data.validation}) keep_class(*part, *person);
  return true;
}

// Of the persons of one part.
std::vector<PictureCrop> crops_of_persons(const Dataset& data, const std::string& name,
                                          double margin) {
  require_labels(data, name);
  std::vector<PictureCrop> crops = person_crops(data, margin);
  if (crops.empty())
    fail("{}: no person{} is in its images, in a box of 32 x 32 pixels or more", name,
         data.keypoints > 0 ? " with keypoints" : "");
  return crops;
}

}  // namespace

DatasetParts read_raw_data(const std::string& file, bool strict) {
  return is_image_folder(file) ? tenth_apart(read_unlabelled(file), file)
                               : read_parts(file, strict);
}

RawPictures raw_pictures(DatasetParts data, const std::string& file, const ModelInfo& info,
                         bool strict) {
  const bool persons = info.pose_head && keep_persons(data, file);
  RawPictures pictures;
  const auto see = [&](Dataset& part, const char* name) {
    leave_out_unreadable(part, strict);
    pictures.skipped += part.skipped;
    if (persons)
      return crops_of_persons(part, fmt::format("{}: {}", file, name), info.pose_head->margin);
    return whole_pictures(part, info.pose_head ? Border::kBlack : Border::kGrey);
  };
  pictures.training = see(data.training, "train");
  pictures.judging = see(data.validation, "val");
  log_info("{}: {} to learn from, {} to evaluate", file,
           counted(static_cast<int64_t>(pictures.training.size()), persons ? "person" : "image"),
           pictures.judging.size());
  return pictures;
}

}  // namespace octet
