#include "train/quantize/quantize_raw.h"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "app/octet_train/quantize_command.h"
#include "app/octet_train/verbs.h"
#include "app/print_json.h"
#include "core/error.h"
#include "core/log.h"
#include "core/text/count_text.h"
#include "format/model_file.h"
#include "train/loop/run_folder.h"
#include "train/report/quantize_report.h"

namespace octet {
namespace {

constexpr double kPercent = 100;
constexpr std::array kOfLabels{"--imgsz",    "--rank-layers",    "--rank-by-map",  "--keep-float",
                               "--max-drop", "--feature-weight", "--label-weight", "--scale-lr"};

void refuse_options_of_labels(const CLI::App& verb, const std::string& model) {
  for (const char* option : kOfLabels) {
    if (verb.count(option) > 0)
      fail_usage("{}: is for YOLO models; {} is a network with raw outputs", option, model);
  }
}

// Sets what was not given, also where the report reads it.
template <typename T>
void set_default(CLI::App& verb, const char* name, T& value, T usual) {
  CLI::Option* option = verb.get_option(name);
  if (option->count() > 0) return;
  value = usual;
  option->default_str(fmt::format("{}", usual));
}

// Few pictures have to be seen more often.
int usual_epochs(size_t crops, int64_t batch) {
  const auto together = static_cast<size_t>(batch);
  const size_t batches = std::max<size_t>(1, (crops + together - 1) / together);
  return std::clamp(kRawSteps / static_cast<int>(std::min<size_t>(batches, kRawSteps)),
                    kLeastRawEpochs, kMostRawEpochs);
}

// Small networks learn from few pictures. Scales stay as calibrated. Beside one that moves, scales of
// channels jump by some percent, to what engines round alike (quant/rounding_safe_scales.h). These
// networks lose more by that than they learn.
void set_raw_defaults(CLI::App& verb, QuantizeOptions& q) {
  TrainOptions& t = q.qat.train;
  q.qat.learn_scales = false;
  set_default(verb, "--batch", t.batch, kRawBatch);
  set_default(verb, "--lr", t.learning_rate, kRawRate);
  t.warmup_epochs = 1;
  t.augment = {.mosaic = 0,
               .scale = 0.15,
               .translate = 0.05,
               .hue = 0.015,
               .saturation = 0.4,
               .value = 0.3,
               .mirror = 0.5,
               .mixup = 0};
}

ReportedOptions used_options(const CLI::App& verb) {
  ReportedOptions options = reported_options(verb);
  std::erase_if(options.defaults, [](const auto& option) {
    return std::find(kOfLabels.begin(), kOfLabels.end(), option.first) != kOfLabels.end();
  });
  return options;
}

nlohmann::ordered_json to_json(const QuantizeCommand& o, const RawQuantizeResult& r,
                               int64_t skipped) {
  nlohmann::ordered_json j{{"output", o.output},
                           {"method", o.method},
                           {"images", r.calibration.pictures},
                           {"evaluated", r.judged},
                           {"skipped", skipped},
                           {"epochs", r.training ? r.training->epochs_done : 0},
                           {"best_epoch", r.training ? r.training->best_epoch : 0},
                           {"seconds", r.training ? r.training->seconds : 0}};
  auto& outputs = j["outputs"] = nlohmann::ordered_json::array();
  for (const OutputDistances& d : r.outputs)
    outputs.push_back({{"name", d.name}, {"ptq", d.ptq}, {"distance", d.after}});
  if (const auto& a = r.agreement) {
    nlohmann::ordered_json& to = j["agreement"];
    to = {{"persons", a->persons}, {"keypoints", a->keypoints}};
    if (a->oks) to["oks"] = *a->oks;
    to["median"] = a->median;
    to["p95"] = a->p95;
  }
  j["weight_bits"] = r.model.quantization.weight_grid.bits;
  j["even_weights"] = r.model.quantization.weight_grid.even;
  return j;
}

void report(const QuantizeCommand& o, const CLI::App& verb, const RawQuantizeResult& r) {
  double ptq = 0, after = 0;
  for (const OutputDistances& d : r.outputs) {
    ptq += d.ptq;
    after += d.after;
  }
  const std::filesystem::path page = o.run_folder() / "report.html";
  write_raw_quantize_report(page, {.result = r,
                                   .facts = {{"model", o.model + ", " + size_text(o.model)},
                                             {"int8 model", o.output + ", " + size_text(o.output)},
                                             {"data", o.data},
                                             {"octet", OCTET_VERSION}},
                                   .options = used_options(verb)});
  log_info("distance from the float network: calibrated {:.4f}, result {:.4f}: {}; report: {}", ptq,
           after, o.output, page.string());
  if (const auto& a = r.agreement)
    log_info(
        "keypoints of {} as those of the float network: {}{:.2f} % of the crop apart in the "
        "median, {:.2f} % at the 95th percentile",
        counted(a->persons, "person"), a->oks ? fmt::format("OKS {:.4f}, ", *a->oks) : "",
        a->median * kPercent, a->p95 * kPercent);
}

}  // namespace

void quantize_raw_outputs(QuantizeCommand& o, CLI::App& verb, const Model& model) {
  refuse_options_of_labels(verb, o.model);
  set_raw_defaults(verb, o.quantize);
  if (!model.quantization.empty())
    fail("{}: is an int8 model; give the float model that it was made of", o.model);
  DatasetParts data = read_raw_data(o.data, o.strict);
  const EmptyFolder folder(o.run_folder());
  const RunFolder run_folder = prepare_run(o, model);
  const RawPictures pictures = raw_pictures(std::move(data), o.data, model.info, o.strict);
  remove_earlier_run(run_folder);
  TrainOptions& t = o.quantize.qat.train;
  set_default(verb, "--epochs", t.epochs, usual_epochs(pictures.training.size(), t.batch));
  const RawQuantizeResult r = quantize_raw(model, pictures, o.quantize);
  if (r.training && r.training->interrupted)
    fail("interrupted; the same command with --resume continues from {}",
         (o.run_folder() / "last.safetensors").string());
  write_model_file(o.output, r.model, StorageKind::kF32);
  report(o, verb, r);
  if (o.json) print_json(to_json(o, r, pictures.skipped));
}

}  // namespace octet
