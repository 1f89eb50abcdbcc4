#!/usr/bin/env python3
"""pruning.py WORK DATA MODEL: what pruning costs and gains, in int8.

DATA is a data.yaml with val and test, MODEL a checkpoint. All trainings are at --side. For each seed: the model is trained for half of --epochs (base) and for all of
them (whole). The base is pruned to each speedup and trained for the other half. The whole model is also trained at each of --inputs. All are quantized.
All seeds but the first have the first speedup and the first input alone.
Accuracy is that of int8 in OpenVINO on val and test together, against the whole model at --side. Times are of all models in turn. Every step keeps its result in WORK,
and the same command goes on where it stopped, inside a training as well. Writes WORK/table.json and prints the table.
pruning.py --self-test checks how steps go on.
"""
import argparse
import json
import pathlib
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
OCTET = ROOT / "build/bin/octet"


class Steps:
    def __init__(self, work, program=OCTET):
        self.work, self.program = work, program
        self.results = {}  # the JSON of each step
        work.mkdir(parents=True, exist_ok=True)

    def run(self, name, *arguments, state=None):
        """The JSON that octet prints; kept beside the arguments. A step that stopped and left the file `state` is resumed."""
        kept, begun = self.work / f"{name}.json", self.work / f"{name}.begun"
        arguments = [str(a) for a in arguments]
        if not kept.exists():
            resumes = state is not None and state.exists() and begun.exists() and json.loads(begun.read_text()) == arguments
            begun.write_text(json.dumps(arguments))
            line = ["--resume" if resumes and a == "--overwrite" else a for a in arguments]
            print("octet", *line, flush=True)
            with open(self.work / f"{name}.log", "a" if resumes else "w", encoding="utf-8") as log:
                out = subprocess.run([self.program, *line, "--json"], check=True, stdout=subprocess.PIPE, stderr=log).stdout
            kept.write_text(json.dumps({"arguments": arguments, "result": json.loads(out)}))
        step = json.loads(kept.read_text())
        if step.get("arguments") != arguments:
            sys.exit(f"{kept}: was made with other arguments; remove it, or name another WORK")
        self.results[name] = step["result"]
        return step["result"]


def both_parts(data, work):
    """A data.yaml whose val is val and test."""
    text = data.read_text().splitlines()
    parts = {key: value.strip() for key, _, value in (line.partition(":") for line in text)}
    root = data.parent / parts.get("path", "")
    lines = []
    for line in text:
        key = line.partition(":")[0]
        if key == "val":
            lines.append(f"val: [{root / parts['val']}, {root / parts['test']}]")
        elif key == "train":
            lines.append(f"train: {root / parts['train']}")
        elif key not in ("path", "test"):
            lines.append(line)
    file = work / "both.yaml"
    file.write_text("\n".join(lines) + "\n")
    return file


def train(steps, name, data, model, side, epochs, seed, *more):
    steps.run(name, "train", "--model", model, "--data", data, "--imgsz", side, "--epochs", epochs, "--seed", seed, "-o", steps.work / name, "--overwrite",
              *more, state=steps.work / name / "last.safetensors")
    return steps.work / name / "best.safetensors"


def quantize(steps, name, data, seed):
    out = steps.work / f"{name}-int8.safetensors"
    steps.run(f"{name}-int8", "quantize", "--model", steps.work / name / "best.safetensors", "--data", data, "--seed", seed, "-o", out, "--overwrite",
              state=steps.work / f"{name}-int8-run" / "last.safetensors")
    return out


def self_test():
    """A program in place of octet stops in the middle the first time, and prints its arguments the second."""
    with tempfile.TemporaryDirectory() as folder:
        work = pathlib.Path(folder)
        program, state = work / "octet", work / "last.safetensors"
        program.write_text(f"#!/bin/sh\n[ -e {state} ] || {{ touch {state}; exit 1; }}\necho \"{{\\\"a\\\": \\\"$*\\\"}}\"\n")
        program.chmod(0o700)

        def stopped(name, *arguments):
            state.unlink(missing_ok=True)
            try:
                Steps(work, program).run(name, *arguments, state=state)
            except subprocess.CalledProcessError:
                return
            sys.exit("the step did not stop")

        stopped("same", "train", "--overwrite", 1)
        assert Steps(work, program).run("same", "train", "--overwrite", 1, state=state)["a"] == "train --resume 1 --json"
        stopped("other", "train", "--overwrite", 1)
        assert Steps(work, program).run("other", "train", "--overwrite", 2, state=state)["a"] == "train --overwrite 2 --json"
        assert Steps(work, program).run("new", "train", "--overwrite", 1, state=state)["a"] == "train --overwrite 1 --json"
    print("pruning: self-test passed")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("work", type=pathlib.Path)
    parser.add_argument("data", type=pathlib.Path)
    parser.add_argument("model")
    parser.add_argument("--side", type=int, default=320)
    parser.add_argument("--epochs", type=int, default=60)
    parser.add_argument("--speedups", default="1.5,1.3,2")
    parser.add_argument("--inputs", default="256,224")
    parser.add_argument("--seeds", default="0")
    parser.add_argument("--options", default="", help="more options of octet prune")
    o = parser.parse_args()
    data = o.data.resolve()
    steps = Steps(o.work.resolve())
    both = both_parts(data, steps.work)
    rows, files = [], []
    speedups, inputs = o.speedups.split(","), o.inputs.split(",")
    for seed in o.seeds.split(","):
        base = train(steps, f"base-{seed}", data, o.model, o.side, o.epochs // 2, seed)
        names = [f"whole-{seed}"]
        for speedup in speedups:
            names.append(f"pruned-{speedup}-{seed}")
            steps.run(names[-1], "prune", "--model", base, "--data", data, "--imgsz", o.side, "--speedup", speedup, "--epochs", o.epochs - o.epochs // 2,
                      "--seed", seed, "-o", steps.work / names[-1], "--overwrite", *o.options.split(),
                      state=steps.work / names[-1] / "choice.json")
        train(steps, names[0], data, o.model, o.side, o.epochs, seed)
        for side in inputs:
            names.append(f"input-{side}-{seed}")
            train(steps, names[-1], data, o.model, side, o.epochs, seed)
        whole = None
        for name in names:
            int8 = quantize(steps, name, data, seed)
            whole = whole or int8
            accuracy = steps.run(f"{name}-val", "val", "--model", int8, "--data", both, "--against", whole)
            of_float = steps.results[name]
            figures = of_float.get("after", {})  # of a pruned model
            predicted = of_float["rounds"][-1]["share"] * of_float["before"]["ms"] if "ms" in figures else None
            rows.append({"name": name, "float_val": figures.get("map50_95", of_float.get("map50_95")), "int8": accuracy["map50_95"], "drop": accuracy["against"]["drop"],
                         "drop_95": accuracy["against"]["drop_95"], "predicted_ms": predicted, "gflops": figures.get("gflops"),
                         "parameters": figures.get("params"), "bytes": int8.stat().st_size})
            files.append(int8)
        speedups, inputs = speedups[:1], inputs[:1]
    bench = steps.run(f"bench-{len(files)}", "bench", "--model", *files, "--engine", "openvino,tflite", "--rounds", 5, "--seconds", 2)["rows"]
    for row in rows:
        times = {b["engine"].split()[0]: b["ms_p50"] for b in bench if pathlib.Path(b["model"]).name == f"{row['name']}-int8.safetensors"}
        row["ms"] = times
    (steps.work / "table.json").write_text(json.dumps(rows, indent=1))
    for row in rows:
        times = ", ".join(f"{engine} {ms:.2f} ms" for engine, ms in row["ms"].items())
        print(f"{row['name']:18} float {row['float_val']:.4f}  int8 {row['int8']:.4f}  drop {row['drop']:+.4f} [{row['drop_95'][0]:+.4f}, {row['drop_95'][1]:+.4f}]  {times}")


if __name__ == "__main__":
    if sys.argv[1:] == ["--self-test"]:
        self_test()
    else:
        main()
