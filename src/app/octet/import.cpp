#include <memory>

#include "app/octet/verbs.h"
#include "core/error.h"
#include "core/log.h"
#include "format/checkpoint/checkpoint.h"
#include "format/model_file.h"
#include "graph/cost.h"
#include "model/passes/passes.h"

namespace octet {
namespace {

struct Options {
  std::string checkpoint;
  std::string output;
  bool half = false;
};

void run(const Options& options) {
  const Model model = read_checkpoint(options.checkpoint);
  std::filesystem::path output = options.output;
  if (output.empty())
    output = std::filesystem::path(options.checkpoint).replace_extension(".safetensors");
  std::error_code missing;
  if (std::filesystem::equivalent(output, options.checkpoint, missing))
    fail_usage("-o {}: is the checkpoint itself; name another file", output.string());
  write_model_file(output, model, options.half ? StorageKind::kF16 : StorageKind::kF32);
  const int side = model.info.usual_side();
  const Cost total = cost(fold_batch_norm(model).graph, {side, side});
  log_info("{}: {} model of {} classes, {:.1f} M parameters, {:.1f} GFLOPs at {}", output.string(),
           task_name(model.info.task), model.info.names.size(),
           static_cast<double>(total.parameters) / 1e6, total.gflops, side);
}

}  // namespace

void add_import(CLI::App& root) {
  auto options = std::make_shared<Options>();
  CLI::App* verb =
      root.add_subcommand("import", "read an Ultralytics checkpoint (.pt) into octet's model file");
  verb->add_option("checkpoint", options->checkpoint, "a YOLOv8 detection or pose checkpoint")
      ->required();
  verb->add_option("-o,--output", options->output,
                   "model file to write; default: beside the checkpoint, as .safetensors");
  verb->add_flag("--half", options->half,
                 "keep convolution weights in half precision: half the size");
  verb->callback([options] { run(*options); });
}

}  // namespace octet
