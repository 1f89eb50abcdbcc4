// The C interface over the C++ one: no exception leaves, and each message waits for its thread.
#include <octet/c.h>
#include <octet/octet.h>

#include <cstddef>
#include <new>
#include <string>
#include <vector>

namespace {

using octet::v0::DetectOptions;
using octet::v0::DetectorOptions;
using octet::v0::Error;
using octet::v0::ErrorCode;
using octet::v0::ImageView;

thread_local std::string last_error;

octet_status failed(octet_status status, const char* message) noexcept {
  try {
    last_error = message;
  } catch (...) {  // no memory for it
    last_error.clear();
  }
  return status;
}

template <typename Work>
octet_status run(const Work& work) noexcept {
  try {
    work();
    return OCTET_OK;
  } catch (const Error& e) {
    return failed(e.code() == ErrorCode::kUsage ? OCTET_USAGE : OCTET_FAILED, e.what());
  } catch (const std::bad_alloc&) {
    return failed(OCTET_FAILED, "out of memory; a smaller input size or image needs less");
  } catch (const std::exception& e) {
    return failed(OCTET_FAILED, e.what());
  } catch (...) {
    return failed(OCTET_FAILED, "failed, and nothing says why");
  }
}

void require(const void* argument, const char* name) {
  if (argument == nullptr)
    throw Error(ErrorCode::kUsage, std::string(name) + ": is NULL; give one");
}

std::string text_or(const char* text, const char* other) { return text == nullptr ? other : text; }

// Clears what a failed call should have given.
template <typename T>
void require_output(T** out) {
  require(out, "the output");
  *out = nullptr;
}

DetectorOptions options_of(const octet_detector_options* given) {
  if (given == nullptr) return {};
  DetectorOptions out{.engine = text_or(given->engine, "auto"),
                      .size = {given->width, given->height},
                      .threads = given->threads,
                      .parallel = given->parallel == 0 ? 1 : given->parallel,
                      .reduced_precision = given->reduced_precision != 0,
                      .delegate = text_or(given->delegate, ""),
                      .cache = text_or(given->cache, ""),
                      .trusted = given->trusted != 0,
                      .stop = {},
                      .log = {}};
  if (given->log != nullptr) {
    out.log = [log = given->log, user = given->log_user](octet::v0::LogLevel level,
                                                         const std::string& line) {
      log(level == octet::v0::LogLevel::kWarning ? 1 : 0, line.c_str(), user);
    };
  }
  return out;
}

DetectOptions options_of(const octet_detect_options* given) {
  DetectOptions out;
  if (given == nullptr) return out;
  if (given->confidence != 0) out.confidence = given->confidence;
  if (given->iou != 0) out.iou = given->iou;
  if (given->max_detections != 0) out.max_detections = given->max_detections;
  return out;
}

ImageView view_of(const octet_view& given) {
  if (given.format != OCTET_RGB && given.format != OCTET_BGR)
    throw Error(ErrorCode::kUsage, "format: expected OCTET_RGB or OCTET_BGR");
  return {given.data,
          {given.width, given.height},
          given.format == OCTET_BGR ? octet::v0::PixelFormat::kBgr : octet::v0::PixelFormat::kRgb,
          given.stride_bytes};
}

}  // namespace

// NOLINTBEGIN(readability-identifier-naming): as octet/c.h has them
struct octet_image {
  octet::v0::Image image;
};

struct octet_detector {
  octet::v0::Detector detector;
  std::string engine;
};

struct octet_detections {
  std::vector<octet_detection> all;
  std::vector<octet_keypoint> keypoints;
};
// NOLINTEND(readability-identifier-naming)

namespace {

octet_detections* handle_of(const octet::v0::Detections& found) {
  auto handle = std::make_unique<octet_detections>();
  handle->all.reserve(found.size());
  for (const octet::v0::Detection& d : found) {
    handle->all.push_back({.class_index = d.class_index,
                           .confidence = d.confidence,
                           .x1 = d.box.x1,
                           .y1 = d.box.y1,
                           .x2 = d.box.x2,
                           .y2 = d.box.y2,
                           .track = d.track});
    for (const octet::v0::Keypoint& k : d.keypoints)
      handle->keypoints.push_back({.x = k.x, .y = k.y, .confidence = k.confidence});
  }
  return handle.release();
}

}  // namespace

const char* octet_version() { return octet::v0::version(); }

const char* octet_last_error() { return last_error.c_str(); }

octet_status octet_image_read(const char* file, octet_image** image) {
  return run([&] {
    require_output(image);
    require(file, "file");
    *image = new octet_image{octet::v0::read_image(file)};
  });
}

octet_view octet_image_view(const octet_image* image) {
  const octet::v0::Image& i = image->image;
  return {.data = i.rgb.data(),
          .width = i.width,
          .height = i.height,
          .format = OCTET_RGB,
          .stride_bytes = 0};
}

void octet_image_close(octet_image* image) { delete image; }

octet_status octet_write_jpeg(const char* file, const octet_view* image, int quality) {
  return run([&] {
    require(file, "file");
    require(image, "image");
    octet::v0::write_jpeg(file, view_of(*image), quality == 0 ? 92 : quality);
  });
}

octet_status octet_detector_open(const char* model, const octet_detector_options* options,
                                 octet_detector** detector) {
  return run([&] {
    require_output(detector);
    require(model, "model");
    octet::v0::Detector made(model, options_of(options));
    std::string engine = made.engine();
    *detector = new octet_detector{std::move(made), std::move(engine)};
  });
}

void octet_detector_close(octet_detector* detector) { delete detector; }

int32_t octet_class_count(const octet_detector* detector) {
  return static_cast<int32_t>(detector->detector.info().class_names.size());
}

const char* octet_class_name(const octet_detector* detector, int32_t class_index) {
  const std::vector<std::string>& names = detector->detector.info().class_names;
  if (class_index < 0 || static_cast<size_t>(class_index) >= names.size()) return nullptr;
  return names[static_cast<size_t>(class_index)].c_str();
}

int32_t octet_keypoint_count(const octet_detector* detector) {
  return detector->detector.info().keypoints;
}

void octet_input_size(const octet_detector* detector, int32_t* width, int32_t* height) {
  const octet::v0::Size size = detector->detector.input_size();
  *width = size.width;
  *height = size.height;
}

const char* octet_engine(const octet_detector* detector) { return detector->engine.c_str(); }

octet_status octet_detect(const octet_detector* detector, const octet_view* image,
                          const octet_detect_options* options, octet_detections** detections) {
  return run([&] {
    require_output(detections);
    require(detector, "detector");
    require(image, "image");
    *detections = handle_of(detector->detector.detect(view_of(*image), options_of(options)));
  });
}

octet_status octet_detect_file(const octet_detector* detector, const char* image,
                               const octet_detect_options* options, octet_detections** detections) {
  return run([&] {
    require_output(detections);
    require(detector, "detector");
    require(image, "image");
    const std::filesystem::path file = image;
    *detections = handle_of(detector->detector.detect(file, options_of(options)));
  });
}

const octet_detection* octet_detections_all(const octet_detections* detections, size_t* count) {
  *count = detections->all.size();
  return detections->all.data();
}

const octet_keypoint* octet_detections_keypoints(const octet_detections* detections,
                                                 size_t* count) {
  *count = detections->keypoints.size();
  return detections->keypoints.data();
}

void octet_detections_close(octet_detections* detections) { delete detections; }

octet_status octet_import(const char* checkpoint, const char* model) {
  return run([&] {
    require(checkpoint, "checkpoint");
    require(model, "model");
    octet::v0::import_checkpoint(checkpoint, model);
  });
}

octet_status octet_export(const char* model, const char* file, int32_t width, int32_t height) {
  return run([&] {
    require(model, "model");
    require(file, "file");
    octet::v0::export_model(model, file, {.size = {width, height}, .decoded = false, .log = {}});
  });
}
