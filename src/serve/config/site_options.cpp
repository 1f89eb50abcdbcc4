#include <fmt/ranges.h>

#include <sstream>

#include "serve/config/option_groups.h"

namespace octet {
namespace {

using C = LiveConfig;

Option<C> hide_option() {
  return {{.key = "collect.hide",
           .help = "Zones that are made black in collected images, joined by commas."},
          [](const C& c) { return fmt::format("{}", fmt::join(c.site.collect.hide, ",")); },
          [](C& c, const std::string& text) {
            c.site.collect.hide.clear();
            std::istringstream names(text);
            for (std::string name; std::getline(names >> std::ws, name, ',');)
              c.site.collect.hide.push_back(name);
          }};
}

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
      {hide_option()},
  };
}

}  // namespace octet
