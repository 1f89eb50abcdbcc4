"""Writes test checkpoints with the installed Ultralytics: tiny ones for the tests (--tiny DIR, --families DIR) or the five sizes (--full DIR).

A separate program that uses Ultralytics as a yardstick; it is not part of octet and nothing of it is needed to build or run octet.
Run it once with Ultralytics 8.0.x and once with 8.4.x; the version becomes part of the names.
Random weights, BatchNorm statistics too, so that every part of a reader matters. Beside each tiny checkpoint lies NAME.json: the
network's outputs (box and class logits before decoding, decoded boxes) at a few cells for a fixed input, as computed by Ultralytics.
"""
import argparse, copy, json, os, pathlib, sys
import torch, yaml
import ultralytics
from ultralytics.nn.tasks import DetectionModel
from ultralytics import __version__

try:
    from ultralytics.nn.tasks import PoseModel
except ImportError:
    PoseModel = None

HEADS = {"detect": "yolov8", "pose": "yolov8-pose"}
# Arguments of a block of YOLOv9 that count channels; they are divided for a tiny network.
CHANNELS = {"Conv": 1, "ELAN1": 3, "AConv": 1, "ADown": 1, "RepNCSPELAN4": 3, "SPPELAN": 2}


def model_config(task):
    root = pathlib.Path(ultralytics.__file__).parent
    found = sorted(root.rglob(HEADS[task] + ".yaml"))
    if not found:
        found = sorted(root.rglob(HEADS[task] + "n.yaml"))
    return yaml.safe_load(found[0].read_text())


def build(task, scale, classes, keypoints, custom_scales=None):
    config = model_config(task)
    config["nc"] = classes
    if custom_scales:
        config["scales"] = custom_scales
        config["depth_multiple"], config["width_multiple"], _ = custom_scales[scale]  # the layout before 8.0.60
    config["scale"] = scale
    if task == "pose":
        config["kpt_shape"] = list(keypoints)
        model = PoseModel(config, ch=3, nc=classes, data_kpt_shape=tuple(keypoints), verbose=False)
    else:
        model = DetectionModel(config, ch=3, nc=classes, verbose=False)
    model.names = {i: f"class {i}" for i in range(classes)}
    model.args = {"imgsz": 640, "task": task}
    return model


def build_family(name, classes):
    """A tiny network of another family: yolov5 by its scales, yolov9t and yolov9c with an eighth or a thirty-second of the channels."""
    root = pathlib.Path(ultralytics.__file__).parent
    config = yaml.safe_load(next(iter(sorted(root.rglob(name + ".yaml")))).read_text())
    config["nc"] = classes
    if "scales" in config:
        config["scales"], config["scale"] = {"t": [0.33, 0.01, 1024]}, "t"
    else:
        divisor = 32 if name.endswith("c") else 8
        for layer in config["backbone"] + config["head"]:
            for i in range(CHANNELS.get(layer[2], 0)):
                layer[3][i] = max(8, layer[3][i] // divisor)
    model = DetectionModel(config, ch=3, nc=classes, verbose=False)
    model.names = {i: f"class {i}" for i in range(classes)}
    model.args = {"imgsz": 640, "task": "detect"}
    return model


def families(folder):
    for name in ("yolov5", "yolov9t", "yolov9c"):
        model = build_family(name, 3)
        randomize(model, 7)
        model = model.eval().half()
        answer = expected(model)
        for p in model.parameters():
            p.requires_grad = False
        path = folder / f"v{__version__}-{name}-half.pt"
        save(model, path, False)
        path.with_suffix(".json").write_text(json.dumps(answer))
        print(path.stem, os.path.getsize(path))


def randomize(model, seed):
    torch.manual_seed(seed)
    for module in model.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            n = module.num_features
            module.running_mean.copy_(torch.randn(n) * 0.1)
            module.running_var.copy_(torch.rand(n) + 0.5)
            with torch.no_grad():
                module.weight.copy_(torch.rand(n) + 0.5)
                module.bias.copy_(torch.randn(n) * 0.1)


def test_input(size=64):
    """A picture that any program can make: uint8 NHWC (1, size, size, 3), value (7x + 13y + 29c + xy) mod 256."""
    y, x, c = torch.meshgrid(torch.arange(size), torch.arange(size), torch.arange(3), indexing="ij")
    return ((7 * x + 13 * y + 29 * c + x * y) % 256).to(torch.float32).permute(2, 0, 1)[None] / 255


def save(model, path, ema):
    checkpoint = {"epoch": -1, "best_fitness": None, "model": None if ema else model, "ema": model if ema else None,
                  "updates": None, "optimizer": None, "train_args": {"imgsz": 640}, "date": "2026-11-24", "version": __version__}
    torch.save(checkpoint, path)


def expected(model):
    model = copy.deepcopy(model).float().eval()
    with torch.no_grad():
        out = model(test_input())
    decoded = out[0] if isinstance(out, (tuple, list)) else out
    return {"decoded_shape": list(decoded.shape), "decoded": [[round(v, 5) for v in row] for row in decoded[0, :, ::7].T.tolist()]}


def tiny(folder):
    cases = [("detect", 3, None, False, False, False), ("detect", 2, None, True, True, True),
             ("pose", 1, (17, 3), True, False, True), ("pose", 2, (5, 2), True, True, False)]
    for task, classes, keypoints, half, fused, ema in cases:
        if task == "pose" and PoseModel is None:
            continue
        model = build(task, "t", classes, keypoints, {"t": [0.33, 0.01, 1024]})
        randomize(model, 7)
        model.eval()
        model.stride = model.stride if hasattr(model, "stride") else torch.tensor([8.0, 16.0, 32.0])
        if fused:
            with torch.no_grad():
                model = model.fuse()
        if half:
            model = model.half()
        name = f"v{__version__}-{task}{classes}" + ("-half" if half else "") + ("-fused" if fused else "") + ("-ema" if ema else "")
        answer = expected(model)
        for p in model.parameters():
            p.requires_grad = False
        save(model, folder / (name + ".pt"), ema)
        (folder / (name + ".json")).write_text(json.dumps(answer))
        print(name, os.path.getsize(folder / (name + ".pt")))


def full(folder):
    for task in HEADS:
        if task == "pose" and PoseModel is None:
            continue
        for scale in "nsmlx":
            for fused in (False, True):
                model = build(task, scale, 80 if task == "detect" else 1, (17, 3)).eval()
                if fused:
                    with torch.no_grad():
                        model = model.fuse()
                save(model.half(), folder / f"v{__version__}-{task}-{scale}{'-fused' if fused else ''}.pt", False)


parser = argparse.ArgumentParser()
parser.add_argument("--tiny", type=pathlib.Path)
parser.add_argument("--families", type=pathlib.Path)
parser.add_argument("--full", type=pathlib.Path)
args = parser.parse_args()
for folder, write in ((args.tiny, tiny), (args.families, families), (args.full, full)):
    if folder:
        folder.mkdir(parents=True, exist_ok=True)
        write(folder)
