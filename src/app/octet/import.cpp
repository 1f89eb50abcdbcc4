#include <fmt/ranges.h>

#include <memory>

#include "app/octet/verbs.h"
#include "app/verb_table.h"
#include "core/error.h"
#include "core/log.h"
#include "core/size.h"
#include "core/text/count_text.h"
#include "format/checkpoint/checkpoint.h"
#include "format/import_network.h"
#include "format/model_file.h"
#include "graph/cost.h"
#include "graph/shapes.h"
#include "model/passes/passes.h"
#include "vision/checked_pose.h"

namespace octet {
namespace {

struct Options {
  std::string checkpoint;
  std::string output;
  std::string size;
  InputValues values;
  PoseHeadRequest head;
  std::string outputs;
  bool half = false;
};

std::string in_words(const std::vector<double>& numbers) {
  return fmt::format("{}", fmt::join(numbers, ","));
}

void refuse_for_checkpoints(const Options& o) {
  const bool input = !o.size.empty() || !o.values.mean.empty() || !o.values.deviation.empty();
  const bool outputs = !o.head.kind.empty() || !o.outputs.empty() || !o.head.order.empty() ||
                       !o.head.scores.empty() || o.head.keypoints != 0;
  if (input || outputs)
    fail_usage("{} are for .onnx and .tflite files; {} is a checkpoint",
               input ? "--imgsz, --mean and --std"
                     : "--head, --outputs, --order, --scores and --keypoints",
               o.checkpoint);
}

// Throws an Error that names an output whose shape does not fit the pose head.
void check_pose_head(const Model& model, const std::string& file) {
  const auto shapes = infer_shapes(model.graph, model.usual_size());
  std::vector<Port> ports;
  for (const Output& o : model.outputs())
    ports.push_back(
        {.name = o.name(), .shape = o.raw.shape.empty() ? shapes.at(o.value) : o.raw.shape});
  try {
    (void)CheckedPose(*model.info.pose_head, model.usual_size(), ports);
  } catch (const Error& e) {
    fail("{}: {}", file, e.what());
  }
}

std::string pose_summary(const PoseHead& head) {
  std::vector<std::string> parts;
  for (const auto& [part, name] : head.outputs)
    parts.push_back(fmt::format("{}={}", pose_part_name(part), name));
  return fmt::format("{} of {} keypoints ({})", pose_head_name(head.kind), head.keypoints,
                     fmt::join(parts, ","));
}

void say_pose_head(const Options& o, const Model& model) {
  if (model.info.pose_head)
    log_info("{}: its outputs have the pose head {}{}", o.checkpoint,
             pose_summary(*model.info.pose_head),
             o.head.kind.empty() ? ", by their names and shapes; --head names another" : "");
  else
    log_info("{}: the meaning of its outputs is not known; --head names that of a pose network",
             o.checkpoint);
}

Model read(const Options& o) {
  if (!is_network_file(o.checkpoint)) {
    refuse_for_checkpoints(o);
    return read_checkpoint(o.checkpoint);
  }
  ImportOptions options{.size = {}, .values = o.values, .head = o.head};
  options.head.outputs = parse_pose_outputs(o.outputs);
  if (!o.size.empty()) options.size = SizeOption::parse(o.size, 1).size;
  ImportedNetwork made = import_network(o.checkpoint, options);
  log_info("{}: its input is (pixel - {}) / {}; --mean and --std change that", o.checkpoint,
           in_words(made.values.mean), in_words(made.values.deviation));
  for (const std::string& note : made.notes) log_warning("{}: {}", o.checkpoint, note);
  if (made.model.info.pose_head) check_pose_head(made.model, o.checkpoint);
  if (o.head.kind != "none") say_pose_head(o, made.model);
  return std::move(made.model);
}

std::string summary(const Model& model) {
  if (model.info.task != Task::kRaw)
    return fmt::format("{} model of {} classes", task_name(model.info.task),
                       model.info.names.size());
  std::vector<std::string> names;
  for (const Output& o : model.outputs()) names.push_back(o.name());
  return fmt::format("network with {} ({})", counted(names.size(), "raw output"),
                     fmt::join(names, ", "));
}

void run(const Options& options) {
  const Model model = read(options);
  std::filesystem::path output = options.output;
  if (output.empty())
    output = std::filesystem::path(options.checkpoint).replace_extension(".safetensors");
  std::error_code missing;
  if (std::filesystem::equivalent(output, options.checkpoint, missing))
    fail_usage("-o {}: is the checkpoint itself; name another file", output.string());
  say_if_overwritten(output);
  write_model_file(output, model, options.half ? StorageKind::kF16 : StorageKind::kF32);
  const Size size = model.usual_size();
  const Cost total = cost(fold_batch_norm(model).graph, size);
  log_info("{}: {}, {:.1f} M parameters, {:.1f} GFLOPs at {}", output.string(), summary(model),
           static_cast<double>(total.parameters) / 1e6, total.gflops,
           model.graph.size ? to_string(size) : std::to_string(size.width));
}

}  // namespace

void add_import(CLI::App& root) {
  auto options = std::make_shared<Options>();
  CLI::App* verb = add_verb(root, "import");
  verb->add_option("checkpoint", options->checkpoint,
                   "A YOLOv5u, YOLOv8 or YOLOv9 checkpoint for detection or pose, or another "
                   "network: an .onnx or a float .tflite file.")
      ->required()
      ->type_name("FILE");
  verb->add_option("-o,--output", options->output,
                   "Model file to write. Without it: the name of the input with .safetensors.")
      ->type_name("FILE");
  verb->add_option("--imgsz", options->size,
                   "Input size of a network whose file leaves it open: 256, or width x height as "
                   "192x256.")
      ->type_name("SIZE");
  verb->add_option("--mean", options->values.mean,
                   "The network takes (pixel - mean) / std of pixels from 0 to 255. One number, or "
                   "three for R, G, B. Without it: what the network's first layers tell.")
      ->delimiter(',')
      ->type_name("NUMBERS");
  verb->add_option("--std", options->values.deviation, "The divisor beside --mean.")
      ->delimiter(',')
      ->type_name("NUMBERS");
  verb->add_option("--head", options->head.kind,
                   "What the outputs of a pose network of one person are: centre (as MoveNet), "
                   "heatmap (PoseNet, HRNet), regression (BlazePose), or none. Without it: what "
                   "their names and shapes tell.")
      ->type_name("KIND");
  verb->add_option("--outputs", options->outputs,
                   "The outputs of the head by name, as heatmap=NAME,offset=NAME. The parts are "
                   "heatmap, offset, centre, regress, points, visibility and presence.")
      ->type_name("PARTS");
  verb->add_option("--order", options->head.order,
                   "The order of offsets: yx-pairs, xy-pairs, yx-planes or xy-planes. Pairs have "
                   "the two numbers of a keypoint side by side, planes have one axis after the "
                   "other. Without it: pairs for centre, planes for heatmap, y first.")
      ->type_name("ORDER");
  verb->add_option("--scores", options->head.scores,
                   "What the heat maps hold: logits or probabilities. Without it: logits where "
                   "there are offsets and no sigmoid at the end, else probabilities.")
      ->type_name("KIND");
  verb->add_option("--keypoints", options->head.keypoints,
                   "The number of keypoints, where the shapes do not tell it.")
      ->check(CLI::Range(1, kMostPoseKeypoints))
      ->type_name("N");
  verb->add_flag("--half", options->half,
                 "Store the weights of convolutions in half precision. The file is half as large.");
  verb->callback([options] { run(*options); });
}

}  // namespace octet
