// The names that a checkpoint may mention, and those by which families that octet does not read are
// recognised.
#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "format/checkpoint/pickle.h"
#include "model/blocks/blocks.h"

namespace octet {
namespace {

// Python modules whose listed members are understood. A member of an Ultralytics module is known by
// its last part alone, since the modules were split and moved between 8.0 and 8.4.
constexpr std::array<std::string_view, 62> kNames = {"__builtin__.set",
                                                     "__builtin__.getattr",
                                                     "__builtin__.dict",
                                                     "__builtin__.list",
                                                     "builtins.set",
                                                     "builtins.getattr",
                                                     "builtins.dict",
                                                     "builtins.list",
                                                     "_codecs.encode",
                                                     "collections.OrderedDict",
                                                     "collections.defaultdict",
                                                     "copy_reg._reconstructor",
                                                     "copyreg._reconstructor",
                                                     "__builtin__.object",
                                                     "builtins.object",
                                                     "pathlib.PosixPath",
                                                     "pathlib.WindowsPath",
                                                     "pathlib.PurePosixPath",
                                                     "pathlib._local.PosixPath",
                                                     "pathlib._local.WindowsPath",
                                                     "numpy.dtype",
                                                     "numpy.ndarray",
                                                     "numpy.core.multiarray.scalar",
                                                     "numpy._core.multiarray.scalar",
                                                     "numpy.core.multiarray._reconstruct",
                                                     "numpy._core.multiarray._reconstruct",
                                                     "torch.FloatStorage",
                                                     "torch.HalfStorage",
                                                     "torch.BFloat16Storage",
                                                     "torch.DoubleStorage",
                                                     "torch.LongStorage",
                                                     "torch.IntStorage",
                                                     "torch.ShortStorage",
                                                     "torch.CharStorage",
                                                     "torch.ByteStorage",
                                                     "torch.BoolStorage",
                                                     "torch.Size",
                                                     "torch.device",
                                                     "torch.float16",
                                                     "torch.float32",
                                                     "torch.bfloat16",
                                                     "torch._utils._rebuild_parameter",
                                                     "torch._utils._rebuild_tensor_v2",
                                                     "torch._utils._rebuild_parameter_with_state",
                                                     "torch.nn.modules.activation.SiLU",
                                                     "torch.nn.modules.activation.ReLU",
                                                     "torch.nn.modules.activation.ReLU6",
                                                     "torch.nn.modules.activation.Hardswish",
                                                     "torch.nn.modules.batchnorm.BatchNorm2d",
                                                     "torch.nn.modules.container.ModuleList",
                                                     "torch.nn.modules.container.Sequential",
                                                     "torch.nn.modules.conv.Conv2d",
                                                     "torch.nn.modules.linear.Identity",
                                                     "torch.nn.modules.loss.BCEWithLogitsLoss",
                                                     "torch.nn.modules.pooling.MaxPool2d",
                                                     "torch.nn.modules.upsampling.Upsample",
                                                     "torch.nn.parameter.Parameter",
                                                     "torch.Tensor",
                                                     "torch._tensor.Tensor",
                                                     "torch.serialization._get_layout",
                                                     "torch.strided",
                                                     "torch.nn.modules.module.Module"};

// Beside the blocks that octet builds (model/blocks/blocks.h).
constexpr std::array<std::string_view, 16> kUltralytics = {"Detect",
                                                           "Pose",
                                                           "DFL",
                                                           "DetectionModel",
                                                           "PoseModel",
                                                           "IterableSimpleNamespace",
                                                           "TaskAlignedAssigner",
                                                           "BboxLoss",
                                                           "DFLoss",
                                                           "v8DetectionLoss",
                                                           "v8PoseLoss",
                                                           "KeypointLoss",
                                                           "Loss",
                                                           "PoseLoss",
                                                           "Config",
                                                           "Namespace"};

constexpr std::array<std::pair<std::string_view, std::string_view>, 29> kFamilies = {{
    {"C3x", "YOLOv5"},
    {"C3TR", "YOLOv5"},
    {"Focus", "YOLOv5"},
    {"BottleneckCSP", "YOLOv5"},
    {"SPP", "YOLOv3"},
    {"C3k2", "YOLO11, YOLO12 or YOLO26"},
    {"C3k", "YOLO11, YOLO12 or YOLO26"},
    {"C2PSA", "YOLO11, YOLO12 or YOLO26"},
    {"PSABlock", "YOLO11, YOLO12 or YOLO26"},
    {"DWConv", "YOLO11"},
    {"A2C2f", "YOLO12"},
    {"AAttn", "YOLO12"},
    {"ABlock", "YOLO12"},
    {"SCDown", "YOLOv10"},
    {"C2fCIB", "YOLOv10"},
    {"CIB", "YOLOv10"},
    {"PSA", "YOLOv10"},
    {"v10Detect", "YOLOv10"},
    {"YOLOv10DetectionModel", "YOLOv10"},
    {"RTDETRDecoder", "RT-DETR"},
    {"RTDETRDetectionModel", "RT-DETR"},
    {"SegmentationModel", "YOLO segmentation"},
    {"ClassificationModel", "YOLO classification"},
    {"OBBModel", "YOLO oriented-box"},
    {"WorldModel", "YOLO-World"},
    {"C2fAttn", "YOLO-World"},
    {"YOLOEModel", "YOLOE"},
    {"Pose26", "YOLO26"},
    {"C2", "YOLOv8-P6"},
}};

std::string_view last_part(std::string_view name) { return name.substr(name.rfind('.') + 1); }

bool is_ultralytics(std::string_view name) { return name.starts_with("ultralytics."); }

}  // namespace

bool is_known_name(std::string_view name) {
  const auto in = [](const auto& list, std::string_view n) {
    return std::find(list.begin(), list.end(), n) != list.end();
  };
  if (!is_ultralytics(name)) return in(kNames, name);
  return in(kUltralytics, last_part(name)) || find_block(last_part(name)) != nullptr;
}

std::string_view foreign_family(std::string_view name) {
  if (name.starts_with("models.")) return "YOLOv5 or YOLOv7 (of its own repository)";
  if (name.ends_with(".ZeroPad2d")) return "YOLOv3-tiny";
  if (name.ends_with(".ConvTranspose2d")) return "YOLOv6 or segmentation";
  if (!is_ultralytics(name)) return "";
  const auto found = std::find_if(kFamilies.begin(), kFamilies.end(),
                                  [&](const auto& f) { return f.first == last_part(name); });
  return found == kFamilies.end() ? "" : found->second;
}

}  // namespace octet
