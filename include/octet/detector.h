// Finds objects in images.
//
// Engines: the library opens an engine's module, octet_engine_NAME.so, when a Detector needs it. It
// looks in the folder that the environment variable OCTET_MODULES names, beside liboctet.so, and in
// octet/ beside liboctet.so.
//
// Files from strangers: an engine is native code, which a hostile file may crash. So a file that
// this machine has not run is first tried in a process of its own. That process is the program
// `octet`, which has to be beside liboctet.so, in bin/ beside its lib/, or in OCTET_MODULES. The
// state folder of the user ($XDG_STATE_HOME/octet) remembers the files that passed.
//
// Threads: one Detector may be used from several threads. As many calls run at the same time as
// DetectorOptions::parallel says, and others wait for their turn. Detectors know nothing of each
// other.
//
// Example:
//   const octet::Detector detector("yolov8n.safetensors");
//   for (const octet::Detection& d : detector.detect("street.jpg"))
//     std::printf("%s %.2f\n", d.name.c_str(), d.confidence);
#pragma once

#include <filesystem>
#include <memory>
#include <stop_token>
#include <string>

#include "octet/detections.h"
#include "octet/image.h"
#include "octet/log.h"
#include "octet/model.h"
#include "octet/version.h"

namespace octet::v0 {

struct DetectorOptions {
  // "openvino", "onnxruntime", "tflite" or "armnn"; "auto": the first that is installed, reads the
  // file, and computes it right on this processor.
  std::string engine = "auto";
  // Of the network's input, in multiples of 32; 0 x 0: the model's own. Larger finds smaller
  // objects and takes longer. A file with a fixed input takes no other.
  Size size = {};
  int threads = 0;   // for inference, of all parallel calls together; 0: one a core
  int parallel = 1;  // calls of detect() that run at the same time
  // bf16 or fp16 where the processor has them: faster, and nearly the same results. Else float
  // models run in float32.
  bool reduced_precision = false;
  // A TensorFlow Lite delegate's library, such as "libedgetpu.so.1". It is code: name no stranger's.
  std::string delegate = {};
  // Folder for networks that OpenVINO compiled, which then load faster; empty: none.
  std::filesystem::path cache = {};
  // The file is loaded at once, without a trial in a process of its own. For files that you made.
  bool trusted = false;
  std::stop_token stop = {};  // ends a trial that runs; the constructor then throws "interrupted"
  Log log = {};               // of the Detector, as long as it lives
};

struct DetectOptions {
  float confidence = 0.25F;  // the lowest of a detection, 0 to 1
  float iou = 0.7F;          // overlap above which the weaker of two boxes is dropped, 0 to 1
  int max_detections = 300;
};

struct DetectorState;

class OCTET_API Detector {
 public:
  // Loads the model. Throws an Error that names the file or the option that is wrong.
  explicit Detector(const std::filesystem::path& model, const DetectorOptions& options = {});
  ~Detector();
  Detector(Detector&&) noexcept;
  Detector& operator=(Detector&&) noexcept;

  // Throws an Error when the engine fails, and for a view without pixels.
  [[nodiscard]] Detections detect(const ImageView& image, const DetectOptions& options = {}) const;
  // Reads the image file first; throws as read_image() does.
  [[nodiscard]] Detections detect(const std::filesystem::path& image,
                                  const DetectOptions& options = {}) const;

  [[nodiscard]] const ModelInfo& info() const;
  [[nodiscard]] Size input_size() const;
  // Engine and precision, such as "TensorFlow Lite 2.21.0, int8".
  [[nodiscard]] std::string engine() const;

 private:
  std::unique_ptr<DetectorState> state_;
};

}  // namespace octet::v0
