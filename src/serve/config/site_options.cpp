#include "serve/config/option_groups.h"

namespace octet {
namespace {

using C = LiveConfig;

constexpr double kMegabyte = 1e6;

}  // namespace

std::vector<LiveOption> site_options() {
  using enum TakesEffect;
  return {
      {text_option<C>(
           {.key = "drift",
            .flag = "--drift",
            .help = "File of the usual look of each camera. octet learns it in the first minutes, "
                    "and warns when a camera looks other than that and stays so."},
           [](auto& c) -> auto& { return c.site.drift; }),
       kNextStart, Needs::kWatch},
      {text_option<C>(
           {.key = "collect.folder",
            .flag = "--collect",
            .help = "Folder for images from which the model can learn, with their detections as "
                    "labels."},
           [](auto& c) -> auto& { return c.site.collect.folder; }),
       kNextStart, Needs::kWatch},
      {number_option<C>(
          {.key = "collect.keep",
           .help = "Number of collected images that are kept.",
           .range = {1, 1e6}},
          [](auto& c) -> auto& { return c.site.collect.keep; })},
      {number_option<C>(
          {.key = "collect.per-day",
           .help = "Number of images that are collected in a day, at most.",
           .range = {1, 1e6}},
          [](auto& c) -> auto& { return c.site.collect.per_day; })},
      {converted_option<C>(
          {.key = "collect.max-mb",
           .help = "Megabytes that the folder may have.",
           .kind = OptionKind::kInteger,
           .range = {1, 1e6}},
          [](const C& c) { return static_cast<double>(c.site.collect.max_bytes) / kMegabyte; },
          [](C& c, double megabytes) {
            c.site.collect.max_bytes = static_cast<int64_t>(megabytes * kMegabyte);
          })},
  };
}

}  // namespace octet
