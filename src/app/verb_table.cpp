#include "app/verb_table.h"

#include <algorithm>

#include "core/log.h"

namespace octet {

std::string_view task_title(VerbTask task) {
  constexpr std::string_view kTitles[] = {"Get a model in", "Make it small and fast", "Use it",
                                          "Measure"};
  return kTitles[static_cast<size_t>(task)];
}

// NOLINTNEXTLINE(readability-function-size): a table
const std::vector<VerbRow>& verb_rows() {
  using enum VerbTask;
  static const std::vector<VerbRow> rows{
      {.name = "import",
       .task = kGetModel,
       .purpose = "Convert a checkpoint or another network to a model file.",
       .example = "octet import yolov8n.pt",
       .elsewhere = {"convert"}},
      {.name = "inspect",
       .task = kGetModel,
       .purpose = "Show the contents of a model, an export, or a folder of them.",
       .example = "octet inspect yolov8n.safetensors",
       .elsewhere = {"info", "show"}},
      {.name = "compress",
       .task = kMakeSmall,
       .purpose = "Make a model as fast as it has to be, from training to int8 exports.",
       .example = "octet compress --model yolov8n.pt --data data.yaml --speedup 2",
       .elsewhere = {"optimize", "shrink"}},
      {.name = "train",
       .task = kMakeSmall,
       .purpose = "Fine-tune a model on your own data.",
       .example = "octet train --model yolov8n.pt --data data.yaml --epochs 50 -o run",
       .trains = true,
       .elsewhere = {"finetune", "fit"}},
      {.name = "prune",
       .task = kMakeSmall,
       .purpose = "Remove parts of a model until its int8 time is short enough.",
       .example = "octet prune --model best.safetensors --data data.yaml --speedup 1.5",
       .trains = true,
       .elsewhere = {"slim"}},
      {.name = "quantize",
       .task = kMakeSmall,
       .purpose = "Turn a float model into an int8 model.",
       .example = "octet quantize --model run/best.safetensors --data data.yaml",
       .trains = true,
       .renamed = {{"--observed-scales", "--no-learn-scales"},
                   {"--features", "--feature-weight"},
                   {"--labels", "--label-weight"},
                   {"--analyze", "--rank-layers"},
                   {"--analyze-map", "--rank-by-map"},
                   {"--even-weights", "--bit-exact-everywhere"}}},
      {.name = "export",
       .task = kMakeSmall,
       .purpose = "Write a model as ONNX, TensorFlow Lite, OpenVINO or SavedModel files.",
       .example = "octet export --model int8.safetensors --format onnx,tflite -o out"},
      {.name = "verify",
       .task = kMakeSmall,
       .purpose = "Compare exports with their model, parameter by parameter, and in every engine.",
       .example = "octet verify int8.safetensors out --data data.yaml"},
      {.name = "adapt",
       .task = kMakeSmall,
       .purpose = "Fit the ranges of an int8 model to the images of one site.",
       .example = "octet adapt --model int8.safetensors --float best.pt --images images",
       .elsewhere = {"recalibrate", "calibrate"}},
      {.name = "detect",
       .task = kUse,
       .purpose = "Detect objects in images.",
       .example = "octet detect --model yolov8n.pt --source street.jpg --save found",
       .elsewhere = {"predict", "infer", "inference"}},
      {.name = "live",
       .task = kUse,
       .purpose = "Detect objects in cameras and video files.",
       .example = "octet live --model yolov8n.pt --source /dev/video0 --save out.mp4",
       .elsewhere = {"track", "stream", "watch", "serve"}},
      {.name = "tune",
       .task = kUse,
       .purpose = "Find the fastest and most accurate way to run a model on this machine.",
       .example = "octet tune --model best.pt --source /dev/video0 --target-fps 15",
       .elsewhere = {"autotune"}},
      {.name = "val",
       .task = kMeasure,
       .purpose = "Measure the mAP of a model on labelled images, as COCO defines it.",
       .example = "octet val --model int8.safetensors --data data.yaml",
       .elsewhere = {"validate", "evaluate", "eval", "test"}},
      {.name = "bench",
       .task = kMeasure,
       .purpose = "Compare time, memory and mAP of files, engines, input sizes and threads.",
       .example = "octet bench --model out --engine all",
       .elsewhere = {"benchmark"}},
      {.name = "profile",
       .task = kMeasure,
       .purpose = "Show where the time of a frame goes, down to the layers of the network.",
       .example = "octet profile --model int8.safetensors --source yard.mp4",
       .elsewhere = {"trace"}},
      {.name = "doctor",
       .task = kMeasure,
       .purpose = "Show this machine: processor, memory, temperature, cameras and engines.",
       .example = "octet doctor",
       .elsewhere = {"checks", "engines"}},
  };
  return rows;
}

const VerbRow* find_verb(std::string_view name) {
  const auto& rows = verb_rows();
  const auto at =
      std::find_if(rows.begin(), rows.end(), [&](const VerbRow& row) { return row.name == name; });
  return at == rows.end() ? nullptr : &*at;
}

const CLI::App* verb_of(const CLI::App& app, std::string_view name) {
  for (const CLI::App* verb : app.get_subcommands({})) {
    if (verb->get_name() == name) return verb;
  }
  return nullptr;
}

CLI::App* add_verb(CLI::App& root, std::string_view name) {
  CLI::App* verb = root.add_subcommand(std::string(name), std::string(find_verb(name)->purpose));
  verb->get_help_ptr()->description("Print this help and exit.");
  verb->add_flag_callback(
      "-v,--verbose", [] { set_least_level(LogLevel::kDebug); },
      "Print debug messages too, as OCTET_LOG=debug does.");
  return verb;
}

}  // namespace octet
