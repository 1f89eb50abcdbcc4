#include <memory>
#include <nlohmann/json.hpp>
#include <optional>

#include "app/common_options.h"
#include "app/octet/verbs.h"
#include "app/print_json.h"
#include "app/verb_table.h"
#include "core/error.h"
#include "core/file.h"
#include "core/log.h"
#include "core/output.h"
#include "core/process.h"
#include "core/progress.h"
#include "detect/person_poser.h"
#include "detect/pose_network.h"
#include "detect/raw_network.h"
#include "media/image/annotated_files.h"
#include "media/image/image_io.h"
#include "media/image/picture_reader.h"
#include "vision/detections_json.h"
#include "vision/draw/draw.h"

namespace octet {
namespace {
namespace fs = std::filesystem;
using nlohmann::ordered_json;

struct Options {
  RunOptions run;
  std::string source;
  std::string save;
  std::string raw;
  DecodeOptions decode;
  std::string pose;
  int max_people = kUsualPeople;
  bool strict = false;
};

std::string sentence(const Detections& detections, const std::vector<std::string>& names) {
  std::map<int, int> counts;
  for (const Detection& d : detections.items) ++counts[d.class_index];
  std::vector<std::string> parts;
  for (const auto& [c, n] : counts)
    parts.push_back(fmt::format("{} {}", n, names[static_cast<size_t>(c)]));
  return parts.empty() ? "no detections" : fmt::format("{}", fmt::join(parts, ", "));
}

ordered_json image_json(const fs::path& file, const Image& image, const Detections& detections,
                        const std::vector<std::string>& names) {
  return {{"file", file.string()},
          {"width", image.width},
          {"height", image.height},
          {"detections", to_json(detections, names)}};
}

// Writes the outputs of the network for each image.
void run_raw(const Options& options) {
  if (!options.save.empty() || options.run.json)
    fail_usage("--raw: writes arrays only; leave --save and --json out");
  if (!options.pose.empty()) fail_usage("--raw: is without detections; leave --pose out");
  const std::vector<fs::path> files = list_images(options.source);
  DetectorOptions wanted = detector_options(options.run, std::nullopt, 1);
  wanted.raw = true;
  Detector detector(wanted);
  RawNetwork network(detector);
  Progress progress(static_cast<int64_t>(files.size()), "raw outputs");
  PictureReader reader(options.strict ? BadPicture::kStop : BadPicture::kSkip);
  for (size_t i = 0; i < files.size(); ++i) {
    if (stop_requested()) fail("interrupted after {} of {} images", i, files.size());
    progress.update(static_cast<int64_t>(i) + 1);
    if (const std::optional<Image> image = reader.read(files[i])) network.run(view(*image));
  }
  reader.finish();
  say_if_overwritten(options.raw);
  write_npz(options.raw, network.arrays());
  log_info("{}: {} arrays of {} images", options.raw, network.arrays().size(),
           network.arrays().front().shape[0]);
}

// A model on one image at a time: a detector, with a pose network for its people or without, or a
// pose network that takes the image as one person.
class Finder {
 public:
  explicit Finder(const Options& options)
      : decode_(options.decode), most_people_(options.max_people) {
    DetectorOptions wanted = detector_options(options.run, std::nullopt, 1);
    wanted.one_person = options.pose.empty();
    detector_ = std::make_unique<Detector>(wanted);
    if (detector_->info().pose_head) {
      person_.emplace(std::move(detector_));
      pose_job_ = person_->make_job();
      names_ = {"person"};
    } else {
      job_ = detector_->make_job();
      names_ = detector_->info().names;
    }
    if (!options.pose.empty()) poser_.emplace(wanted, options.pose, *detector_);
  }

  void run(const Image& image, Detections& out) {
    if (pose_job_) return pose_job_->find_whole(view(image), decode_.score_threshold, out);
    job_->submit(view(image));
    job_->finish(decode_, out);
    if (poser_) poser_->find_all(view(image), most_people_, out);
  }
  [[nodiscard]] const std::vector<std::string>& names() const { return names_; }
  [[nodiscard]] const Detector& detector() const {
    return person_ ? person_->detector() : *detector_;
  }
  [[nodiscard]] const Skeleton& skeleton() const {
    return poser_ ? poser_->skeleton() : detector().info().skeleton();
  }

 private:
  DecodeOptions decode_;
  int most_people_;
  std::unique_ptr<Detector> detector_;
  std::unique_ptr<Job> job_;
  std::optional<PoseNetwork> person_;
  std::unique_ptr<PoseJob> pose_job_;
  std::optional<PersonPoser> poser_;
  std::vector<std::string> names_;
};

// A new folder with the name of an image is a mistake.
void require_folder_name(const fs::path& folder) {
  if (!fs::exists(folder) && has_image_extension(folder))
    fail_usage("--save {}: a folder is expected; the images in it have the names of the originals",
               folder.string());
}

void run(const Options& options) {
  if (!options.raw.empty()) return run_raw(options);
  const std::vector<fs::path> files = list_images(options.source);
  std::vector<fs::path> annotated;
  if (!options.save.empty()) {
    require_folder_name(options.save);
    make_folder(options.save);
    annotated = annotated_files(files, options.save);
  }
  Finder finder(options);
  const std::vector<std::string>& names = finder.names();
  ordered_json images = ordered_json::array();
  Detections detections;
  Progress progress(static_cast<int64_t>(files.size()), "detection");
  PictureReader reader(options.strict ? BadPicture::kStop : BadPicture::kSkip);
  for (size_t i = 0; i < files.size(); ++i) {
    if (stop_requested()) fail("interrupted after {} of {} images", i, files.size());
    progress.update(static_cast<int64_t>(i) + 1);
    std::optional<Image> image = reader.read(files[i]);
    if (!image) continue;
    finder.run(*image, detections);
    if (options.run.json)
      images.push_back(image_json(files[i], *image, detections, names));
    else
      print_out("{}: {}\n", files[i].string(), sentence(detections, names));
    if (annotated.empty()) continue;
    draw_detections(*image, detections, names, finder.skeleton());
    write_jpeg(annotated[i], *image);
  }
  reader.finish();
  finder.detector().say_other_size();
  if (options.run.json) print_json({{"images", images}, {"skipped", reader.skipped()}});
  if (!options.save.empty()) log_info("annotated images are in {}", options.save);
}

}  // namespace

void add_detect(CLI::App& root) {
  auto options = std::make_shared<Options>();
  CLI::App* verb = add_verb(root, "detect");
  add_run_options(*verb, options->run, "f32");
  verb->add_option("--source", options->source,
                   "An image, a folder of images, or a glob in quotes.")
      ->required()
      ->type_name("PATH");
  verb->add_option("--conf", options->decode.score_threshold, "Lowest confidence of a detection.")
      ->check(CLI::Range(0.0, 1.0))
      ->capture_default_str();
  verb->add_option("--iou", options->decode.iou_threshold,
                   "Overlap (IoU) above which the weaker of two boxes is dropped.")
      ->check(CLI::Range(0.0, 1.0))
      ->capture_default_str();
  auto* const pose = verb->add_option(
      "--pose", options->pose,
      "Network that finds the keypoints of one person, as 'octet import' writes it, or "
      "an export of it. It looks at each person that the model finds.");
  pose->type_name("FILE");
  verb->add_option("--max-people", options->max_people,
                   "People of an image who get keypoints, the largest first.")
      ->needs(pose)
      ->check(CLI::Range(1, 1000))
      ->capture_default_str();
  verb->add_option("--save", options->save, "Folder for annotated images.")->type_name("FOLDER");
  verb->add_option(
          "--raw", options->raw,
          "File (.npz) for the outputs of the network as NumPy arrays, without detections. "
          "The first axis counts the images.")
      ->type_name("FILE");
  add_strict_option(*verb, options->strict);
  verb->callback([options] {
    install_stop_signals();
    run(*options);
  });
}

}  // namespace octet
