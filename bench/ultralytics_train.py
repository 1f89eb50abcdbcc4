"""Trains a checkpoint with Ultralytics' defaults and prints one JSON object. A separate program, used by compare_train.py."""
import json
import sys
import time

from ultralytics import YOLO

model, data, epochs, imgsz, batch, folder = sys.argv[1:7]
spent = []


def begin(trainer):
    trainer.octet_began = time.perf_counter()


def end(trainer):
    spent.append((time.perf_counter() - trainer.octet_began, len(trainer.train_loader.dataset)))


yolo = YOLO(model)
yolo.add_callback("on_train_epoch_start", begin)
yolo.add_callback("on_train_epoch_end", end)
began = time.perf_counter()
yolo.train(data=data, epochs=int(epochs), imgsz=int(imgsz), batch=int(batch), project=folder, name="theirs", exist_ok=True, device="cpu", plots=False, verbose=False)
print(json.dumps({
    "images_per_second": sum(images for _, images in spent) / sum(seconds for seconds, _ in spent),
    "seconds": time.perf_counter() - began,
    "model": str(yolo.trainer.best),
}))
