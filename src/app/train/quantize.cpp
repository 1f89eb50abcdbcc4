#include <memory>
#include <nlohmann/json.hpp>
#include <torch/torch.h>

#include "app/train/verbs.h"
#include "core/error.h"
#include "core/file.h"
#include "core/log.h"
#include "core/process.h"
#include "core/size.h"
#include "format/model_file.h"
#include "graph/passes/passes.h"
#include "train/calibrate.h"
#include "train/evaluate.h"
#include "train/qat.h"

namespace octet {
namespace {
struct Options { std::string model, data, out="int8.safetensors", size="640"; int bits=8; int epochs=4, batch=8; double lr=1e-4, rs=1, decay=0.95, labels=0, mosaic=0; uint64_t seed=0; };
void run(Options& o) {
  install_stop_signals();
  const int side = SizeOption::parse(o.size).size.width;
  const Dataset training = read_dataset(o.data, {.split = "train"});
  const Dataset validation = read_dataset(o.data, {.split = "val"});
  Model model = read_model(o.model);
  model.graph = fold_batch_norm(model.graph);
  const Placement p = place_quantizers(model.graph);
  CalibrationOptions co{.side=side,.weight_bits=o.bits};
  auto c = calibrate(model, p, training, co);
  for (auto& g : c.groups) fmt::print(stderr, "{:40} {:14} seen {:8.3f} {:8.3f} range {:8.3f} {:8.3f}  {:.5f} {}\n", g.values.front(), range_method_name(g.method), g.seen.low, g.seen.high, g.range.low, g.range.high, g.distance, g.values.size());
  QuantizedNetwork net(model, p, c.scales);
  auto fwd=[&](const torch::Tensor& x){ torch::NoGradGuard g; return net.forward(x);};
  auto e = evaluate(fwd, model, validation, {side,side});
  fmt::print("ptq without correction {:.4f} {:.4f}\n", e.boxes.map50_95, e.keypoints.map50_95);

  QatOptions q; q.train.side=side; q.train.epochs=o.epochs; q.train.batch=o.batch; q.train.optimizer=getenv("SGD")?OptimizerKind::kSgd:OptimizerKind::kAdamW; q.frozen_part=0.25; q.train.learning_rate=o.lr; q.train.rate_of_scales=o.rs; q.train.cosine=true; q.train.warmup_epochs=0.5; q.train.weight_decay=0; q.train.momentum=0.9; q.train.average={.decay=o.decay,.ramp=10}; q.train.seed=o.seed; q.train.folder=o.out+".run"; q.labels=o.labels; q.train.augment.mosaic=o.mosaic; q.train.augment.scale=0.3;
  make_folder(q.train.folder);
  auto sum = train_quantized(net, model, training, validation, q);
  net.freeze_scales();
  write_model_file(o.out, net.model(), StorageKind::kF32);
}
}
void add_quantize(CLI::App& root) {
  auto options = std::make_shared<Options>();
  CLI::App* verb = root.add_subcommand("quantize", "q");
  verb->add_option("--model", options->model, "")->required();
  verb->add_option("--data", options->data, "")->required();
  verb->add_option("--imgsz", options->size, "");
  verb->add_option("--weight-bits", options->bits, "");
  verb->add_option("-o", options->out, "");
  verb->add_option("--epochs", options->epochs, "");
  verb->add_option("--batch", options->batch, "");
  verb->add_option("--lr", options->lr, "");
  verb->add_option("--rs", options->rs, "");
  verb->add_option("--decay", options->decay, "");
  verb->add_option("--labels", options->labels, "");
  verb->add_option("--seed", options->seed, "");
  verb->add_option("--mosaic", options->mosaic, "");
  verb->callback([options] { run(*options); });
}
}
